"""How the quality of a model falls as it ages, and when to train it again."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no types

from keel.judge.gates import scale
from keel.judge.metrics.sample import score
from keel.model.inputs import categories, model_inputs
from keel.model.predictor import Predictor
from keel.project.description import Project
from keel.project.learning import Learner
from keel.project.metric import Metric
from keel.project.settings import Staleness

HORIZON = 6  # models, each a month older than the next: the first is judged on as many months
JUDGED = 2_500  # rows of each of these months
DEVIATIONS = (12.706, 4.303, 3.182, 2.776, 2.571)  # Student's t for 1 to 5 degrees of freedom


@dataclass(frozen=True)
class Aged:
    """The first metric of a model on a month that came `age` months after its training."""

    trained_to: str
    month: str
    age: int
    score: float


def staleness(
    project: Project,
    examples: pl.DataFrame,
    learner: Learner,
    settings: Staleness,
    metric: Metric,
) -> dict[str, Any]:
    """What a model loses of the metric with each month of age, and when to train it again.

    Models of several months are judged on later ones. Months differ in how hard they are, so that
    score = month - loss(age) is fitted to all pairs by least squares, where a model that is a month
    old loses 0: once with a loss for each age, and once with the same for each month more.
    """
    with threadpool_limits(1):  # so few rows fit four times as fast on one thread as on two
        scores = list(_scores(project, examples, learner, settings, metric))
    sign, tolerated = metric.sign, settings.loss * _scale(project, examples, metric)
    ages = sorted({score.age for score in scores})
    by_age = _lost(
        scores, sign, [[float(score.age == age) for age in ages[1:]] for score in scores]
    )
    slope = _slope(scores, sign)
    ageing = slope is not None and slope["low"] > 0  # more than chance
    return {
        "models": len({score.trained_to for score in scores}),
        "scores": [asdict(score) for score in scores],
        "losses": [{"age": age, **loss} for age, loss in zip(ages[1:], by_age, strict=False)],
        "loss_a_month": slope,
        "tolerated": tolerated,
        "retrain_after": 1 + int(tolerated / slope["loss"]) if slope and ageing else None,
    }


def _scores(
    project: Project,
    examples: pl.DataFrame,
    learner: Learner,
    settings: Staleness,
    metric: Metric,
) -> Iterator[Aged]:
    task, features = project.task, project.features
    by_month = examples.with_columns(project.month.alias("month")).partition_by(
        "month", as_dict=True, include_key=False, maintain_order=True
    )
    months = sorted(name for (name,) in by_month)
    for end in range(settings.months, len(months))[-HORIZON:]:
        window = pl.concat(by_month[month,] for month in months[end - settings.months : end])
        sample = _some(window, settings.rows)
        label = task.labels(sample[project.label])
        if task.problem(label):
            continue
        known = categories(features, sample)
        inputs = model_inputs(features, sample, known)
        model = learner.fit(inputs, label, lambda _done, _of: None)
        predictor = Predictor(model, features, known, task)
        for month in months[end : end + HORIZON]:
            rows = _some(by_month[month,], JUDGED)
            labels = task.labels(rows[project.label])
            result = score(task, metric, labels, predictor.predict(rows))
            if np.isfinite(result):
                age = _months(month) - _months(months[end - 1])
                yield Aged(months[end - 1], month, age, round(result, 6))


def _scale(project: Project, examples: pl.DataFrame, metric: Metric) -> float:
    """What a loss is a share of."""
    label = project.task.labels(examples[project.label])
    guess = project.task.naive(label).new_from_index(0, len(label))
    return scale(project.task, metric, label, guess)


def _lost(scores: list[Aged], sign: int, ageing: list[list[float]]) -> list[dict[str, float]]:
    """The effect of each column of `ageing`, with its 95 % interval; none if there are too few."""
    months = sorted({score.month for score in scores})
    design = np.array(
        [
            [float(score.month == month) for month in months] + columns
            for score, columns in zip(scores, ageing, strict=True)
        ]
    )
    if not len(design) or len(design) <= design.shape[1]:
        return []
    observed = np.array([score.score for score in scores])
    fitted, *_ = np.linalg.lstsq(design, observed)
    noise = np.sum((observed - design @ fitted) ** 2) / (len(design) - design.shape[1])
    reach = 1.96 * np.sqrt(noise * np.diag(np.linalg.pinv(design.T @ design)))
    return [
        {
            name: round(float(times * error - sign * effect), 6)
            for name, times in (("loss", 0), ("low", -1), ("high", 1))
        }
        for effect, error in zip(fitted[len(months) :], reach[len(months) :], strict=True)
    ]


def _some(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """At most so many rows, at random: every n-th could always be of the same kind."""
    return rows.sample(min(most, len(rows)), seed=1)


def _slope(scores: list[Aged], sign: int) -> dict[str, float] | None:
    """What a month of age costs, with its 95 % interval; None with fewer than four models.

    The scores of a model are alike, so whole models are left out in turn: the jackknife.
    """
    models = sorted({score.trained_to for score in scores})
    if len(models) < 4 or not (whole := _lost(scores, sign, _linear(scores))):
        return None
    left = [[score for score in scores if score.trained_to != model] for model in models]
    without = [part[0]["loss"] for rest in left if (part := _lost(rest, sign, _linear(rest)))]
    if len(without) < len(models):
        return None
    deviations = DEVIATIONS[min(len(models) - 2, len(DEVIATIONS) - 1)]
    reach = deviations * float(np.std(without)) * np.sqrt(len(models) - 1)
    loss = whole[0]["loss"]
    return {"loss": loss, "low": round(loss - reach, 6), "high": round(loss + reach, 6)}


def _linear(scores: list[Aged]) -> list[list[float]]:
    return [[score.age - 1.0] for score in scores]


def _months(name: str) -> int:
    """The number of a month such as 2013-07, to count how many lie between two."""
    return int(name[:4]) * 12 + int(name[5:])
