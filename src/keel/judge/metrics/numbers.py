"""Metrics of predicted numbers, from sums of what they are off by."""

from dataclasses import dataclass

import numpy as np

from keel.judge.metrics.sums import Array, Sums, Units, by_unit, described, ratio


@dataclass(frozen=True)
class Residuals(Sums):
    """Sums over rows, each shape (units,); the error is the prediction less the label.

    `label` and `label_squared` are those of the label less its mean over all rows.
    """

    rows: Array
    error: Array
    absolute: Array
    squared: Array
    label: Array
    label_squared: Array


def residuals(
    label: Array, prediction: Array, unit: Units, weight: Array, groups: int | None
) -> Residuals:
    """The sums of each unit."""
    del groups  # sums need none
    error, centred = prediction - label, label - label.mean()
    values = (np.ones(len(label)), error, np.abs(error), error**2, centred, centred**2)
    return Residuals(*(by_unit(weight * value, unit) for value in values))


def mae(sums: Residuals) -> Array:
    """Mean absolute error, in the label's unit, shape (resamples,)."""
    return ratio(sums.absolute, sums.rows)


def rmse(sums: Residuals) -> Array:
    """Root of the mean squared error, in the label's unit, shape (resamples,)."""
    return np.sqrt(ratio(sums.squared, sums.rows))


def r2(sums: Residuals) -> Array:
    """The share of the label's variance that is explained, shape (resamples,).

    0 is as good as the mean of these labels, below that worse; NaN where they are all the same.
    Source: scikit-learn's `r2_score`.
    """
    total = sums.label_squared - ratio(sums.label**2, sums.rows)
    return 1 - ratio(sums.squared, np.where(total > 0, total, 0))


def bias(sums: Residuals) -> Array:
    """How far the mean prediction is from the mean label, either way, shape (resamples,)."""
    return np.abs(ratio(sums.error, sums.rows))


METRICS = described("numbers", residuals, mae, rmse, r2, bias)
