"""How good the predictions were, once their labels have come.

Rows of one day are alike: they share a storm or a strike. So whole days are drawn for an interval,
where there are enough of them; rows, as in the model's report, would say more than is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from keel.judge.metrics.known import metrics_of
from keel.judge.metrics.sample import Sample
from keel.judge.scores import with_interval
from keel.project.description import Project
from keel.project.metric import Metric
from keel.project.settings import Evaluation
from keel.project.task import Task
from keel.serving.settings import Monitoring

FEWEST_DAYS = 14  # to draw from: two of each weekday


@dataclass(frozen=True)
class Quality:
    """A metric on the rows of some days up to `day`, all of a model or a slice's, and its interval.

    The interval is that of 95 %.
    """

    name: str
    metric: Metric
    rows: int
    score: float
    low: float
    high: float
    day: date
    noticed: date  # when enough of its labels had come
    model: str = ""
    month: str = ""
    slice: str = "all"
    value: str = "all"

    @property
    def figures(self) -> dict[str, float]:
        """Rows, score and interval, by these names."""
        return {"rows": self.rows, "score": self.score, "low": self.low, "high": self.high}

    def misses(self, floor: float) -> bool:
        """Whether its value is worse than a floor, which may be by chance."""
        return self.metric.sign * (floor - self.score) > 0

    def surely_misses(self, floor: float) -> bool:
        best = self.high if self.metric.higher_is_better else self.low
        return self.metric.sign * (floor - best) > 0

    def worded(self, floor: float, where: str = "") -> str:
        """The score, of the rows that `where` names, and what it should be."""
        wanted = f"at {'least' if self.metric.higher_is_better else 'most'} {floor}"
        score = f"{self.score:.3f} ({self.low:.3f} to {self.high:.3f})"
        return f"{self.metric.title} is {score}{where}, and should be {wanted}"


def judgeable(facts: pl.DataFrame, settings: Monitoring) -> pl.DataFrame:
    """The rows to judge by: those with a label, of days of which enough labels have come.

    `enough_on` is the day on which that was so.
    """
    came = pl.col("known_on").sort(nulls_last=True)
    needed = (settings.labels * pl.len()).ceil().cast(pl.Int64).clip(1) - 1
    needed_of = ("line", "day", "model", "label", "prediction", "known_on")
    last = facts.lazy().filter("last").select(needed_of).collect()
    enough = last.group_by("day").agg(came.get(needed).alias("enough_on"))
    return (
        last.join(enough.drop_nulls(), on="day", how="inner", maintain_order="left")
        .filter(pl.col("label").is_not_null(), pl.col("prediction").is_not_null())
        .sort("day", maintain_order=True)
        .drop("known_on")
    )


def judged(
    task: Task,
    rows: pl.DataFrame,
    metrics: Mapping[str, Metric],
    evaluation: Evaluation,
    **which: Any,
) -> Iterator[Quality]:
    """The metrics of some judgeable rows; those that are not defined for them are left out.

    `which` rows these are, by the names of `Quality`.
    """
    enough = rows["day"].n_unique() >= FEWEST_DAYS
    days = rows["day"].rank("dense").to_numpy().astype(np.int64) - 1 if enough else None
    sample = Sample(task, rows["label"], rows["prediction"], days)
    for name, metric in metrics.items():
        scored = with_interval(sample, metric, evaluation.resamples, evaluation.seed)
        if np.isfinite(scored).all():
            yield Quality(name, metric, len(rows), *scored, **which)


def windows(
    project: Project, rows: pl.DataFrame, settings: Monitoring, evaluation: Evaluation
) -> Iterator[Quality]:
    """For each day with judgeable rows, the quality of the last `settings.window` days.

    Only those of the model that made the day's last prediction, and only if they are enough: a
    window that still fills with days waits until there are some to draw from.
    """
    metrics = _chosen(project, evaluation, evaluation.floors)
    began = dict(rows.group_by("model").agg(pl.col("day").min()).iter_rows())
    for (day,), today in rows.group_by("day", maintain_order=True):
        assert isinstance(day, date)  # noqa: S101 -- for the types
        first = day - timedelta(days=settings.window - 1)
        model = today["model"][-1]
        window = rows.filter(pl.col("day").is_between(first, day), pl.col("model") == model)
        filling = began[model] >= first and window["day"].n_unique() < FEWEST_DAYS
        if len(window) >= settings.window_rows and not filling:
            which = {"day": day, "noticed": today["enough_on"].max(), "model": model}
            yield from judged(project.task, window, metrics, evaluation, **which)


def parts(
    project: Project, rows: pl.DataFrame, slices: pl.DataFrame, evaluation: Evaluation
) -> Iterator[Quality]:
    """The quality of each month, and of each slice of it that is large enough.

    `slices` has a row for each line of the log; of a month at a time, since texts take memory.
    """
    whole, sliced = (
        _chosen(project, evaluation, floors)
        for floors in (evaluation.floors, evaluation.slice_floors)
    )
    months = rows["day"].dt.truncate("1mo")
    for first in months.unique(maintain_order=True):
        part, month = rows.filter(months == first), f"{first:%Y-%m}"
        values = slices[part["line"]] if slices.width else slices
        values = values.select(pl.all().cast(pl.String).name.prefix("slice "))
        part = pl.concat([part, values], how="horizontal")
        days = {"day": part["day"].max(), "noticed": part["enough_on"].max(), "month": month}
        yield from judged(project.task, part, whole, evaluation, **days)
        for name in slices.columns:
            for (value,), some in sorted(part.group_by(f"slice {name}"), key=str):
                if len(some) >= evaluation.smallest_slice:
                    which = {**days, "slice": name, "value": str(value)}
                    yield from judged(project.task, some, sliced, evaluation, **which)


def _chosen(
    project: Project, evaluation: Evaluation, floors: Mapping[str, float]
) -> dict[str, Metric]:
    """The first metric, and those that have a floor."""
    metrics = metrics_of(project, evaluation)
    return {name: metrics[name] for name in [next(iter(metrics)), *floors]}
