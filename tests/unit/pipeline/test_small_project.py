"""Projects that are not about flights, made in memory, two of them in one process."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from builders import PROJECT, TODAY, content, store
from small import small_project, small_settings, small_store

from keel import metric
from keel.data.store import Store
from keel.judge.champion import compare, verdicts
from keel.judge.metrics import yes_no
from keel.judge.metrics.known import metrics_of
from keel.judge.metrics.sums import Array
from keel.pipeline.flow import flow
from keel.project.errors import RefusedError


def run(folder: Path, **changes: object) -> Store:
    """All stages on the small project."""
    run = small_store(folder / "run")
    flow(small_project(**changes), small_settings(folder / "source"), run, TODAY)
    return run


def test_a_small_project_goes_through_all_stages(tmp_path: Path) -> None:
    scores = (small := run(tmp_path)).read_json(small.report("metrics.json"))

    assert scores["auc"] > 0.7
    assert small.read_json(small.passport)["features"] == {
        "shop": ["Basel", "Bern"],
        "pages": "Float64",
    }
    assert small.report("model-card.md").read_text().startswith("AUC 0.")


def test_two_projects_do_not_know_of_each_other(
    tmp_path: Path, source: str, season_run: Store
) -> None:
    run(tmp_path / "small")
    again = store(tmp_path / "flights")

    flow(PROJECT, content(source), again, TODAY)

    assert again.model.read_bytes() == season_run.model.read_bytes()


# --- A metric of the team's own -------------------------------------------------------------------


@metric("money lost for each visit, CHF", higher_is_better=False)
def loss(label: Array, prediction: Array, weight: Array) -> float:
    """A call costs 5 CHF, a customer who is not called and leaves 12."""
    called = prediction > 0.5
    lost = called * 5 + ~called * label * 12
    return float((lost * weight).sum() / weight.sum())


def test_a_metric_of_one_s_own_is_beside_keel_s_in_all_that_is_written(tmp_path: Path) -> None:
    small = run(tmp_path, metrics={"loss": loss})

    predictions = small.read_table(small.predictions).collect()
    cost = pl.when(pl.col("model") > 0.5).then(5).otherwise(12 * pl.col("label").cast(int))
    by_hand = predictions.select(cost.mean()).item()
    assert small.read_json(small.report("metrics.json"))["loss"] == pytest.approx(by_hand, abs=1e-6)
    rows = pl.read_csv(small.report("slices.csv")).filter(
        metric="loss", slice="shop", model="model"
    )
    assert rows.select((pl.col("low") < pl.col("high")).all()).item()
    assert rows.select(pl.col("score").is_between("low", "high").all()).item()
    assert "money lost for each visit, CHF" in small.report("report.html").read_text()


def test_it_may_have_a_floor(tmp_path: Path) -> None:
    settings = small_settings(tmp_path / "source")
    settings["evaluation"]["floors"] = {"loss": 0.5}

    with pytest.raises(RefusedError, match=r"money lost .*, CHF on all rows is .* above"):
        flow(small_project(metrics={"loss": loss}), settings, small_store(tmp_path), TODAY)


def test_it_may_be_what_a_candidate_is_compared_by(tmp_path: Path) -> None:
    small = run(tmp_path, metrics={"loss": loss})
    predictions = small.read_table(small.predictions).collect()
    nobody = predictions.with_columns(model=pl.lit(0.0))

    better, *_ = verdicts(
        compare(small_project().task, nobody, predictions, loss, ["shop"], 20), loss
    )
    worse, *_ = verdicts(
        compare(small_project().task, predictions, nobody, loss, ["shop"], 20), loss
    )

    assert (better.passed, worse.passed) == (True, False)
    assert better.sentence.startswith("money lost for each visit, CHF is better than")


def test_it_does_not_decide_unless_it_is_the_first() -> None:
    project = replace(small_project(), metrics={"loss": loss})

    assert list(metrics_of(project)) == [*yes_no.METRICS, "loss"]


def test_a_model_that_is_worse_than_a_guess_is_not_called_good(tmp_path: Path) -> None:
    settings = small_settings(tmp_path / "source")
    turned = pl.read_parquet(tmp_path / "source/visits.parquet").with_columns(
        pl.when(pl.col("at").dt.month() > 2).then(~pl.col("bought")).otherwise("bought")
    )
    turned.write_parquet(tmp_path / "source/visits.parquet")
    settings["gates"] = {"better_than_baseline": None, "feature_loss": None}
    small = small_store(tmp_path)

    flow(small_project(), settings, small, TODAY)

    page = small.report("report.html").read_text("utf-8")
    assert "No better than a guess." in page
    assert "Good enough" not in page
