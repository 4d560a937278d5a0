"""Ids that put rows in an order, and units that change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from keel.start.looking.facts import Counted
from keel.start.looking.kinds import NUMERIC
from keel.start.looking.roles import is_id
from keel.start.plan import Caution, Column, Type, Use

ORDERED = 0.5  # rank correlation
JUMP = 5  # times, between medians
FACTORS = (7, 10, 12, 24, 60, 100, 1_000, 3_600, 2.54, 2.2046, 1.609, 3.281, 30.48, 39.37, 28.35)
PARTS = 10  # of the rows in the order of time
USED = {Use.FEATURE, Use.SLICE, Use.TARGET}
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
