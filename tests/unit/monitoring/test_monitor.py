"""What the monitoring writes and says, with and without the files of the project."""

import contextlib
import json
import shutil
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from builders import PROJECT, REPOSITORY, content, store
from served import JULY, Served, on

from keel.cli import run
from keel.data.store import Store, sha256
from keel.monitoring import monitor, watch
from keel.monitoring.indicators import indicators
from keel.monitoring.known import Known
from keel.pipeline import configuration
from keel.project.errors import UserError
from keel.project.metric import Array, metric
from keel.serving.settings import Monitoring

END = None  # of the log
NINTH = datetime(2013, 8, 9, 16, tzinfo=UTC)
LAST = date(2013, 7, 20)
DAY = timedelta(days=1)
FEW = Monitoring(rows=10, window_rows=10)


def test_before_the_first_request_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no requests yet: `uv run keel serve` answers some"):
        monitor.monitor(store(tmp_path), PROJECT, Monitoring(), END)


def test_on_a_server_it_says_what_cannot_be_told_and_tells_the_rest(tmp_path: Path) -> None:
    Served(tmp_path).days(20, 30)

    watched = monitor.monitor(store(tmp_path), PROJECT, FEW, END)
    page = (tmp_path / "reports/monitoring.html").read_text(encoding="utf-8")

    assert len(watched.windows) == 6
    assert "settings.yaml is not here, so neither floors nor slices are known" in page
    assert "There are no training data here to compare with." in page
    assert monitor.summary(watched)[0] == (
        "well, as of 2013-07-20: 600 predictions on 20 days, 570 of them with a label"
    )


def test_with_its_files_it_knows_the_model_and_what_it_learnt_from(run_copy: Store) -> None:
    log = Served(run_copy.root)
    log.predict(on(JULY, 30), model=sha256(run_copy.model)[:12])

    watched = monitor.monitor(run_copy, PROJECT, FEW, END)
    page = run_copy.report("monitoring.html").read_text(encoding="utf-8")

    assert watched.known.gaps == []
    assert watched.known.learnt is not None
    assert "2013-06-21 to 2013-06-30" in page
    assert "not enough labels yet" in page


def test_a_model_without_its_data_is_still_watched(run_copy: Store) -> None:
    run_copy.examples.unlink()
    Served(run_copy.root).predict(on(JULY, 30))

    watched = monitor.monitor(run_copy, PROJECT, FEW, END)

    assert watched.known.passport is not None
    assert "data/examples.parquet is missing" in watched.known.gaps[0]


def test_two_models_are_told_apart(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY), model="aaaaaaaaaaaa")
    log.predict(on(JULY + timedelta(days=1)), model="bbbbbbbbbbbb")

    monitor.monitor(store(tmp_path), PROJECT, FEW, END)
    page = (tmp_path / "reports/monitoring.html").read_text(encoding="utf-8")

    assert page.index("aaaaaaaaaaaa") < page.index("bbbbbbbbbbbb")


def test_equal_logs_give_equal_indicators(tmp_path: Path) -> None:
    Served(tmp_path).days(20, 30)
    written = []
    for _ in range(2):
        monitor.monitor(store(tmp_path), PROJECT, FEW, END)
        written.append((tmp_path / "reports/indicators.jsonl").read_bytes())

    assert written[0] == written[1]
    lines = [json.loads(line) for line in written[0].splitlines()]
    assert lines == sorted(lines, key=lambda line: (line["day"], line["indicator"]))
    assert set(lines[0]) == {"day", "indicator", "good", "bad", "why"}


def test_rows_are_counted_as_good_or_bad_with_the_reason(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY, 5))
    log.predict(on(JULY, 2, carrier="ZZ"), unseen=["carrier"])
    log.request(status=422, rows=3, fields=["rows.0.dest"])

    events = {event.indicator: event for event in indicators(log.observed(), [], FEW)}

    valid = events["valid_predictions"]
    assert (valid.good, valid.bad) == (5, 5)
    assert valid.why == "3 refused: dest; 2 with unseen carrier"
    assert (events["availability"].good, events["availability"].bad) == (3, 0)


def test_what_could_not_be_answered_and_what_came_late_is_bad(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY), seconds=0.1)
    log.predict(on(JULY), seconds=2.1)
    log.request(status=500)

    events = {
        event.indicator: (event.good, event.bad) for event in indicators(log.observed(), [], FEW)
    }

    assert events["availability"] == (2, 1)
    assert events["latency"] == (1, 1)


def test_a_service_that_nobody_asks_any_more_is_silent_until_today(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY))

    watched = watch.watch(PROJECT, log.observed(), Known({}), FEW, NINTH)

    assert watched.until == NINTH.date()


def test_a_replay_ends_with_its_last_request(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY))

    assert watch.watch(PROJECT, log.observed(), Known({}), FEW, None).until == JULY


@pytest.mark.parametrize("sign", [-1, 1])
def test_no_date_that_is_sent_moves_the_days_of_the_service(tmp_path: Path, sign: int) -> None:
    random = np.random.default_rng(1)
    log = Served(tmp_path)
    log.days(20, 20)
    days = [int(n) for n in random.integers(1, 600_000, 100)]
    sent = [LAST + sign * timedelta(days=n) for n in days if n < 2_900_000]
    told = watch.watch(PROJECT, log.observed(), Known({}), FEW, NINTH)

    for day in sent:
        with contextlib.suppress(OverflowError):
            log.predict(on(day), at=datetime(2013, 7, 9, 16, tzinfo=UTC))
    watched = watch.watch(PROJECT, log.observed(), Known({}), FEW, NINTH)

    assert watched.until == told.until
    assert {event.day for event in watched.indicators} <= {JULY + n * DAY for n in range(-31, 52)}
    assert any("more than 31 days from their request" in gap for gap in watched.gaps)


def test_rows_of_days_ahead_hide_no_refused_request(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.days(10, 20)
    now = log.at
    for ahead in range(1, 21):
        log.predict(on(now.date() + ahead * DAY), at=now)
        log.request(status=422, rows=60, fields=["dest"])

    events = [e for e in indicators(log.observed(), [], FEW) if e.indicator == "valid_predictions"]

    assert [(event.day, event.bad) for event in events if event.bad] == [(now.date(), 1_200)]


def test_what_needs_somebody_ends_with_an_error_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Path(shutil.copytree(REPOSITORY, tmp_path / "project"))
    log = Served(project)
    log.predict(on(JULY, 10))
    log.request(status=500)
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "path", [*sys.path])

    assert run(["monitor"]) == 1
    assert "act: 50.0% of the requests could not be answered" in capsys.readouterr().out


def test_it_takes_no_arguments() -> None:
    assert run(["monitor", "now"]) == 1


def test_what_needs_somebody_is_urgent_and_said_first(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY, 10))
    log.request(status=500)

    watched = monitor.monitor(store(tmp_path), PROJECT, FEW, END)

    assert [finding.check for finding in watched.urgent] == ["failed"]
    head, first, *_ = monitor.summary(watched)
    assert head.startswith("not well, as of 2013-07-01")
    assert "act: 50.0% of the requests could not be answered" in first


def test_a_metric_of_the_team_is_watched_by_its_floor(tmp_path: Path, source: str) -> None:
    """It is worked out from the rows: nobody counts them for it."""

    @metric("false alarms, EUR a row", higher_is_better=False)
    def cost(label: Array, prediction: Array, weight: Array) -> float:
        return float((((prediction > 0.5) & (label == 0)) * weight).sum() / weight.sum())

    project = replace(PROJECT, metrics={"cost": cost})
    floors = {"evaluation.floors": {"cost": 0.1}, "evaluation.slice_floors": {"cost": 0.1}}
    configuration.write(project, content(source, floors), store(tmp_path))
    log = Served(tmp_path)
    log.days(16, 30)  # a third is positive and found: no false alarm
    for n in range(16, 46):
        rows = on(JULY + timedelta(days=n), 30)
        log.predict(rows, 0.9)
        log.label(rows, [row % 3 == 0 for row in range(30)])

    watched = monitor.monitor(store(tmp_path), project, FEW, END)

    (finding,) = [finding for finding in watched.open if finding.check == "metric"]
    assert finding.sentence.startswith("False alarms, EUR a row is 0.667 (0.667 to 0.667)")
    csv = pl.read_csv(tmp_path / "reports/in-use.csv").filter(metric="cost")
    assert csv.filter(slice="all")["score"].round(3).to_list() == [0.333, 0.667]
    assert len(csv.filter(slice="carrier")) == 2
