from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from builders import PROJECT, examples, settings
from tasks import orders, task_project

from keel.judge.metrics.numbers import METRICS as NUMBERS
from keel.judge.metrics.yes_no import METRICS
from keel.judge.staleness import staleness
from keel.model.choice import learner
from keel.project.learning import Predictions, Progress
from keel.project.settings import Staleness

FROM = datetime(2013, 1, 1, 12, tzinfo=UTC)
AUC = METRICS["auc"]
LOGISTIC = learner(PROJECT, settings("-").baseline)


def months(count: int, drift: float, seed: int = 1, a_day: int = 40) -> pl.DataFrame:
    """Months in which it is the wind that makes late, and then ever more the humidity."""
    random = np.random.default_rng(seed)
    days = 30 * count
    rows = days * a_day
    age = np.repeat(np.arange(days), a_day) / 30
    wind, humid = random.uniform(0, 1, (2, rows))
    weight = np.clip(drift * age, 0, 1)
    late = random.uniform(size=rows) < 1 / (
        1 + np.exp(8 * ((1 - weight) * wind + weight * humid) - 4)
    )
    return examples(
        decision_time=[
            FROM + timedelta(days=int(day)) for day in np.repeat(np.arange(days), a_day)
        ],
        wind_speed=pl.Series(50 * wind),
        humidity=pl.Series(100 * humid),
        late=late,
    )


def test_a_world_that_changes_ages_a_model() -> None:
    found = staleness(PROJECT, months(10, drift=0.15), LOGISTIC, Staleness(), AUC)

    assert found["loss_a_month"]["low"] > 0
    assert [loss["age"] for loss in found["losses"]] == [2, 3, 4, 5, 6]
    assert found["losses"][-1]["loss"] > found["losses"][0]["loss"]
    assert found["retrain_after"] is not None


def test_a_world_that_stays_hardly_ever_does() -> None:
    found = [
        staleness(PROJECT, months(10, drift=0, seed=n), LOGISTIC, Staleness(), AUC)
        for n in range(12)
    ]

    assert sum(one["retrain_after"] is not None for one in found) <= 2


def test_a_month_that_is_hard_does_not_look_like_age() -> None:
    """In the last two months nobody can tell: they are not older, only harder."""
    rows = months(10, drift=0)
    random = pl.Series(np.random.default_rng(2).uniform(size=len(rows)) < 0.5)
    hard = pl.col("decision_time") > FROM + timedelta(days=240)

    found = staleness(
        PROJECT,
        rows.with_columns(late=pl.when(hard).then(random).otherwise("late")),
        LOGISTIC,
        Staleness(),
        AUC,
    )

    assert found["retrain_after"] is None


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_few_months_tell_nothing_and_break_nothing(count: int) -> None:
    found = staleness(PROJECT, months(count, drift=0.15, a_day=5), LOGISTIC, Staleness(), AUC)

    assert found["retrain_after"] is None


def test_months_with_one_label_are_left_out() -> None:
    rows = months(10, drift=0).with_columns(
        late=pl.col("decision_time") < FROM + timedelta(days=150)
    )

    assert staleness(PROJECT, rows, LOGISTIC, Staleness(), AUC)["retrain_after"] is None


class Mean:
    """A learner, its settings and its model: the mean of what it learnt."""

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> "Mean":
        del features, progress
        self.mean = np.mean(label.to_numpy())
        return self

    def from_text(self, text: str) -> "Mean":
        del text
        return self

    def to_text(self) -> str:
        return ""

    def predict(self, features: pl.DataFrame) -> Predictions:
        return np.full(len(features), self.mean)


def test_a_model_of_the_months_before_is_judged_on_those_after_and_ages_by_one_each() -> None:
    """In each month the label is its number, so that of three months is about the middle one."""
    project = task_project("a number")
    rows = orders(project, 200, 1).with_columns(
        outcome=pl.col("day").dt.convert_time_zone(project.zone).dt.month().cast(pl.Float64)
    )

    found = staleness(project, rows, Mean(), Staleness(months=3), NUMBERS["mae"])

    assert [
        (one["trained_to"], one["month"], one["age"], round(one["score"]))
        for one in found["scores"]
    ] == [
        (f"2025-{last:02}", f"2025-{month:02}", month - last, month - last + 1)
        for last in (3, 4, 5, 6)
        for month in range(last + 1, 8)
    ]
    assert [round(loss["loss"], 1) for loss in found["losses"]] == [1, 2, 3]
    assert found["loss_a_month"]["loss"] == pytest.approx(1, rel=0.05)
