import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import PROJECT, content_of, examples, settings, stage

from keel.data.store import Store
from keel.judge.judgement import slice_columns
from keel.judge.metrics.yes_no import METRICS
from keel.project.errors import RefusedError, UserError


def judge(run: Store, **changes: Any) -> dict[str, object]:
    """Run the stage with these settings of the evaluation."""
    named = {f"evaluation.{name}": value for name, value in changes.items()}
    return stage("evaluate", run, settings("-", named))


def test_predictions_are_stored_for_each_labelled_test_example(season_run: Store) -> None:
    rows = season_run.read_table(season_run.examples).collect()
    predictions = season_run.read_table(season_run.predictions).collect()

    tested = rows.filter(pl.col("decision_time").dt.date() >= pl.date(2013, 7, 1))
    assert predictions["label"].equals(tested["late"].drop_nulls(), check_names=False)
    assert predictions.select(pl.col("model", "baseline").is_between(0, 1).all()).row(0) == (
        True,
        True,
    )


def test_a_slice_by_a_feature_is_judged_beside_the_others(run_copy: Store) -> None:
    judge(run_copy, slices=["carrier", "weekday"])

    slices = pl.read_csv(run_copy.report("slices.csv"), infer_schema=False)
    assert set(slices["slice"]) == {"all", "month", "carrier", "weekday"}
    assert set(slices.filter(pl.col("slice") == "weekday")["value"]) == set("1234567")


def test_a_slice_that_is_named_twice_is_judged_once(run_copy: Store) -> None:
    judge(run_copy, slices=["carrier", "carrier"])

    rows = run_copy.read_table(run_copy.predictions).collect()
    assert rows.columns.count("carrier") == 1


WRONG = {
    "unknown metric": (
        {"floors": {"acu": 0.7}},
        r"evaluation\.floors names 'acu': the metrics are auc, average_precision, log_loss",
    ),
    "unknown metric of slices": (
        {"slice_floors": {"acu": 0.7}},
        r"evaluation\.slice_floors names 'acu': the metrics are",
    ),
    "unknown slice": (
        {"slices": ["carier"]},
        r"evaluation\.slices has 'carier', which is neither a column of the examples \(.*carrier",
    ),
    "reserved slice": ({"slices": ["month"]}, r"evaluation\.slices has 'month'"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_refused_before_anything_is_written(
    run_copy: Store, changes: dict[str, Any], message: str
) -> None:
    before = content_of(run_copy.root)

    with pytest.raises(UserError, match=message):
        judge(run_copy, **changes)

    assert content_of(run_copy.root) == before


def test_a_slice_may_have_two_hundred_values_and_no_more() -> None:
    slice_columns(PROJECT, examples(arrival_minute=list(range(1, 201))), ["arrival_minute"])

    with pytest.raises(
        UserError, match=r"slices has 'arrival_minute', which has 201 values, not 200"
    ):
        slice_columns(PROJECT, examples(arrival_minute=list(range(1, 202))), ["arrival_minute"])


def test_all_that_is_missed_is_said_at_once_and_reported(run_copy: Store) -> None:
    with pytest.raises(RefusedError) as error:
        judge(run_copy, floors={"auc": 1.1, "log_loss": 0.0}, slice_floors={"auc": 1.1})

    message = str(error.value)
    assert "AUC on all rows" in message
    assert "above evaluation.floors.log_loss = 0.0" in message
    assert "AUC on carrier = UA" in message
    assert "AUC on carrier = UA" in run_copy.report("report.html").read_text()


def test_slices_below_the_smallest_size_are_not_refused(run_copy: Store) -> None:
    judge(run_copy, slice_floors={"auc": 1.1}, smallest_slice=1000)


def half(text: bytes) -> bytes:
    return text[: len(text) // 2]


DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "half a model": ("model/model.txt", half),
    "half a baseline": ("model/baseline.txt", half),
    "no model in the file": ("model/model.txt", lambda _: b""),
    "another number in the model": (
        "model/model.txt",
        lambda text: text.replace(b"split_feature=", b"split_feature=9", 1),
    ),
    "bytes for a model": ("model/model.txt", lambda _: b"\xff\xfe\x00"),
    "half a passport": ("model/passport.json", half),
    "half the examples": ("data/examples.parquet", half),
    "half the data quality": ("reports/data-quality.json", half),
}


@pytest.mark.parametrize(("name", "damage"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named_with_the_cure(
    run_copy: Store, name: str, damage: Callable[[bytes], bytes]
) -> None:
    file = run_copy.root / name
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises(UserError, match=rf"{name} .*: delete it, then `uv run keel run`"):
        judge(run_copy)


@pytest.mark.parametrize(
    "name",
    ["model/model.txt", "model/baseline.txt", "model/passport.json", "data/examples.parquet"],
)
def test_a_missing_file_is_named_with_what_makes_it(run_copy: Store, name: str) -> None:
    (run_copy.root / name).unlink()

    with pytest.raises(UserError, match=rf"{name} is missing: `uv run keel run` makes it"):
        judge(run_copy)


def test_a_model_of_another_kind_than_the_settings_say_is_refused(run_copy: Store) -> None:
    logistic = {"name": "logistic", "regularisation": 1.0, "iterations": 5}

    with pytest.raises(UserError, match=r"model/model\.txt is not a linear model"):
        stage("evaluate", run_copy, settings("-", {"model": logistic}))


def test_features_that_changed_since_the_training_are_refused(run_copy: Store) -> None:
    passport = json.loads(run_copy.passport.read_text())
    del passport["features"]["carrier"]
    run_copy.passport.write_text(json.dumps(passport))

    with pytest.raises(UserError, match=r"features\.py changed since the model was trained"):
        judge(run_copy)


def test_a_card_that_asks_for_an_unknown_figure_is_named(run_copy: Store, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "docs").mkdir(parents=True)
    (project / "docs/model-card.md").write_text("AUC {{ model.auk }}")
    (project / "docs/data-sheet.md").write_text("")

    with pytest.raises(UserError, match=r"docs/model-card\.md: .*auk.*; the figures there are"):
        judge(Store(project, run_copy.root))


def test_a_card_that_is_missing_is_named(run_copy: Store, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"docs/model-card\.md is missing: `git restore"):
        judge(Store(tmp_path, run_copy.root))


def test_what_the_stage_says_is_what_dvc_compares(run_copy: Store) -> None:
    facts = judge(run_copy)
    facts.pop("verdict")

    stored = json.loads(run_copy.report("metrics.json").read_text())
    assert facts.items() <= stored.items()
    assert METRICS.keys() == facts.keys()
