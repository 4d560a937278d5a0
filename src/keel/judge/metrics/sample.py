"""Labels and predictions of some rows, scored and resampled by any metric."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import polars as pl

from keel.judge.metrics.sums import Array, Count, Counted, Units
from keel.project.metric import Metric
from keel.project.task import Task

UNITS = 400  # that are drawn: enough to tell the spread of a score
GROUPS = 200  # of predictions that are about the same, for the same reason
ROW_BY_ROW = 100  # resamples at most of a metric that goes through all rows


class Sample:
    """Labels and predictions of some rows, summed up once for all metrics.

    Resamples draw rows; where there are more than `UNITS`, they draw that many units of rows, each
    with every n-th of them. Two predictions of the same rows draw the same. Where rows are alike,
    as those of one day are, `unit` says which belong together, shape (rows,), numbers from 0 on.
    """

    def __init__(
        self, task: Task, label: pl.Series, prediction: pl.Series, unit: Units | None = None
    ) -> None:
        self._label, self._prediction = task.numbers(label), prediction.to_numpy()
        rows = len(label)
        self._unit = np.arange(rows) % max(1, min(rows, UNITS)) if unit is None else unit

    def score(self, metric: Metric) -> float:
        """The metric on these rows; NaN where it is not defined, such as AUC with one label."""
        if not len(self._label):
            return float("nan")
        if isinstance(metric, Counted):
            return float(metric.of(self._whole(metric.count))[0])
        return float(metric.score(self._label, self._prediction, np.ones(len(self._label))))

    def resamples(self, metric: Metric, times: int, seed: int) -> Array:
        """The metric on resamples of these rows, shape (times,)."""
        if not len(self._label):
            return np.full(times, np.nan)
        if isinstance(metric, Counted):
            return metric.of(self._drawn(metric.count, times, seed))
        drawn = weights(self._units, min(times, ROW_BY_ROW), seed)
        rows = (weight[self._unit] for weight in drawn)
        return np.array([self._scored(metric, weight) for weight in rows])

    def _scored(self, metric: Metric, weight: Array) -> float:
        if not weight.any():  # of a few rows all may be left out
            return float("nan")
        return metric.score(self._label, self._prediction, weight)

    def _whole(self, count: Count) -> Any:
        if (count,) not in self._sums:
            whole = np.zeros(len(self._label), np.int64)
            self._sums[count,] = count(self._label, self._prediction, whole, self._ones, None)
        return self._sums[count,]

    def _drawn(self, count: Count, times: int, seed: int) -> Any:
        if (count, times, seed) not in self._sums:
            by_unit = count(self._label, self._prediction, self._unit, self._ones, GROUPS)
            drawn = weights(self._units, times, seed)
            self._sums[count, times, seed] = by_unit.drawn(drawn)
        return self._sums[count, times, seed]

    @cached_property
    def _sums(self) -> dict[tuple[Any, ...], Any]:
        return {}

    @cached_property
    def _ones(self) -> Array:
        return np.ones(len(self._label))

    @property
    def _units(self) -> int:
        return int(self._unit.max()) + 1


def score(task: Task, metric: Metric, label: pl.Series, prediction: pl.Series) -> float:
    """A metric of predictions; NaN where it is not defined, such as AUC with one label only."""
    return Sample(task, label, prediction).score(metric)


@lru_cache(4)  # of the samples at hand: one may take megabytes
def weights(units: int, times: int, seed: int) -> Array:
    """How often each unit counts in resamples that draw any, shape (times, units)."""
    return np.random.default_rng(seed).poisson(1.0, (times, units)).astype(np.float64)
