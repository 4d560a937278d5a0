"""Intervals of a mean beside what statistics say of one: the width, both ends, how often they hold.

What is scored is the mean absolute error of predictions whose errors have a known distribution.
"""

from functools import cache

import numpy as np
import polars as pl
import pytest

from keel.judge.chance import difference
from keel.judge.metrics.numbers import METRICS
from keel.judge.metrics.sample import Sample
from keel.judge.scores import with_interval
from keel.project.task import Number

TASK, MAE = Number("label"), METRICS["mae"]
ROWS, TIMES, RESAMPLES = 200, 200, 200
MEAN = 10.0  # of the errors, which are exponential: their deviation is the same


@cache
def found() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Score and both ends of its interval in many samples, shape (times, 3)."""
    random = np.random.default_rng(1)
    errors = random.exponential(MEAN, (TIMES, ROWS))
    nothing = pl.Series(np.zeros(ROWS))
    samples = (Sample(TASK, nothing, pl.Series(error)) for error in errors)
    return np.array(
        [with_interval(each, MAE, RESAMPLES, seed) for seed, each in enumerate(samples)]
    )


def test_it_holds_the_truth_as_often_as_it_says() -> None:
    """95 of 100 times: in 200 samples 190, and by chance a few more or less."""
    _, low, high = found().T

    assert 184 <= np.sum((low <= MEAN) & (high >= MEAN)) <= 196


def test_each_end_is_1_96_standard_errors_away() -> None:
    score, low, high = found().T
    error = MEAN / np.sqrt(ROWS)

    assert np.mean(score - low) == pytest.approx(1.96 * error, rel=0.05)
    assert np.mean(high - score) == pytest.approx(1.96 * error, rel=0.05)


@pytest.mark.parametrize(("sure", "deviations"), [(0.9, 1.645), (0.95, 1.96), (0.9999, 3.891)])
def test_a_difference_of_the_same_rows_is_as_sure_as_it_was_asked_to_be(
    sure: float, deviations: float
) -> None:
    random = np.random.default_rng(2)
    reach, error = [], []
    for seed in range(60):
        hard = random.exponential(MEAN, ROWS)  # for both, so that it says nothing
        one, other = (hard + random.normal(50, 1, ROWS) for _ in range(2))
        label, model, simple = (pl.Series(each) for each in (np.zeros(ROWS), one, other))
        said = difference(TASK, label, model, simple, MAE, seed=seed, sure=sure)
        reach.append((said.high - said.low) / 2)
        error.append(np.std(one - other) / np.sqrt(ROWS))

    assert np.mean(reach) == pytest.approx(deviations * np.mean(error), rel=0.05)
