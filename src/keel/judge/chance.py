"""Whether one prediction is better than another by more than chance."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl

from keel.judge.metrics import Array, Counted, Sample, Tally, as_arrays, weights
from keel.project.metric import Metric

RESAMPLES = 100
GROUPS = 100  # of each label: enough to tell how far chance reaches


@dataclass(frozen=True)
class Difference:
    """How much better one is than the other, with its interval; negative is worse."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def difference(
    label: pl.Series,
    model: pl.Series,
    other: pl.Series,
    metric: Metric,
    *,
    seed: int = 1,
    sure: float = 0.95,
) -> Difference:
    """How much better `model` predicts the label than `other`, by a metric, on the same rows.

    The interval holds the true difference with the probability `sure`.

    Each resample draws every row Poisson(1) times for both, so that rows which are hard for both
    say nothing. NaN where the metric is not defined, such as AUC with one label only.
    """
    value = Sample(label, model).score(metric) - Sample(label, other).score(metric)
    spread = _differences(label, model, other, metric, seed)
    known = spread[np.isfinite(spread)]
    deviations = NormalDist().inv_cdf((1 + sure) / 2)
    reach = deviations * float(known.std()) if len(known) else np.nan
    value = metric.sign * value
    return Difference(value, value - reach, value + reach)


def _differences(
    label: pl.Series, model: pl.Series, other: pl.Series, metric: Metric, seed: int
) -> Array:
    """The scores of both on resamples of the same rows, one less the other's."""
    if isinstance(metric, Counted):
        counts, others = _resampled(label, model, other, seed)
        return metric.of(counts) - metric.of(others)
    rows, other_rows = as_arrays(label, model), as_arrays(label, other)
    drawn = weights(len(label), RESAMPLES, seed)
    return np.array(
        [metric.score(*rows, weight) - metric.score(*other_rows, weight) for weight in drawn]
    )


def _resampled(
    label: pl.Series, model: pl.Series, other: pl.Series, seed: int
) -> tuple[Tally, Tally]:
    """Resamples of the tallies of both, of the same rows, each shape (RESAMPLES, groups)."""
    rows = pl.DataFrame({"label": label, "model": model, "other": other}).with_columns(
        model_group=_groups(label, model), other_group=_groups(label, other)
    )
    cells = rows.group_by("model_group", "other_group", maintain_order=True).agg(
        pl.col("model", "other").mean(), positive=pl.col("label").sum(), rows=pl.len()
    )
    positive = cells["positive"].to_numpy()
    draw, shape = np.random.default_rng(seed).poisson, (RESAMPLES, len(cells))
    drawn = draw(positive, shape), draw(cells["rows"].to_numpy() - positive, shape)
    return _tally(rows, cells, drawn, "model"), _tally(rows, cells, drawn, "other")


def _groups(label: pl.Series, predicted: pl.Series) -> pl.Series:
    """Ascending groups of predictions, of about equal shares of positive or of negative rows.

    By both, since a rare label would else fill one group, in which no order is told.
    """
    _, place = np.unique(predicted.to_numpy(), return_inverse=True)
    positive = np.bincount(place, weights=label.cast(pl.Float64).to_numpy())
    parts = [
        (np.cumsum(counts) - counts) * GROUPS // max(counts.sum(), 1)
        for counts in (positive, np.bincount(place) - positive)
    ]
    return pl.Series((parts[0] * (GROUPS + 1) + parts[1]).astype(np.int64)[place])


def _tally(
    rows: pl.DataFrame,
    cells: pl.DataFrame,
    drawn: tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], ...],
    which: str,
) -> Tally:
    """The drawn counts by the groups of one of the models."""
    group = f"{which}_group"
    order = cells[group].arg_sort().to_numpy()
    starts = np.flatnonzero(np.diff(cells[group].to_numpy()[order], prepend=-1))
    mean = rows.group_by(group).agg(pl.col(which).mean()).sort(group)[which].to_numpy()
    positive, negative = (
        np.add.reduceat(counts[:, order], starts, axis=1).astype(np.float64) for counts in drawn
    )
    return Tally(mean, positive, negative)
