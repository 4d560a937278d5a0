"""How good the model is, for whom, how sure that is, and what counts as good enough.

To add a metric, write a function of a `Tally` and name it in `METRICS`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from .settings import Evaluation

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

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
        places = [(one.cum_sum() - one) * groups / one.sum() for one in (label, 1 - label)]
        rows = rows.with_columns(place=pl.mean_horizontal(one.fill_nan(None) for one in places))
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


@dataclass(frozen=True)
class Metric:
    """A score with its name for people."""

    title: str
    score: Callable[[Tally], Array]
    higher_is_better: bool


METRICS = {
    "auc": Metric("AUC", auc, higher_is_better=True),
    "average_precision": Metric("average precision", average_precision, higher_is_better=True),
    "log_loss": Metric("log loss", log_loss, higher_is_better=False),
    "calibration_error": Metric("calibration error", calibration_error, higher_is_better=False),
}


@dataclass(frozen=True)
class Score:
    """A metric of a model on the rows of a slice, with its 95 % interval."""

    slice: str  # such as "carrier"; "all" for all rows
    value: str
    rows: int
    model: str  # "model" or "baseline"
    metric: str
    score: float | None  # None where it is not defined, such as AUC with one label only
    low: float | None
    high: float | None


def evaluate(predictions: pl.DataFrame, settings: Evaluation) -> list[Score]:
    """All metrics of model and baseline, on all rows and on each slice.

    `predictions` has `label`, `model`, `baseline`, `month` and the columns named in the settings.
    """
    return [
        score
        for name, value, rows in sliced(predictions, ["month", *settings.slices])
        for model in ("model", "baseline")
        for score in _scores(name, value, rows, model, settings)
    ]


def sliced(predictions: pl.DataFrame, names: list[str]) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """All rows, then those of each value of each column, as (column, value, rows)."""
    yield "all", "all", predictions
    for name in names:
        for (value,), rows in sorted(
            predictions.group_by(name), key=lambda group: (group[0][0] is None, group[0][0])
        ):
            yield name, "unknown" if value is None else str(value), rows


def missed(scores: list[Score], settings: Evaluation) -> list[str]:
    """The floors that the model missed, each as a sentence; none means good enough."""
    found = []
    for score in scores:
        whole = score.slice == "all"
        floor = (settings.floors if whole else settings.slice_floors).get(score.metric)
        large = whole or score.rows >= settings.smallest_slice
        if score.model != "model" or floor is None or score.score is None or not large:
            continue
        higher = METRICS[score.metric].higher_is_better
        short = floor - score.score if higher else score.score - floor
        if short > 0:
            where = "all rows" if whole else f"{score.slice} = {score.value}"
            setting = f"evaluation.{'' if whole else 'slice_'}floors.{score.metric}"
            found.append(
                f"{METRICS[score.metric].title} on {where} is {score.score:.4f}: "
                f"{short:.4f} {'below' if higher else 'above'} {setting} = {floor}"
            )
    return found


def _scores(
    name: str, value: str, rows: pl.DataFrame, model: str, settings: Evaluation
) -> Iterator[Score]:
    exact = tally(rows["label"], rows[model])
    samples = resampled(
        tally(rows["label"], rows[model], GROUPS), settings.resamples, settings.seed
    )
    for key, metric in METRICS.items():
        score = metric.score(exact)[0]
        low, high = _interval(metric.score(samples), score)
        yield Score(name, value, len(rows), model, key, _number(score), _number(low), _number(high))


def _interval(samples: Array, score: float) -> tuple[float, float]:
    """The 95 % interval of a score, from the scores of resamples.

    Only their spread counts: grouping moves them a little, and chance itself is a calibration
    error, so that their mean can lie beside the score.
    """
    known = samples[np.isfinite(samples)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, [0.025, 0.975]) - known.mean() + score
    return max(low, min(score, 0)), min(high, max(score, known.max()))


def _ratio(numerator: Array, denominator: Array) -> Array:
    """The ratio, NaN where the denominator is 0."""
    return numerator / np.where(denominator == 0, np.nan, denominator)


def _number(value: float) -> float | None:
    """The value to six digits, None where it is not defined."""
    return round(float(value), 6) if np.isfinite(value) else None
