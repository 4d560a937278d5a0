"""Rows for training, for the test and for quick tries, so that each class is among them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from statistics import median

import polars as pl

from keel.start.plan import Plan, Use
from keel.start.writing.measured import Rhythm, Split

FEW_ROWS = 2_000  # below, each row is tested once, by folds
FOLDS = 5
TESTED = 0.25  # share of the rows, about
LEAST_TESTED, MOST_TESTED = 0.1, 0.6  # which is that share at least and at most
ENOUGH = 10  # rows of a class on each side, where that can be had
QUICK = 2_000  # rows for quick tries
MOST_QUICK = 20_000
NO_CLASS = 3  # rank of a day that parts no class
STEPS = 20  # days with rows, to judge the quality by
ENOUGH_QUICK = 40  # rows of a class among them


def split_of(plan: Plan) -> Split:
    """By time where there is one, else by group, else by key; by folds where rows are few."""
    folds = FOLDS if plan.rows < FEW_ROWS else None
    group, time = plan.named(Use.GROUP), plan.named(Use.TIME)
    if group and (not time or plan.answers.get("group")):
        enough = group[0].distinct >= FOLDS
        return Split("group", column=group[0].identifier, folds=folds if enough else None)
    if time:
        first, last = day_of(time[0].low), day_of(time[0].high)
        return Split("time", test_from=first + (last - first) * 3 // 4)
    return Split("key", folds=folds)


def first_test_day(days: pl.Series, classes: pl.Series | None) -> date:
    """The day from which rows test the model: about a quarter of them, best from a month's first.

    With classes, one that leaves each of them on both sides, if there is any: also one that leaves
    few rows to learn from.
    """
    rows = pl.DataFrame({"day": days, "class": pl.repeat("", len(days), eager=True)})
    rows = rows if classes is None else rows.with_columns(classes.alias("class"))
    ordered: list[date] = days.drop_nulls().sort().to_list()
    first, quarter, last = ordered[0], ordered[len(ordered) * 3 // 4], ordered[-1]
    ranks = {day: _rank(rows, day) for day in _candidates(rows["day"])}
    best = min(ranks, key=lambda day: ranks[day], default=None)
    if best is None or ranks[best][0] == NO_CLASS:
        return quarter if quarter > first else last
    return best


def _rank(rows: pl.DataFrame, day: date) -> tuple[int, int, float]:
    """How far a day is from a good one: by the classes on both sides, then by its share."""
    share, fewest = share_from(rows["day"], day), _fewest(rows, day)
    usual, near = LEAST_TESTED <= share <= MOST_TESTED, 0.15 < share < 0.4
    classes = NO_CLASS if not fewest else 2 if not usual else 1 if fewest < ENOUGH else 0
    return classes, 2 if not near else 1 if day.day != 1 else 0, abs(share - TESTED)


def _candidates(days: pl.Series) -> Iterator[date]:
    """The first of each month, and some days between."""
    ordered = days.unique().sort()
    yield from ordered.dt.month_start().unique().sort()[1:]
    yield from ordered.gather_every(max(1, len(ordered) // 100))[1:]


def share_from(days: pl.Series, day: date) -> float:
    """The share of the rows that are of this day or later."""
    share = (days >= day).mean()
    return float(share) if isinstance(share, int | float) else 0.0


def _fewest(rows: pl.DataFrame, day: date) -> int:
    """How many rows the rarest class has on the side where it has fewest."""
    later = pl.col("day") >= day
    counts = rows.group_by("class").agg(later.sum().alias("test"), (~later).sum().alias("train"))
    return int(counts.select(pl.min_horizontal("test", "train").min()).item())


def rhythm(days: pl.Series) -> Rhythm:
    """How often there are rows, of their days: one for each row.

    Where there are rows once a month, a label comes a month later, and four weeks show nothing.
    """
    steps = days.unique().sort().diff().drop_nulls().dt.total_days().to_list() or [1]
    longest, usual = max(steps), int(median(steps))
    window = max(28, STEPS * usual)
    rows = len(days) * window // sum(steps)
    return Rhythm(
        gap=max(7, 2 * longest),
        window=window,
        window_rows=max(10, min(1_000, rows * 3 // 4)),
        label_days=max(7, 2 * longest),
    )


def enough_rows(classes: pl.Series | None) -> int:
    """How many rows are enough for quick tries: so many that each class is among them."""
    if classes is None:
        return QUICK
    counts = classes.drop_nulls().value_counts()["count"]
    rarest = int(counts.cast(pl.Int64).sort()[0])
    needed = math.ceil(ENOUGH_QUICK * len(classes) / rarest)
    return min(MOST_QUICK, max(QUICK, math.ceil(needed / 1000) * 1000))


def day_of(value: date | datetime) -> date:
    """The day of a date or a moment."""
    return value.date() if isinstance(value, datetime) else value
