import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.judge.chance import difference
from keel.judge.metrics.yes_no import METRICS
from keel.project.metric import Metric
from keel.project.task import YesNo

ROWS = 4000
AUC = METRICS["auc"]
TASK = YesNo("late")


def labelled(seed: int) -> tuple[pl.Series, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Labels, and the probabilities they were drawn with."""
    random = np.random.default_rng(seed)
    probability = random.uniform(0.05, 0.95, ROWS)
    return pl.Series(random.uniform(size=ROWS) < probability), probability


def noisy(
    probability: np.ndarray[tuple[int], np.dtype[np.float64]], noise: float, seed: int
) -> pl.Series:
    random = np.random.default_rng(seed)
    return pl.Series(np.clip(probability + random.normal(0, noise, len(probability)), 0.01, 0.99))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_prediction_is_not_better_than_itself(metric: Metric) -> None:
    label, probability = labelled(1)

    gain = difference(TASK, label, pl.Series(probability), pl.Series(probability), metric)

    assert (gain.value, gain.low, gain.high) == pytest.approx((0, 0, 0), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_better_prediction_is_better_by_more_than_chance(metric: Metric) -> None:
    label, probability = labelled(1)
    worse = noisy(probability, 0.5, seed=2)

    assert difference(TASK, label, pl.Series(probability), worse, metric).low > 0
    assert difference(TASK, label, worse, pl.Series(probability), metric).high < 0


def test_two_that_are_as_good_differ_by_chance_alone() -> None:
    """In some nineteen of twenty cases the interval holds 0."""
    found = []
    for seed in range(60):
        label, probability = labelled(seed)
        one, other = (noisy(probability, 0.3, seed=100 + 2 * seed + n) for n in (0, 1))
        found.append(difference(TASK, label, one, other, AUC))

    assert 51 <= sum(gain.low <= 0 <= gain.high for gain in found) <= 60


def test_the_interval_is_as_wide_as_chance_makes_it() -> None:
    """Compared with how far the differences of many samples of the same kind lie apart."""
    found = []
    for seed in range(60):
        label, probability = labelled(seed)
        found.append(
            difference(TASK, label, pl.Series(probability), noisy(probability, 0.3, seed), AUC)
        )

    spread = np.std([gain.value for gain in found])
    reach = np.mean([(gain.high - gain.low) / 2 / 1.96 for gain in found])
    assert 0.7 < reach / spread < 1.4


def test_a_rare_label_has_an_interval_as_wide_as_chance_makes_it() -> None:
    """One row in two hundred: all that matters lies in the highest predictions."""
    found = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        risk = random.beta(0.1, 20, 20_000)
        label = pl.Series(random.uniform(size=len(risk)) < risk)
        one, other = (
            pl.Series(np.clip(risk * random.lognormal(0, 0.5, len(risk)), 0, 1)) for _ in range(2)
        )
        found.append(difference(TASK, label, one, other, METRICS["average_precision"]))

    assert sum(gain.low <= 0 <= gain.high for gain in found) >= 34


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1)), min_size=1))
def test_any_rows_give_a_difference_or_none_at_all(rows: list[tuple[bool, float, float]]) -> None:
    label, one, other = (pl.Series(column) for column in zip(*rows, strict=True))

    gain = difference(TASK, label, one, other, AUC)

    assert gain.low <= gain.value <= gain.high or label.n_unique() != 2
