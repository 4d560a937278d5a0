"""Scores of probabilities, and how they scatter in resamples.

Any metric of (label, prediction, weight) is resampled by drawing how often each row counts. Those
that are known here are worked out from counts of labels by prediction, which is much quicker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from keel.project.description import Project
from keel.project.metric import Metric

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

ROW_BY_ROW = 100  # resamples at most, where each goes through all rows
GROUPS = 200  # for resampling: enough to tell the spread of a score, and quick


@dataclass(frozen=True)
class Tally:
    """Labels counted by predicted probability.

    `probability` is ascending, shape (groups,). `positive` and `negative` count the labels of each
    group, shape (resamples, groups), so that a metric of many resamples is one calculation.
    """

    probability: Array
    positive: Array
    negative: Array

    @property
    def rows(self) -> Array:
        """Labels in each group, shape (resamples, groups)."""
        return self.positive + self.negative


def tally(label: pl.Series, probability: pl.Series, groups: int | None = None) -> Tally:
    """The tally of all rows, with one group for each probability, or about `groups` in all.

    Those hold equal shares, of positive and negative rows together: a rare label would else fill
    one group, in which no order is told.
    """
    rows = pl.DataFrame({"label": label, "probability": probability}).sort("probability")
    key = pl.col("probability").rank("dense")
    if groups is not None:
        label = rows["label"].cast(pl.Int64)
        places = [(kind.cum_sum() - kind) * groups / kind.sum() for kind in (label, 1 - label)]
        rows = rows.with_columns(place=pl.mean_horizontal(kind.fill_nan(None) for kind in places))
        key = pl.col("place").min().over("probability").cast(pl.Int64)
    counted = rows.group_by(group=key, maintain_order=True).agg(
        pl.col("probability").mean(), positive=pl.col("label").sum().cast(pl.Float64), rows=pl.len()
    )
    positive = counted["positive"].to_numpy()[np.newaxis]
    return Tally(counted["probability"].to_numpy(), positive, counted["rows"].to_numpy() - positive)


def resampled(counts: Tally, times: int, seed: int) -> Tally:
    """Bootstrap samples of a tally: each label is drawn Poisson(1) times.

    Source: Hanley and MacGibbon, Creating non-parametric bootstrap samples using Poisson
    frequencies, 2006.
    """
    draw = np.random.default_rng(seed).poisson
    shape = (times, len(counts.probability))
    return Tally(
        counts.probability,
        draw(counts.positive, shape).astype(np.float64),
        draw(counts.negative, shape).astype(np.float64),
    )


def auc(counts: Tally) -> Array:
    """Area under the ROC curve: how often a positive row has a higher probability than a negative.

    Shape (resamples,); NaN without both labels. Source: Mann and Whitney, 1947.
    """
    below = np.cumsum(counts.negative, axis=1) - counts.negative / 2
    pairs = counts.positive.sum(axis=1) * counts.negative.sum(axis=1)
    return _ratio((counts.positive * below).sum(axis=1), pairs)


def average_precision(counts: Tally) -> Array:
    """Mean precision over the positive rows, each flagged with all that are as probable.

    Shape (resamples,); NaN without positive rows. Source: scikit-learn's `average_precision_score`.
    """
    hits = np.cumsum(counts.positive[:, ::-1], axis=1)
    flagged = np.cumsum(counts.rows[:, ::-1], axis=1)
    precision = hits / np.maximum(flagged, 1)
    return _ratio((counts.positive[:, ::-1] * precision).sum(axis=1), counts.positive.sum(axis=1))


def log_loss(counts: Tally) -> Array:
    """Mean negative log-likelihood in nats, shape (resamples,): lower is better."""
    probability = np.clip(counts.probability, 1e-15, 1 - 1e-15)
    loss = counts.positive * np.log(probability) + counts.negative * np.log(1 - probability)
    return _ratio(-loss.sum(axis=1), counts.rows.sum(axis=1))


def calibration_error(counts: Tally) -> Array:
    """Mean distance between predicted and observed share over ten groups; 0 is calibrated.

    Shape (resamples,). Source: Naeini et al., Obtaining well calibrated probabilities, 2015.
    """
    before = np.cumsum(counts.rows.mean(axis=0)) - counts.rows.mean(axis=0)
    tenth = before * 10 // max(counts.rows.mean(axis=0).sum(), 1)
    starts = np.flatnonzero(np.diff(tenth, prepend=-1))
    surplus = counts.rows * counts.probability - counts.positive
    distance = np.abs(np.add.reduceat(surplus, starts, axis=1)).sum(axis=1)
    return _ratio(distance, counts.rows.sum(axis=1))


class Counted(Metric):
    """A metric that is worked out from a tally, of many resamples at once."""

    def __init__(
        self,
        title: str,
        of: Callable[[Tally], Array],
        *,
        higher_is_better: bool,
        explanation: str = "",
    ) -> None:
        super().__init__(
            title, lambda *rows: float(of(_weighted(*rows))[0]), higher_is_better, explanation
        )
        object.__setattr__(self, "of", of)

    of: Callable[[Tally], Array]


METRICS: Mapping[str, Counted] = {
    "auc": Counted(
        "AUC",
        auc,
        higher_is_better=True,
        explanation="Of two cases, one where it happened and one where not, how often the first "
        "had the higher probability; 0.5 is guessing, 1 is always.",
    ),
    "average_precision": Counted(
        "average precision",
        average_precision,
        higher_is_better=True,
        explanation="Of the cases that it flags, how many are right, on average over all "
        "thresholds; guessing reaches the share of all cases, 1 is always.",
    ),
    "log_loss": Counted(
        "log loss",
        log_loss,
        higher_is_better=False,
        explanation="How surprised it is by what then happens, most of all where it was sure; 0 is "
        "never.",
    ),
    "calibration_error": Counted(
        "calibration error",
        calibration_error,
        higher_is_better=False,
        explanation="How far its probabilities are from how often it happens, on average; 0 is "
        "exact, 0.03 is three points of a hundred.",
    ),
}


def metrics_of(project: Project) -> dict[str, Metric]:
    """The metrics by which models of the project are judged; the first one decides."""
    return {**METRICS, **project.metrics}


def main_metric(project: Project) -> Metric:
    """The one that decides."""
    return next(iter(metrics_of(project).values()))


class Sample:
    """Labels and predictions of some rows, counted once for all metrics."""

    def __init__(self, label: pl.Series, prediction: pl.Series) -> None:
        self._label, self._prediction = label, prediction

    def score(self, metric: Metric) -> float:
        """The metric on these rows; NaN where it is not defined."""
        if isinstance(metric, Counted):
            return float(metric.of(self._tally)[0])
        return float(metric.score(*self._rows, np.ones(len(self._label))))

    def resamples(self, metric: Metric, times: int, seed: int) -> Array:
        """The metric on resamples of these rows, shape (times,)."""
        if isinstance(metric, Counted):
            return metric.of(self._resampled(times, seed))
        drawn = weights(len(self._label), min(times, ROW_BY_ROW), seed)
        return np.array([metric.score(*self._rows, weight) for weight in drawn])

    @cached_property
    def _tally(self) -> Tally:
        return tally(self._label, self._prediction)

    def _resampled(self, times: int, seed: int) -> Tally:
        if (times, seed) not in self._drawn:
            grouped = tally(self._label, self._prediction, GROUPS)
            self._drawn[times, seed] = resampled(grouped, times, seed)
        return self._drawn[times, seed]

    @cached_property
    def _drawn(self) -> dict[tuple[int, int], Tally]:
        return {}

    @cached_property
    def _rows(self) -> tuple[Array, Array]:
        return as_arrays(self._label, self._prediction)


def score(metric: Metric, label: pl.Series, prediction: pl.Series) -> float:
    """A metric of predictions; NaN where it is not defined, such as AUC with one label only."""
    return Sample(label, prediction).score(metric)


def weights(rows: int, times: int, seed: int) -> Iterator[Array]:
    """How often each row counts in resamples that draw any, each of shape (rows,)."""
    draw = np.random.default_rng(seed).poisson
    drawn = (draw(1.0, rows).astype(np.float64) for _ in range(times))
    return (weight for weight in drawn if weight.any())  # of a few rows all may be left out


def as_arrays(label: pl.Series, prediction: pl.Series) -> tuple[Array, Array]:
    """Label and prediction as a metric takes them, each of shape (rows,)."""
    return label.cast(pl.Float64).to_numpy(), prediction.cast(pl.Float64).to_numpy()


def _weighted(label: Array, prediction: Array, weight: Array) -> Tally:
    """The tally of rows that count `weight` times."""
    probability, place = np.unique(prediction, return_inverse=True)
    counts = [
        np.bincount(place, weights=weight * kind).astype(np.float64)[np.newaxis]
        for kind in (label, 1 - label)
    ]
    return Tally(probability, *counts)


def _ratio(numerator: Array, denominator: Array) -> Array:
    """The ratio, NaN where the denominator is 0."""
    return numerator / np.where(denominator == 0, np.nan, denominator)
