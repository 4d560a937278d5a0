"""How good the predictions were, once their labels have come.

Rows of one day are alike: they share a storm or a strike. So whole days are drawn for an interval,
where there are enough of them; rows, as in the model's report, would say more than is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from TEAM.evaluation import GROUPS, METRICS, Array, Tally, resampled, tally

from keel.judge.shift import Array as Numbers
from keel.project.settings import Evaluation
from keel.serving.settings import Monitoring

FEWEST_DAYS = 14  # to draw from: two of each weekday


@dataclass(frozen=True)
class Quality:
    """A metric on the rows of some days, with its 95 % interval."""

    metric: str
    rows: int
    score: float
    low: float
    high: float

    def beyond(self, limit: float) -> bool:
        """Whether it is surely worse than a limit."""
        higher = METRICS[self.metric].higher_is_better
        return self.high < limit if higher else self.low > limit


@dataclass(frozen=True)
class Window:
    """The days up to `day`, with the model that was in use then."""

    day: date
    noticed: date  # when enough of its labels had come
    model: str
    quality: list[Quality]


def judgeable(facts: pl.DataFrame, settings: Monitoring) -> pl.DataFrame:
    """The rows to judge by: those with a label, of days of which enough labels have come.

    `enough_on` is the day on which that was so.
    """
    came = pl.col("known_on").sort(nulls_last=True)
    needed = (settings.labels * pl.len()).ceil().cast(pl.Int64).clip(1) - 1
    last = facts.filter("last")
    enough = last.group_by("day").agg(came.get(needed).alias("enough_on"))
    return (
        last.join(enough.drop_nulls(), on="day", how="inner", maintain_order="left")
        .filter("labelled", pl.col("label").is_not_null(), pl.col("probability").is_finite())
        .sort("day", maintain_order=True)
    )


def judged(rows: pl.DataFrame, metrics: Sequence[str], evaluation: Evaluation) -> list[Quality]:
    """The metrics of some judgeable rows; those that are not defined for them are left out."""
    if not len(rows):
        return []
    exact = tally(rows["label"], rows["probability"])
    drawn = _drawn(rows, evaluation)
    found = []
    for name in metrics:
        score = float(METRICS[name].score(exact)[0])
        samples = METRICS[name].score(drawn)
        known = samples[np.isfinite(samples)]
        if np.isfinite(score) and len(known):
            low, high = np.quantile(known, [0.025, 0.975]) - known.mean() + score
            found.append(Quality(name, len(rows), score, float(low), float(high)))
    return found


def windows(
    rows: pl.DataFrame, metrics: Sequence[str], settings: Monitoring, evaluation: Evaluation
) -> Iterator[Window]:
    """For each day with judgeable rows, those of the last `settings.window` days.

    Only those of the model that made the day's last prediction, and only if they are enough: a
    window that still fills with days waits until there are some to draw from.
    """
    days = rows["day"].to_numpy()
    began = dict(rows.group_by("model").agg(pl.col("day").min()).iter_rows())
    for (day,), today in rows.group_by("day", maintain_order=True):
        assert isinstance(day, date)  # noqa: S101 -- for the types
        first = day - timedelta(days=settings.window - 1)
        start, end = np.searchsorted(days, np.array([first, day + timedelta(days=1)], days.dtype))
        model = today["model"][-1]
        window = rows[int(start) : int(end)].filter(pl.col("model") == model)
        filling = began[model] >= first and window["day"].n_unique() < FEWEST_DAYS
        if len(window) >= settings.window_rows and not filling:
            noticed = window.filter(pl.col("day") == day)["enough_on"].max()
            assert isinstance(noticed, date)  # noqa: S101 -- for the types
            yield Window(day, noticed, model, judged(window, metrics, evaluation))


def _drawn(rows: pl.DataFrame, evaluation: Evaluation) -> Tally:
    """Bootstrap samples of the rows, (samples, groups): each day is drawn Poisson(1) times."""
    days = rows["day"].rank("dense").to_numpy() - 1
    count = int(days.max()) + 1
    if count < FEWEST_DAYS:
        counts = tally(rows["label"], rows["probability"], GROUPS)
        return resampled(counts, evaluation.resamples, evaluation.seed)
    group = _groups(rows["probability"])
    size = int(group.max()) + 1
    cell = days.astype(np.int64) * size + group
    positive = rows["label"].to_numpy().astype(np.float64)

    def by_day(weights: Numbers) -> Array:
        return np.bincount(cell, weights, count * size).reshape(count, size).astype(np.float64)

    draw = np.random.default_rng(evaluation.seed).poisson
    drawn = draw(1, (evaluation.resamples, count)).astype(np.float64)
    total = np.bincount(group, minlength=size)
    mean = np.bincount(group, rows["probability"].to_numpy(), size) / total
    return Tally(mean, drawn @ by_day(positive), drawn @ by_day(1 - positive))


def _groups(probability: pl.Series) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """About `GROUPS` equal groups of ascending probability, without empty ones."""
    rank = probability.rank("min").to_numpy().astype(np.int64)
    _, group = np.unique(rank * GROUPS // (len(rank) + 1), return_inverse=True)
    return np.asarray(group, np.int64)
