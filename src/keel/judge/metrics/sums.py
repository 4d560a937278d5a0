"""Sums over rows, from which a metric of many resamples is one calculation.

Any metric of (label, prediction, weight) is resampled by drawing how often each row counts. The
metrics that are known here are worked out from sums by unit: a unit is a row, some rows that were
picked regardless of what is in them, or a day. A resample counts each unit Poisson(1) times.
Source: Hanley and MacGibbon, Creating non-parametric bootstrap samples using Poisson frequencies,
2006.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from keel.project.metric import Metric

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
TEXTS = Path(__file__).with_name("metrics.toml")
Units = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True)
class Sums:
    """Arrays whose first axis are the units or, once they are drawn, the resamples."""

    shared: ClassVar[tuple[str, ...]] = ()  # fields that are no sums, but the same for all units

    def drawn(self, weights: Array) -> Self:
        """The sums of resamples that count the units so many times, shape (resamples, units)."""
        summed = {
            part.name: np.tensordot(weights, getattr(self, part.name), 1)
            for part in fields(self)
            if part.name not in self.shared
        }
        return replace(self, **summed)


# How rows are summed up by unit, of (label, prediction, unit, weight, groups): the first, the third
# and the fourth have the shape (rows,), the prediction has that or (rows, classes). `groups` allows
# to put rows of about equal predictions together, into so many groups.
Count = Callable[[Array, Array, Units, Array, int | None], Any]


class Counted(Metric):
    """A metric that is worked out from sums, of many resamples at once."""

    def __init__(self, of: Callable[[Any], Array], count: Count, **about: Any) -> None:
        super().__init__(score=self._score, **about)
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "count", count)

    of: Callable[[Any], Array]
    count: Count

    def _score(self, label: Array, prediction: Array, weight: Array) -> float:
        unit = np.zeros(len(label), np.int64)
        return float(self.of(self.count(label, prediction, unit, weight, None))[0])


def described(task: str, count: Count, *metrics: Callable[[Any], Array]) -> dict[str, Counted]:
    """The metrics of a task by their functions' names, with what `metrics.toml` says of them."""
    about = tomllib.loads(TEXTS.read_text("utf-8"))[task]
    return {of.__name__: Counted(of, count, **about[of.__name__]) for of in metrics}


def by_unit(values: Array, unit: Units) -> Array:
    """The sum of the values of each unit, shape (units,)."""
    return np.bincount(unit, values).astype(np.float64)


def by_cell(values: Array, unit: Units, place: Units, places: int) -> Array:
    """The sum of the values of each unit at each place, shape (units, places)."""
    units = int(unit.max()) + 1
    summed = np.bincount(unit * places + place, values, units * places)
    return summed.reshape(units, places).astype(np.float64)


def ratio(numerator: Array, denominator: Array) -> Array:
    """The ratio, NaN where the denominator is 0."""
    return numerator / np.where(denominator == 0, np.nan, denominator)


def tenths(values: Array) -> Units:
    """For each value the tenth in which it lies, 0 to 9; equal ones are in the same."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    return (before * 10 // max(len(values), 1)).astype(np.int64)[place]
