"""Whether a table's times are what they say: local times called UTC, or a clock that was moved."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from keel.data.profile.counts import Counts
from keel.data.profile.findings import Finding, ask
from keel.data.profile.steps import Array

DAY, HOURS, AROUND = timedelta(days=1), 24, 14  # days around a change of the clocks
BACK = np.add.outer(np.arange(24), np.arange(24)) % 24  # hour → hour, by how far it is put back
LONGEST = 20_000  # days: more are a mistake in some year
LEAST = 20  # rows for each hour of the day
STRONG = 0.8  # of the rows that would have to be at other hours, for a day that has a rhythm
BETTER = 0.5  # of the distance without a shift, which is left after it
UNUSUAL = 2  # times the distance at any other time


def clock(table: str, column: str, moments: pl.Series, zone: ZoneInfo) -> Iterator[Finding]:
    """At most one finding on the times of a table, which are said to be UTC."""
    hours = moments.dt.hour().to_numpy().astype(np.int64)
    if len(np.unique(hours)) < 6:
        return
    days = moments.dt.date()
    first = days.min()
    if not isinstance(first, date):
        return
    day = (days - first).dt.total_days().to_numpy()
    if day.max() > LONGEST:
        return
    count = np.bincount(day * HOURS + hours, minlength=(int(day.max()) + 1) * HOURS).reshape(
        -1, HOURS
    )
    changes = clock_changes(zone, first, len(count))
    local = _missing_hour(count, changes) or _same_rhythm(count, changes)
    if local:
        on = (first + n * DAY for n, _ in changes)
        yield ask("zone", table, column, local.format(*on, zone=zone))
    elif moved := _moved(count, {n for n, _ in changes}):
        at, lag = moved
        by = f"{abs(lag)} h {'later' if lag > 0 else 'earlier'}"
        seen = f"Since about {first + at * DAY} the daily rhythm of its rows is {by}"
        yield ask("clock", table, column, seen)


def clock_changes(zone: ZoneInfo, first: date, days: int) -> list[tuple[int, int]]:
    """The days on which a zone's clocks change, counted from the first, and by how many hours."""
    noon = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)
    offset = [(noon + n * DAY).astimezone(zone).utcoffset() or DAY * 0 for n in range(-1, days)]
    apart = [int((new - old) / timedelta(hours=1)) for old, new in pairwise(offset)]
    return [(n, hours) for n, hours in enumerate(apart) if hours and AROUND <= n < days - AROUND]


def _missing_hour(count: Counts, changes: list[tuple[int, int]]) -> str:
    """What is seen where the hour that the clocks skip is the only one without rows."""
    skipped = [n for n, hours in changes if hours > 0]
    for n in skipped:
        around = count[n - AROUND : n + AROUND + 1]
        empty = np.argwhere(around == 0)
        if len(empty) == 1 and empty[0][0] == AROUND and 0 < empty[0][1] < 4:
            hour = int(empty[0][1])
            day = [change for change, _ in changes].index(n)
            return (
                f"On {{{day}}}, when the clocks of {{zone}} skip an hour, there are no rows at "
                f"{hour}:00 UTC, and on all days around there are"
            )
    return ""


def _same_rhythm(count: Counts, changes: list[tuple[int, int]]) -> str:
    """What is seen where the rhythm of the day goes on when the clocks change."""
    for n, hours in changes:
        before, after = _rhythm(count, n - AROUND, n), _rhythm(count, n + 1, n + 1 + AROUND)
        if before is None or after is None:
            return ""
        apart = _apart(before, after)
        if apart[0] > BETTER * apart[-hours]:
            return ""
    return (
        "When the clocks of {zone} changed, on {0}, the daily rhythm of the rows stayed at "
        "the same hours of UTC"
        if changes
        else ""
    )


def _moved(count: Counts, changes: set[int]) -> tuple[int, int] | None:
    """The day from about which the rhythm of the day is at other hours, and by how many."""
    found: list[tuple[float, int, int, bool]] = []
    for n in range(AROUND, len(count) - AROUND, 2):
        before, after = _rhythm(count, n - AROUND, n), _rhythm(count, n, n + AROUND)
        if before is None or after is None:
            return None
        apart = _apart(before, after)
        best = int(apart.argmin())
        here, lag = float(apart[0]), (best + HOURS // 2) % HOURS - HOURS // 2
        moved = lag if apart[best] <= BETTER * here else 0
        usual = any(abs(n - change) <= AROUND for change in changes)
        found.append((here, n, 0 if usual and abs(lag) == 1 else moved, usual))
    largest, at, lag, _ = max((each for each in found if each[2]), default=(0.0, 0, 0, False))
    far = [apart for apart, n, _, usual in found if not usual and abs(n - at) > 2 * AROUND]
    clear = len(far) >= AROUND and largest >= UNUSUAL * max(far)
    return (at, lag) if lag and clear else None


def _rhythm(count: Counts, first: int, last: int) -> Array | None:
    """The share of the rows at each hour of the day; None where there is no rhythm to see."""
    rows = count[first:last].sum(axis=0)
    share = rows / max(rows.sum(), 1)
    uneven = np.abs(share - 1 / HOURS).sum()
    return share if rows.sum() >= LEAST * HOURS and uneven >= STRONG / 2 else None


def _apart(before: Array, after: Array) -> Array:
    """How far two days are apart when the later one's clocks are put back by 0 to 23 hours."""
    distances: Array = np.abs(before - after[BACK]).sum(axis=1)
    return distances
