"""How good the model is, for whom, how sure that is, and what counts as good enough."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keel.judge.metrics.sample import Sample
from keel.judge.metrics.sums import Array
from keel.project.metric import Metric
from keel.project.settings import Evaluation
from keel.project.task import Task

MODELS = ("model", "baseline", "naive")  # the columns of what was predicted


Place = tuple[str, str, int, str]  # slice, value, rows and model of a score


@dataclass(frozen=True)
class Score:
    """A metric of a model on the rows of a slice, with its 95 % interval."""

    slice: str  # such as "carrier"; "all" for all rows
    value: str
    rows: int
    model: str  # "model", "baseline" or "naive"
    metric: str
    score: float | None  # None where it is not defined, such as AUC with one label only
    low: float | None
    high: float | None


def evaluate(
    task: Task, predictions: pl.DataFrame, settings: Evaluation, metrics: Mapping[str, Metric]
) -> list[Score]:
    """All metrics of model and baseline, on all rows and on each slice; of the naive guess on all.

    `predictions` has `label`, `model`, `baseline`, `naive` and the columns named in the settings;
    by `month` it is sliced too where it has that.
    """
    months = [name for name in ("month",) if name in predictions.columns]
    return [
        score
        for name, value, rows in sliced(predictions, [*months, *settings.slices])
        for model in MODELS[: None if name == "all" else 2]
        for score in _scores(
            Sample(task, rows["label"], rows[model]),
            settings,
            metrics,
            (name, value, len(rows), model),
        )
    ]


def sliced(predictions: pl.DataFrame, names: list[str]) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """All rows, then those of each value of each column, as (column, value, rows)."""
    yield "all", "all", predictions
    for name in names:
        for (value,), rows in sorted(
            predictions.group_by(name), key=lambda group: (group[0][0] is None, group[0][0])
        ):
            yield name, "unknown" if value is None else str(value), rows


def headline(scores: list[Score], model: str) -> dict[str, float | None]:
    """Each metric over all rows: what DVC compares."""
    return {
        score.metric: score.score
        for score in scores
        if score.slice == "all" and score.model == model
    }


def missed(
    scores: list[Score], settings: Evaluation, metrics: Mapping[str, Metric]
) -> Iterator[str]:
    """The floors that the model missed, each as a sentence; none means good enough."""
    for score in scores:
        whole = score.slice == "all"
        floor = (settings.floors if whole else settings.slice_floors).get(score.metric)
        large = whole or score.rows >= settings.smallest_slice
        if score.model != "model" or floor is None or score.score is None or not large:
            continue
        metric = metrics[score.metric]
        short = metric.sign * (floor - score.score)
        if short > 0:
            where = "all rows" if whole else f"{score.slice} = {score.value}"
            setting = f"evaluation.{'' if whole else 'slice_'}floors.{score.metric}"
            yield (
                f"{metric.title} on {where} is {score.score:.4f}: {short:.4f} "
                f"{'below' if metric.higher_is_better else 'above'} {setting} = {floor}"
            )


def with_interval(
    sample: Sample, metric: Metric, resamples: int, seed: int
) -> tuple[float, float, float]:
    """The score of a sample, and the ends of its 95 % interval; NaN where it is not defined."""
    score = sample.score(metric)
    low, high = interval(sample.resamples(metric, resamples, seed), score)
    return score, float(low), float(high)


def interval(samples: Array, score: float) -> tuple[float, float]:
    """The 95 % interval of a score, from the scores of resamples.

    Only their spread counts: grouping moves them a little, and chance itself is a calibration
    error, so that their mean can lie beside the score.
    """
    known = samples[np.isfinite(samples)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, [0.025, 0.975]) - known.mean() + score
    least = min(score, 0) if known.min() >= 0 else -np.inf
    return max(low, least), min(high, max(score, known.max()))


def _scores(
    sample: Sample, settings: Evaluation, metrics: Mapping[str, Metric], place: Place
) -> Iterator[Score]:
    for key, metric in metrics.items():
        scored = with_interval(sample, metric, settings.resamples, settings.seed)
        yield Score(*place, key, *map(_number, scored))


def _number(value: float) -> float | None:
    """The value to six digits, None where it is not defined."""
    return round(float(value), 6) if np.isfinite(value) else None
