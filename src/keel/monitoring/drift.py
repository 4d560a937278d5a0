"""How far what the service was asked is from what its model learnt from, day by day.

Days with few rows are put together until they have enough. Numbers are compared by their tenths in
training, which is additive, so that each day costs as much as its own rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from keel.judge.shift import YEAR, binned, index, tenths
from keel.monitoring.observed import Observed
from keel.project.task import Task
from keel.serving.settings import Monitoring

KINDS = ("nulls", "same")
PROFILE = {
    "column": pl.String,
    "block": pl.Date,
    "rows": pl.UInt32,
    **{f"{kind}{suffix}": pl.Float64 for kind in KINDS for suffix in ("", "_low")},
}
HIGHEST = 0.9  # a column of which more is unknown is always a finding, however bad training was


@dataclass(frozen=True)
class Learnt:
    """The training examples with their days, which are None where there is no time.

    `scores` are what is watched of the model's predictions for some of them, by name.
    """

    examples: pl.DataFrame
    days: pl.Series | None
    scores: Mapping[str, pl.Series] = field(default_factory=dict)

    @property
    def covers_a_year(self) -> bool:
        """Whether training has seen all seasons, or there are none: else any of them is a shift."""
        if self.days is None:
            return True
        first, last = self.days.min(), self.days.max()
        return isinstance(first, date) and isinstance(last, date) and (last - first).days >= YEAR


def blocks(days: pl.Series, enough: int) -> pl.Series:
    """For each row the last day of its block: as many days as have enough rows, the rest null."""
    last: dict[date, date] = {}
    waiting: list[date] = []
    rows = 0
    for day, count in days.value_counts(name="rows").sort(days.name).iter_rows():
        waiting.append(day)
        rows += count
        if rows >= enough:
            last.update(dict.fromkeys(waiting, day))
            waiting, rows = [], 0
    return days.replace_strict(last, default=None, return_dtype=pl.Date)


def profile(examples: pl.DataFrame, block: pl.Series) -> pl.DataFrame:
    """For each column and block its `rows`, and the shares `nulls` and, of a number, the `same`.

    `nulls_low` and `same_low` are what these shares surely are.
    """
    parts = [pl.DataFrame(schema=PROFILE)]
    for column in examples:
        value = pl.col("value")
        most = value.drop_nulls().unique_counts().max()
        same = most if column.dtype.is_numeric() else pl.lit(None)
        rows = pl.DataFrame({"block": block, "value": column}).drop_nulls("block")
        counted = rows.group_by("block").agg(rows=pl.len(), nulls=value.null_count(), same=same)
        shares = [
            share.cast(pl.Float64).alias(f"{count}{suffix}")
            for count in KINDS
            for share, suffix in (
                (pl.col(count) / pl.col("rows"), ""),
                (surely(pl.col(count), pl.col("rows")), "_low"),
            )
        ]
        parts.append(counted.select(pl.lit(column.name).alias("column"), "block", "rows", *shares))
    return pl.concat(parts).sort("column", "block")


def unmeasured(examples: pl.DataFrame, measured: Sequence[str]) -> pl.Series:
    """Which rows have no measurement at all: what they are looked up in has none for them."""
    if not measured:
        return pl.Series([False]).new_from_index(0, len(examples))
    return examples.select(pl.all_horizontal(pl.col(measured).is_null())).to_series()


def usual(
    learnt: Learnt, inputs: Sequence[str], measured: Sequence[str], settings: Monitoring
) -> dict[str, dict[str, float]]:
    """Up to which share a column's `nulls` and `same` are nothing new, by the settings.

    "" is for the share of rows that are `unmeasured`. Nothing is new either that training had as
    many days in a row as are needed to say so, unless it is nearly all rows.
    """
    block = pl.repeat(date.min, len(learnt.examples), dtype=pl.Date, eager=True)
    if learnt.days is not None:
        block = blocks(learnt.days, settings.rows)
    shares = profile(learnt.examples.select(inputs), block)
    limits: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        tolerated = getattr(settings, kind)
        worst = pl.col(kind).rolling_min(settings.in_a_row).max().over("column")
        mean = ((pl.col(kind) * pl.col("rows")).sum() / pl.col("rows").sum()).over("column")
        both = shares.select("column", mean=mean, worst=worst).unique().drop_nulls("mean")
        for name, share, highest in both.iter_rows():
            if tolerated is not None:
                limit = max(share + tolerated, min(highest or 0, HIGHEST))
                limits.setdefault(name, {})[kind] = limit
    if settings.nulls is not None:
        missing = int(unmeasured(learnt.examples, measured).sum())
        share = missing / max(len(learnt.examples), 1)
        limits[""] = {"unmeasured": settings.nulls + share}
    return limits


def stabilities(
    task: Task, seen: Observed, learnt: Learnt, settings: Monitoring
) -> Iterator[tuple[str, date, float]]:
    """The stability index of each number and of the scores, over a sliding window of days."""
    days = seen.facts["day"].unique().sort().to_numpy()
    place = np.searchsorted(days, seen.facts["day"].to_numpy())
    first = np.searchsorted(days, days - np.timedelta64(settings.window - 1, "D"))
    pairs = [(name, learnt.examples[name], seen.examples[name]) for name in seen.inputs]
    scores = task.scores(seen.facts["prediction"])
    pairs += [(f"its {name}", score, scores[name]) for name, score in learnt.scores.items()]
    for name, before, after in pairs:
        if not before.dtype.is_numeric():
            continue
        edges = tenths(before)
        daily = [binned(after.filter(pl.Series(place == n)), edges) for n in range(len(days))]
        total = np.cumsum([np.zeros(len(edges) + 1), *daily], axis=0)
        old = binned(before, edges)
        for n, day in enumerate(days.tolist()):
            yield name, day, index(old, total[n + 1] - total[first[n]])


def surely(count: pl.Expr, rows: pl.Expr) -> pl.Expr:
    """The lower end of the 95 % interval of a share.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    share, z = count / rows, 1.96
    middle = share + z**2 / (2 * rows)
    reach = z * (share * (1 - share) / rows + z**2 / (4 * rows**2)).sqrt()
    return ((middle - reach) / (1 + z**2 / rows)).clip(0)
