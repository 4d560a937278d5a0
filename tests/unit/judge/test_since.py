"""New rows and seasons are usual; what was there already and is other now is not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import Visits, small_project, visits

from keel import Features, ahead
from keel.judge.metrics.known import metrics_of
from keel.judge.scores import Score
from keel.judge.since import news, told, unusual
from keel.project.description import Project

Frame = Callable[[pl.DataFrame], pl.DataFrame]


def year(rows: int = 1460) -> pl.DataFrame:
    """A visit every six hours; in summer more pages are read, and more is bought."""
    frame = visits(rows)
    season = np.cos(np.arange(rows) / 1460 * 2 * np.pi)
    pages = frame["pages"] + 30 - 20 * season
    random = np.random.default_rng(2).uniform(size=rows)
    return frame.with_columns(pages=pages, bought=pl.Series(random < 0.5 - 0.2 * season))


def run(
    frame: pl.DataFrame, project: Project | None = None, *, auc: float = 0.7, aside: int = 0
) -> dict[str, Any]:
    """The facts of a run on such visits."""
    chosen = project or small_project()
    quality = {"visits": {"rows": len(frame) + aside, "set_aside": aside}}
    scores = [Score("all", "all", 100, "model", "auc", auc, auc - 0.02, auc + 0.02)]
    tables = {"visits": frame.lazy()}
    return told(chosen, tables, frame, quality, scores, metrics_of(chosen))


def gates(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    return {verdict.gate: verdict.sentence for verdict in unusual(before, after)}


@given(st.integers(200, 1400), st.integers(0, 130))
@settings(max_examples=10)
def test_a_month_of_new_rows_is_usual(first: int, more: int) -> None:
    assert gates(run(year(first)), run(year(first + more))) == {}


def test_a_window_that_moves_on_by_a_month_is_usual() -> None:
    whole = year()

    assert gates(run(whole[:700]), run(whole[120:820])) == {}


def test_without_a_time_another_sample_is_usual() -> None:
    project = small_project(time=None)
    samples = [year().sample(fraction=0.8, seed=seed) for seed in (1, 2)]

    assert gates(*(run(sample, project) for sample in samples)) == {}


@pytest.mark.parametrize(
    ("change", "gate", "words"),
    [
        (lambda f: f[::10], "since.visits", "900 → 100 rows, 89% fewer"),
        (
            lambda f: f.with_columns(pl.when(pl.col("visit") % 4 > 0).then("pages")),
            "since.visits",
            "pages was unknown in 0% of the rows, and is in 25%",
        ),
        (
            lambda f: f.with_columns(pl.lit("Basel").alias("shop")),
            "since.visits",
            "shop is never 'Bern', and was in 50% of the rows",
        ),
        (lambda f: f.with_columns(pl.col("pages") * 60), "since.visits", "pages: median"),
        (lambda f: f.with_columns(pl.col("pages") + 2730), "since.examples", "pages: median"),
        (
            lambda f: f.filter((pl.col("at").dt.month() != 3) | (pl.col("visit") % 2 == 0)),
            "since.label",
            "examples",
        ),
        (lambda f: f.with_columns(pl.col("bought").not_()), "since.label", "bought was 0."),
    ],
)
def test_what_was_there_and_is_other_now_is_not_usual(change: Frame, gate: str, words: str) -> None:
    found = gates(run(year(900)), run(change(year(1000))))

    assert words in found[gate]


def test_a_few_rows_that_are_lost_of_months_that_were_over_are_not_usual() -> None:
    lost = (pl.col("at").dt.month().is_between(3, 6)) & (pl.col("visit") % 12 == 0)

    found = gates(run(year(900)), run(year(1000).filter(~lost)))

    assert "examples, most are lost in 20" in found["since.label"]


def test_a_column_that_is_never_unknown_any_more_is_not_usual() -> None:
    unknown = pl.when(pl.col("visit") % 25 > 0).then("pages").alias("pages")

    found = gates(run(year(900).with_columns(unknown)), run(year(1000)))

    assert "pages was unknown in 4.0% of the rows, and never is" in found["since.visits"]
    assert gates(run(year(900)), run(year(1000).with_columns(unknown))) == {}


def test_a_label_of_new_months_may_be_other_and_one_of_old_months_may_not() -> None:
    last = pl.col("at") > datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=230)
    turned = pl.when(last).then(~pl.col("bought")).otherwise("bought").alias("bought")

    assert gates(run(year(900)), run(year(1040).with_columns(turned))) == {}
    assert "since.label" in gates(run(year(1040)), run(year(1040).with_columns(~pl.col("bought"))))


def test_without_a_time_the_label_is_compared_on_the_whole() -> None:
    project = small_project(time=None)
    inverted = year().with_columns(pl.col("pages").gt(0).alias("bought"))

    assert "on the whole" in gates(run(year(), project), run(inverted, project))["since.label"]


def test_more_rows_that_are_set_aside_are_not_usual() -> None:
    assert "set aside" in gates(run(year(), aside=1), run(year(), aside=90))["since.visits"]


@pytest.mark.parametrize(("auc", "refused"), [(0.75, False), (0.86, True)])
def test_a_score_half_as_far_from_perfect_is_too_good_to_be_true(
    auc: float, *, refused: bool
) -> None:
    assert ("since.score" in gates(run(year()), run(year(), auc=auc))) is refused


def test_the_news_are_sizes_label_and_score() -> None:
    assert news(run(year(900)), run(year(1000), auc=0.71)) == [
        "visits 900 → 1,000",
        "examples 900 → 1,000",
        "bought 0.543 → 0.553",
        "auc 0.7 → 0.71",
    ]


def test_facts_hold_no_personal_value() -> None:
    class Named(Visits):
        shop = dy.String(metadata=ahead(personal=True))

    project = small_project(tables={"visits": Named}, features=Features(Visits).plain("pages"))

    assert "Bern" not in json.dumps(run(year(), project)["tables"]["visits"])
