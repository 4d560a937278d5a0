"""Whether one prediction is better than another by more than chance."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl

from keel.judge.metrics.sample import Sample
from keel.project.metric import Metric
from keel.project.task import Task

RESAMPLES = 100


@dataclass(frozen=True)
class Difference:
    """How much better one is than the other, with its interval; negative is worse."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{signed(self.value)} ({signed(self.low)} to {signed(self.high)})"

    @property
    def verdict(self) -> str:
        """Better or worse by more than chance, and by how much; in few words, for a table."""
        if self.value == self.low == self.high == 0:
            return "the same"
        by = f"{plain(abs(self.value))} ± {plain(self.high - self.value)}"
        if self.low > 0 or self.high < 0:
            return f"{'better' if self.low > 0 else 'worse'} by {by}"
        return f"unclear: {'-' if self.value < 0 else '+'}{by}"


def difference(  # noqa: PLR0913 -- two predictions of a label, and how they are compared
    task: Task,
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

    Each resample draws the same rows for both, so that rows which are hard for both say nothing.
    NaN where the metric is not defined, such as AUC with one label only.
    """
    return gain(Sample(task, label, model), Sample(task, label, other), metric, seed, sure)


def gain(
    model: Sample, other: Sample, metric: Metric, seed: int = 1, sure: float = 0.95
) -> Difference:
    """The same of two samples of the same rows, which keep what they have worked out."""
    drawn, others = (sample.resamples(metric, RESAMPLES, seed) for sample in (model, other))
    known = (drawn - others)[np.isfinite(drawn - others)]
    deviations = NormalDist().inv_cdf((1 + sure) / 2)
    reach = deviations * float(known.std()) if len(known) else np.nan
    value = metric.sign * (model.score(metric) - other.score(metric))
    return Difference(value, value - reach, value + reach)


def signed(value: float) -> str:
    """A number with its sign, to four digits behind the point, or fewer if it is large."""
    return f"{'' if value < 0 else '+'}{plain(value)}"


def plain(value: float) -> str:
    """The same without the sign of what is positive."""
    return f"{value:,.{4 if abs(value) < 10 else 1}f}"
