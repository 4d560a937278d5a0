"""What the service counts and says, and how long what took."""

import io
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from keel.project.errors import UserError
from keel.project.task import Classes, Number, YesNo
from keel.serving.serve import set_up_logging
from keel.serving.telemetry import Metrics
from keel.show import traceparent, tracing
from keel.show.spans import File, provider

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLER = f"00-{TRACE}-{SPAN}-01"


def passport(**training: Any) -> dict[str, Any]:
    """That of a model of the second day of all time."""
    return {"trained_at": "1970-01-02T00:00:00+00:00", "training": training}


def figures(version: str = "0123", **training: Any) -> Metrics:
    """Those of a model that says yes or no."""
    return Metrics(YesNo("late"), version, passport(**training))


def shown(metrics: Metrics, name: str) -> dict[str, float]:
    """The values of a series by its labels."""
    found = re.findall(rf"^{name}(?:{{(.*)}})? (.*)$", metrics.expose().decode(), re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def spans(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What is logged, as a machine reads it."""
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    set_up_logging(stream)
    yield stream
    structlog.reset_defaults()
    logging.basicConfig(handlers=before, force=True)


def test_requests_are_counted_by_route_and_status() -> None:
    metrics = figures()

    metrics.request("/predict", 200, 0.004)
    metrics.request("/predict", 200, 0.04)

    assert shown(metrics, "http_requests_total")['route="/predict",status="200"'] == 2
    took = shown(metrics, "http_request_duration_seconds_bucket")
    assert took['le="0.005",route="/predict"'] == 1


def test_what_clients_make_up_adds_no_series() -> None:
    metrics = figures()

    for number in range(50):
        metrics.request(f"/wp-admin/{number}", 404, 0.001)

    counted = shown(metrics, "http_requests_total")
    assert counted['route="other",status="404"'] == 50
    assert not any("wp-admin" in labels for labels in counted)


def test_errors_have_a_0_before_the_first_one() -> None:
    assert shown(figures(), "http_requests_total")['route="/predict",status="500"'] == 0


def test_predictions_are_counted_by_their_probability() -> None:
    metrics = figures()

    metrics.predictions(
        [{"probability": 0.05}, {"probability": 0.95}], {"pressure": 1}, {"carrier": 2, "origin": 0}
    )

    assert shown(metrics, "prediction_probability_bucket")['le="0.1"'] == 1
    assert shown(metrics, "prediction_missing_values_total") == {'column="pressure"': 1}
    unseen = {'column="carrier"': 2.0, 'column="origin"': 0.0}
    assert shown(metrics, "prediction_unseen_categories_total") == unseen


def test_the_model_is_told_with_what_its_training_was_like() -> None:
    metrics = figures("0123", share_positive=0.25, missing={"pressure": 0.1})

    assert shown(metrics, "model_info") == {'version="0123"': 1}
    assert shown(metrics, "model_trained_timestamp_seconds") == {"": 86400}
    assert shown(metrics, "model_training_positive_ratio") == {"": 0.25}
    assert shown(metrics, "model_training_missing_ratio") == {'column="pressure"': 0.1}


def test_numbers_are_counted_by_the_quantiles_of_the_labels_that_were_learnt_from() -> None:
    quantiles = {"q05": 0.0, "q25": 0.0, "q50": 10.0, "q75": 20.0, "q95": 30.0}
    metrics = Metrics(Number("price"), "0123", passport(mean=12.0, **quantiles))

    metrics.predictions([{"prediction": 15.0}, {"prediction": 1_000.0}], {}, {})

    counted = {"0.0": 0, "10.0": 0, "20.0": 1, "30.0": 1, "+Inf": 2}
    buckets = {f'le="{border}"': count for border, count in counted.items()}
    assert shown(metrics, "prediction_value_bucket") == buckets
    assert shown(metrics, "predictions_total") == {"": 2}
    assert shown(metrics, "model_training_label")['quantile="0.05"'] == 0
    assert shown(metrics, "model_training_positive_ratio") == {}


def test_classes_are_counted_each_also_before_the_first_one() -> None:
    metrics = Metrics(Classes("kind", ("a", "b")), "0123", passport(shares={"a": 0.7, "b": 0.3}))

    metrics.predictions([{"prediction": "a", "probabilities": {"a": 0.8, "b": 0.2}}], {}, {})

    assert shown(metrics, "predictions_total") == {'class="a"': 1, 'class="b"': 0}
    assert shown(metrics, "prediction_probability_sum") == {'class="a"': 0.8, 'class="b"': 0.2}
    assert shown(metrics, "prediction_confidence_bucket")['le="0.8"'] == 1
    assert shown(metrics, "model_training_class_ratio") == {'class="a"': 0.7, 'class="b"': 0.3}


def test_a_disk_that_is_full_fails_nobody(said: io.StringIO) -> None:
    said.close()

    structlog.get_logger().info("answered")


def test_an_event_names_its_request_and_its_trace(said: io.StringIO, tmp_path: Path) -> None:
    with (
        tracing.recording(tmp_path / "traces.jsonl", CALLER),
        tracing.span("work"),
        structlog.contextvars.bound_contextvars(request="abc"),
    ):
        structlog.get_logger().info("answered", status=200)

    event = json.loads(said.getvalue())
    assert (event["event"], event["request"], event["trace_id"]) == ("answered", "abc", TRACE)


def test_what_libraries_log_goes_the_same_way(said: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("it is %s", "late")

    event = json.loads(said.getvalue())
    assert (event["event"], event["level"]) == ("it is late", "warning")


def test_an_error_is_logged_without_the_values_of_variables(said: io.StringIO) -> None:
    personal = "born 1970-01-01"
    try:
        int(personal[:4] + "x")
    except ValueError:
        structlog.get_logger().exception("failed")

    assert "ValueError" in said.getvalue()
    assert personal not in said.getvalue()


def test_spans_belong_to_the_one_of_the_caller(tmp_path: Path) -> None:
    file = tmp_path / "reports/traces.jsonl"

    with tracing.recording(file, CALLER), tracing.span("outer", rows=3), tracing.span("inner"):
        pass

    inner, outer = spans(file)
    assert outer["parent_id"] == f"0x{SPAN}"
    assert inner["parent_id"] == outer["context"]["span_id"]
    assert outer["context"]["trace_id"] == f"0x{TRACE}"
    assert outer["attributes"] == {"rows": 3}


@pytest.mark.parametrize("broken", ["", "nonsense", "00-0-0-00"])
def test_a_caller_that_can_not_be_read_is_no_caller(tmp_path: Path, broken: str) -> None:
    with tracing.recording(tmp_path / "traces.jsonl", broken), tracing.span("work"):
        pass

    assert spans(tmp_path / "traces.jsonl")[0]["parent_id"] is None


def test_a_span_says_what_failed_in_it(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="broken"),
        tracing.recording(tmp_path / "traces.jsonl"),
        tracing.span("work"),
    ):
        raise ValueError("broken")

    (span,) = spans(tmp_path / "traces.jsonl")
    assert span["status"]["status_code"] == "ERROR"


def test_a_span_that_nobody_records_is_nothing(tmp_path: Path) -> None:
    with tracing.span("work"):
        pass

    assert list(tmp_path.iterdir()) == []


def test_processes_are_one_trace(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"

    with (
        tracing.processes("run", file),
        tracing.recording(file, os.environ[traceparent.VARIABLE]),
        tracing.span("stage"),
    ):
        pass

    stage, whole = spans(file)
    assert stage["parent_id"] == whole["context"]["span_id"]
    assert stage["context"]["trace_id"] == whole["context"]["trace_id"]
    assert whole["start_time"] <= stage["start_time"]


def test_processes_that_had_nothing_to_do_leave_no_trace(tmp_path: Path) -> None:
    with tracing.processes("run", tmp_path / "traces.jsonl"):
        pass

    assert not (tmp_path / "traces.jsonl").exists()


def test_the_file_of_spans_stays_within_bounds(tmp_path: Path) -> None:
    with provider(tmp_path / "one.jsonl") as tracers:
        tracers.get_tracer("test").start_span("work").end()
    length = (tmp_path / "one.jsonl").stat().st_size
    file = tmp_path / "many.jsonl"

    for _ in range(20):
        with provider(tmp_path / "unused.jsonl") as tracers:
            span = tracers.get_tracer("test").start_span("work")
            File(file, largest=5 * length).export([span])  # type: ignore[list-item]  # it is readable

    assert [one.name for one in sorted(tmp_path.glob("many*"))] == ["many.jsonl", "many.old.jsonl"]
    assert all(one.stat().st_size <= 5 * length for one in tmp_path.glob("many*"))


def test_a_collector_without_what_speaks_to_it_is_an_error_with_a_cure(tmp_path: Path) -> None:
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:4318"
    try:
        with pytest.raises(UserError, match="uv add 'keel-ml"):
            tracing.recording(tmp_path / "traces.jsonl").__enter__()
    finally:
        del os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
