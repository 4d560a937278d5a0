import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from keel import metric
from keel.judge.metrics import METRICS, Sample, tally

ORACLES: dict[str, Callable[..., Any]] = {
    "auc": roc_auc_score,
    "average_precision": average_precision_score,
    "log_loss": log_loss,
}
# Few probabilities, so that many rows have the same.
ROWS = st.lists(
    st.tuples(
        st.booleans(), st.sampled_from([0.01, 0.1, 0.25, 0.3, 0.5, 0.9]) | st.floats(0.01, 0.99)
    ),
    min_size=2,
    max_size=60,
).filter(lambda rows: len({label for label, _ in rows}) == 2)


@pytest.mark.parametrize("name", ORACLES)
@given(rows=ROWS)
def test_a_metric_equals_that_of_scikit_learn(name: str, rows: list[tuple[bool, float]]) -> None:
    label, probability = (list(values) for values in zip(*rows, strict=True))

    counts = tally(pl.Series(label), pl.Series(probability))

    (found,) = METRICS[name].of(counts)
    assert found == pytest.approx(ORACLES[name](label, probability))


@pytest.mark.parametrize("name", ORACLES)
def test_a_metric_equals_that_of_scikit_learn_on_many_rows(name: str) -> None:
    random = np.random.default_rng(1)
    probability = random.beta(1, 4, 20_000).round(3).clip(0.001, 0.999)
    label = random.random(20_000) < probability

    (found,) = METRICS[name].of(tally(pl.Series(label), pl.Series(probability)))

    assert found == pytest.approx(ORACLES[name](label, probability))


WEIGHTED_ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.01, 0.1, 0.3, 0.9]), st.integers(0, 3)),
    min_size=2,
    max_size=60,
).filter(lambda rows: len({label for label, _, weight in rows if weight}) == 2)


@pytest.mark.parametrize("name", ORACLES)
@given(rows=WEIGHTED_ROWS)
def test_a_weighted_metric_equals_that_of_scikit_learn(
    name: str, rows: list[tuple[bool, float, int]]
) -> None:
    label, probability, weight = (np.array(values, float) for values in zip(*rows, strict=True))

    weighted = METRICS[name].score(label, probability, weight)

    assert weighted == pytest.approx(ORACLES[name](label, probability, sample_weight=weight))


@pytest.mark.parametrize("name", METRICS)
@given(rows=WEIGHTED_ROWS)
def test_a_row_of_weight_two_counts_as_two_rows(
    name: str, rows: list[tuple[bool, float, int]]
) -> None:
    label, probability, weight = (np.array(values, float) for values in zip(*rows, strict=True))
    repeated = np.repeat(label, weight.astype(int)), np.repeat(probability, weight.astype(int))

    weighted = METRICS[name].score(label, probability, weight)

    assert weighted == pytest.approx(METRICS[name].score(*repeated, np.ones(len(repeated[0]))))


def test_calibration_error_is_the_mean_distance_of_ten_groups() -> None:
    # Groups of two: by turns 0 of 2 and 1 of 2 are positive; all were said to be 0.3.
    probability = [0.3 + n / 1e9 for n in range(20)]
    label = [False, False, True, False] * 5

    (found,) = METRICS["calibration_error"].of(tally(pl.Series(label), pl.Series(probability)))

    assert found == pytest.approx((5 * 0.3 + 5 * 0.2) / 10, abs=1e-6)


def test_rows_that_are_equally_probable_are_one_group_of_the_calibration_error() -> None:
    label, probability = [True] + [False] * 3, [0.25] * 4

    (found,) = METRICS["calibration_error"].of(tally(pl.Series(label), pl.Series(probability)))

    assert found == pytest.approx(0)


def test_probabilities_of_0_and_1_have_a_finite_log_loss() -> None:
    (found,) = METRICS["log_loss"].of(tally(pl.Series([True, False]), pl.Series([0.0, 1.0])))

    assert math.isfinite(found)


def test_a_resample_without_any_row_is_not_asked_of_a_metric() -> None:
    mean = metric("mean", higher_is_better=True)(
        lambda _, prediction, weight: float(np.average(prediction, weights=weight))
    )

    found = Sample(pl.Series([True]), pl.Series([0.25])).resamples(mean, 50, seed=1)

    assert 0 < len(found) < 50
    assert (found == 0.25).all()
