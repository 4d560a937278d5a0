"""Ids that put rows in an order, units that change, and values that stand for unknown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from keel.start.looking.facts import Counted
from keel.start.looking.kinds import DATED, NUMERIC
from keel.start.looking.roles import DISCRETE, GROUPS, is_id
from keel.start.plan import Caution, Column, Type, Use, short

ORDERED = 0.5  # rank correlation
IN_COMMON, ALIKE = 0.3, 0.9  # of what a label and a feature differ, between ids
JUMP = 5  # times, between medians
FACTORS = (7, 10, 12, 24, 60, 100, 1_000, 3_600, 2.54, 2.2046, 1.609, 3.281, 30.48, 39.37, 28.35)
PARTS = 10  # of the rows in the order of time
USED = {Use.FEATURE, Use.SLICE, Use.TARGET}
# What people write for unknown: -1, 0, 99, 888, -9999, and the first or last day of something. Such
# a value is apart from the others by a part of all that these span; any other by three times that.
CODE = re.compile(r"-?([7-9])\1+|-1|-?9|0|.*-(01-01|12-3[01]|11-11|09-09)")
APART, FAR_APART = 0.22, 3.0
REPEATED, OTHERS = 4, 10  # rows at least, and different other values
Array = npt.NDArray[np.float64]


def of_order(counted: Counted, columns: Sequence[Column], target: Array) -> Iterator[Caution]:
    """Ids that rise or fall with the target or the time: the order of the rows says something."""
    times = [column.name for column in columns if column.use == Use.TIME]
    for column in columns:
        facts = counted.facts[column.name]
        if facts.type != Type.WHOLE or not (
            column.use == Use.KEY or is_id(column.name) or counted.is_counter(column.name)
        ):
            continue
        ranks = counted.sample[column.name]
        goal = next(each.name for each in columns if each.use == Use.TARGET)
        others = {goal: pl.Series(target), **{name: counted.sample[name] for name in times}}
        for name, values in others.items():
            rho = _rank_correlation(ranks, values)
            if abs(rho) >= ORDERED:
                yield Caution(
                    column.name or "(without a name)",
                    f"this id {'rises' if rho > 0 else 'falls'} with {name} (rank correlation "
                    f"{rho:.2f}): the rows are in an order",
                    "never make it a feature"
                    + ("" if name != goal else ", and find out why the rows are sorted"),
                )


def _rank_correlation(first: pl.Series, second: pl.Series) -> float:
    both = pl.DataFrame({"first": first.to_physical(), "second": second.to_physical()})
    both = both.select(pl.all().cast(pl.Float64).fill_nan(None)).drop_nulls()
    if len(both) < PARTS or both["first"].n_unique() < 2 or both["second"].n_unique() < 2:
        return 0.0
    return float(both.select(pl.corr("first", "second", method="spearman")).item() or 0.0)


def of_groups(
    counted: Counted, columns: Sequence[Column], target: Array, split_by: str
) -> Iterator[Caution]:
    """Ids of which several rows have the label or features in common, which the split parts."""
    goal = next(column.name for column in columns if column.use == Use.TARGET)
    for column in columns:
        facts = counted.facts[column.name]
        is_key = column.use == Use.KEY
        repeats = is_id(column.name) and GROUPS <= facts.distinct < facts.present and not is_key
        if not repeats or column.name == split_by or facts.type not in DISCRETE:
            continue
        shared = _in_common(counted.sample[column.name], pl.Series(target))
        what = goal
        for other in columns if shared < IN_COMMON else ():
            if other.use == Use.FEATURE and other.type in NUMERIC and other.name != column.name:
                values = counted.sample[other.name].cast(pl.Float64)
                if (share := _in_common(counted.sample[column.name], values)) >= ALIKE:
                    shared, what = share, other.name
                    break
        if shared >= IN_COMMON:
            yield Caution(
                column.name,
                f"rows of one {column.name} have {what} in common: {shared:.0%} of its variance "
                f"lies between the {facts.distinct:,} of them",
                f"--group {shlex.quote(column.name)} keeps all rows of one on one side of the "
                "split: scores are then those for new ones, and now those for known ones",
            )


def _in_common(ids: pl.Series, values: pl.Series) -> float:
    """The share of the variance that lies between ids and not within: 0 for ids by chance."""
    rows = pl.DataFrame({"id": ids, "value": values.fill_nan(None)}).drop_nulls()
    rows = rows.filter(pl.col("value").is_finite(), pl.len().over("id") > 1)
    apart = rows.select(pl.col("value") - pl.col("value").mean().over("id")).to_series()
    free, total = len(rows) - rows["id"].n_unique(), rows["value"].var()
    if free < GROUPS or not isinstance(total, float) or not total:
        return 0.0
    return 1 - float(apart.pow(2).sum()) / free / total


def of_units(counted: Counted, columns: Sequence[Column]) -> Iterator[Caution]:
    """Numbers whose unit seems to change: over time, or between rows."""
    times = [column.name for column in columns if column.use == Use.TIME]
    for column in columns:
        facts = counted.facts[column.name]
        if facts.type not in NUMERIC or column.use not in USED or facts.distinct <= 20:
            continue
        values = counted.sample[column.name].cast(pl.Float64)
        jump = _jump(values, counted.sample[times[0]]) if times else ""
        sentence = jump or _two_scales(values)
        if sentence:
            yield Caution(column.name, sentence, "ask whether the unit changed, and write one")


def _jump(values: pl.Series, times: pl.Series) -> str:
    """A level that is at once several times as high or low, and stays so."""
    frame = pl.DataFrame({"value": values, "time": times}).drop_nulls().sort("time")
    if len(frame) < 10 * PARTS:
        return ""
    part = (pl.int_range(pl.len()) * PARTS // pl.len()).alias("part")
    medians = (
        frame.group_by(part)
        .agg(
            pl.col("value").median(),
            low=pl.col("value").quantile(0.05),
            high=pl.col("value").quantile(0.95),
        )
        .sort("part")
    )
    value, low, high = (medians[name].to_numpy() for name in ("value", "low", "high"))
    for at in range(1, PARTS):
        before, after = value[:at], value[at:]
        apart = low[at:].min() > high[:at].max() or high[at:].max() < low[:at].min()
        if apart and min(before.min(), after.min()) > 0:
            ratio = float(np.median(after) / np.median(before))
            if max(ratio, 1 / ratio) >= JUMP:
                when = frame["time"][len(frame) * at // PARTS]
                return (
                    f"its median goes from {np.median(before):.4g} to {np.median(after):.4g} about "
                    f"{when}, and stays there"
                )
    return ""


def _two_scales(values: pl.Series) -> str:
    """Positive values in two heaps, one a known factor from the other, and as wide as it."""
    numbers = values.drop_nulls().to_numpy()
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 10 * PARTS or (numbers <= 0).any():
        return ""
    logs = np.sort(np.log10(numbers))
    gaps = np.diff(logs)
    at = int(gaps.argmax()) + 1
    small, great = logs[:at], logs[at:]
    if (
        min(len(small), len(great)) < max(5, 0.01 * len(logs))
        or min(np.ptp(small), np.ptp(great)) == 0
    ):
        return ""
    wide = max(np.ptp(small), np.ptp(great))
    factor = 10 ** float(np.median(great) - np.median(small))
    known = min(abs(np.log10(factor / each)) for each in FACTORS)
    if gaps.max() < 0.3 or gaps.max() < wide / 2 or known > 0.08:
        return ""
    return (
        f"its values lie in two heaps: {len(small):,} about {10 ** np.median(small):.4g} and "
        f"{len(great):,} about {10 ** np.median(great):.4g}, {factor:.3g} times as much"
    )


def of_unknown(counted: Counted, columns: Sequence[Column]) -> Iterator[Caution]:
    """Values that many rows have, far from all others: maybe they stand for unknown."""
    for column in columns:
        facts = counted.facts[column.name]
        if facts.type not in NUMERIC | DATED or column.use not in USED | {Use.TIME}:
            continue
        counts = counted.sample[column.name].drop_nulls().value_counts().sort(column.name)
        if facts.type == Type.NUMBER:
            counts = counts.cast({column.name: pl.Float64})
            counts = counts.filter(pl.col(column.name).is_finite())
        values, rows = counts[column.name], counts["count"].to_numpy()
        first, last = _outermost(values, rows)
        inner = values[first : len(values) - last]
        outer = [*range(first), *range(len(values) - last, len(values))]
        if outer:
            shares = (f"{short(values[at])} in {rows[at] / rows.sum():.2%}" for at in outer)
            yield Caution(
                column.name,
                f"it is {' and '.join(shares)} of the rows, and {short(inner[0])} to "
                f"{short(inner[-1])} in all others",
                "ask whether that stands for unknown; docs/how-to.md says how it becomes null",
            )


def _outermost(values: pl.Series, rows: Array) -> tuple[int, int]:
    """How many of the least and of the greatest values, which are in order, are far from others."""
    numbers = values.to_physical().cast(pl.Float64).to_numpy()
    texts = [short(value).replace(",", "") for value in (*values.head(3), *values.tail(3))]
    last = _ends(-numbers[::-1], rows[::-1], texts[::-1])
    first = _ends(numbers[: len(numbers) - last], rows, texts)
    return first, last


def _ends(numbers: Array, rows: Array, texts: Sequence[str]) -> int:
    """How many of the first three numbers, which rise, are far from those after them."""
    for size in (3, 2, 1):
        if len(numbers) - size < OTHERS or rows[:size].min() < REPEATED:
            continue
        span, gap = np.ptp(numbers[size:]), numbers[size] - numbers[size - 1]
        codes = all(CODE.fullmatch(text) for text in texts[:size])
        below_0 = codes and numbers[size - 1] < 0 <= numbers[size] and rows[size - 1] > rows[size]
        if below_0 or gap >= (APART if codes else FAR_APART) * span:
            return size
    return 0
