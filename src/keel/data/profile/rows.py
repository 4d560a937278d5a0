"""Rows that are not there: groups that fall silent, gaps, and what is set aside."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import dataframely as dy
import numpy as np
import polars as pl

from keel.data.profile.counts import Counts, Levels, Periods
from keel.data.profile.findings import Finding, ask, number, since, some
from keel.data.reasons import words
from keel.project.columns import Known, when_known

USUAL = 20  # rows of a group in a period, of which none is strange
STEADY = 0.25  # of what is usual, which a steady group has in each period
ALIKE = 2.0  # times as many rows, at most, that a new name has
LONGER, LONG = 5, 5  # times as long as any other gap, and days
MANY, OFTEN, MORE = 20, 0.05, 5  # rows set aside in a period, their share, times what is usual
BY_OUTCOME, SHARE_BY_OUTCOME = 10, 1e-4  # rows, and the share of all
MUCH = 1.3  # times as many rows as at any time on the other side
KNOWN, APART = 50, 0.3  # outcomes that are known, and how far apart they are distributed

Span = tuple[str, date, date, int]  # the column of the time, first and last day, longest gap


def silent(
    table: str, column: str, category: Levels, periods: Periods, *, at_least: int = 1
) -> Iterator[Finding]:
    """Steady groups of a category without rows for some periods, or that go on as another one."""
    whole = (int(periods.day.max()) + 1) // periods.length  # the last period may be a part of one
    counts = dict(zip(category.values, category.counted(periods)[0, :, :whole], strict=True))
    all_ = np.array([*counts.values()]).sum(axis=0)
    begun = {group: run for group, rows in counts.items() if (run := _silence(rows, first=True))}
    lost: dict[tuple[int, int], list[str]] = {}
    for group, rows in counts.items():
        run = _silence(rows, first=False)
        if (
            not run
            or run[1] - run[0] + 1 < at_least
            or all_[run[0] : run[1] + 1].min() < np.median(all_) / 2
        ):
            continue
        new = [
            other
            for other, (_, until) in begun.items()
            if run[1] == whole - 1 and abs(until + 1 - run[0]) <= 1
            if 1 / ALIKE < counts[other][until + 2 :].mean() / rows[: run[0]].mean() < ALIKE
        ]
        if new:
            day = periods.date(run[0] * periods.length)
            seen = f"{group} ends about {day}, and {new[0]} begins with as many rows"
            yield ask("renamed", table, column, seen)
        else:
            lost.setdefault(run, []).append(group)
    for (first, last), groups in lost.items():
        days = [periods.date(each * periods.length) for each in (first, last + 1)]
        seen = since(days[0], days[1] if last < whole - 1 else None)
        yield ask("silent", table, column, f"{seen} there are none where it is {some(groups)}")


def fewer(table: str, column: str, periods: Periods) -> Iterator[Finding]:
    """A table that has far fewer rows, or far more, from a day on, and had as many all the time."""
    whole = (int(periods.day.max()) + 1) // periods.length
    counts = np.bincount(periods.of_rows, minlength=whole)[:whole]
    for at in range(6, whole - 4):
        old, new = np.sort(counts[:at]), np.sort(counts[at + 1 :])
        steady = min(old[0] * ALIKE - old[-1], new[0] * ALIKE - new[-1]) > 0
        if steady and (old[-1] * MUCH < new[0] or new[-1] * MUCH < old[0]):
            day = periods.date(at * periods.length)
            seen = f"Since about {day} there are {np.median(new):,.0f} in {periods.length} days, "
            yield ask("fewer", table, column, seen + f"before {np.median(old):,.0f}")
            return


def _silence(counts: Counts, *, first: bool) -> tuple[int, int] | None:
    """The first and the last of the periods on end without rows, where all others have some."""
    none, at = np.flatnonzero(counts == 0), np.arange(len(counts))
    if not len(none) or none[-1] - none[0] + 1 != len(none) or (none[0] == 0) != first:
        return None
    others = counts[(at < none[0] - 1) | (at > none[-1] + 1)]
    usual = np.median(others) if len(others) >= 6 else 0
    steady = usual >= USUAL and others.min() >= STEADY * usual
    return (int(none[0]), int(none[-1])) if steady else None


def gap(table: str, column: str, days: pl.Series) -> Iterator[Finding]:
    """A time without any rows that is much longer than all others."""
    there = days.unique().sort()
    apart = there.diff().dt.total_days().drop_nulls().to_numpy()
    if len(apart) >= KNOWN:
        at = int(apart.argmax())
        usual = np.delete(apart, at).max()
        if apart[at] > max(LONG, LONGER * usual):
            first, last = there[at] + timedelta(days=1), there[at + 1] - timedelta(days=1)
            yield ask("gap", table, column, f"{since(first, last)} there are no rows")


def ends(spans: Mapping[str, Span], first: str) -> Iterator[tuple[str, Finding]]:
    """Tables that end before the others, or begin after the first one, whose rows are predicted."""
    latest = max((end for _, _, end, _ in spans.values()), default=date.min)
    for table, (column, begin, end, longest) in spans.items():
        room = timedelta(days=max(LONG, 2 * longest))
        if latest - end > room:
            seen = f"Its last day is {end}, and other tables go on to {latest}"
            yield table, ask("end of table", table, column, seen)
        if first in spans and begin - spans[first][1] > room:
            seen = f"Its first day is {begin}, and {first} begins on {spans[first][1]}"
            yield table, ask("beginning", table, column, seen)


def set_aside_at_once(
    table: str, time: str, reasons: pl.Series, days: pl.Series, periods: Periods
) -> Iterator[Finding]:
    """A period in which much more is set aside than is usual."""
    at = (days - periods.first).dt.total_days() // periods.length
    known = at.is_between(0, periods.count - 1).fill_null(value=False)
    broken = np.bincount(at.filter(known).to_numpy(), minlength=periods.count)
    good = np.bincount(periods.of_rows, minlength=periods.count)
    share = broken / np.maximum(broken + good, 1)
    odd = (broken >= MANY) & (share >= max(OFTEN, MORE * np.median(share)))
    if odd.any():
        worst = int(np.where(odd, share, 0).argmax())
        why = str(reasons.filter(known & (at == worst)).mode().sort()[0]).split(", ")[0]
        day = periods.date(worst * periods.length)
        seen = f"In the {periods.length} days from {day} on {share[worst]:.0%} are set aside, "
        seen += f"mostly for {why}, and usually {np.median(share):.1%}"
        yield ask("aside", table, why.rpartition("|")[0] or time, seen)


def set_aside_by_outcome(
    table: str,
    schema: type[dy.Schema],
    good: pl.DataFrame,
    broken: pl.DataFrame,
    reasons: Mapping[str, int],
) -> Iterator[Finding]:
    """Rows that are missing because of what is known only afterwards, or have other outcomes."""
    for name, column in schema.columns().items():
        if when_known(column) != Known.AFTERWARDS:
            continue
        rules = [why for why in reasons if why.startswith(f"{name}|") and why != f"{name}|dtype"]
        lost, rows = sum(reasons[rule] for rule in rules), len(good) + len(broken)
        if lost >= max(BY_OUTCOME, SHARE_BY_OUTCOME * rows):
            why = some([words(rule, schema) for rule in rules])
            seen = f"{lost:,} of {rows:,} are set aside since {why}, which nobody knows when "
            yield ask("by outcome", table, name, seen + "they have to be predicted")
        elif medians := _outcomes(name, good, broken):
            aside, kept = map(number, medians)
            seen = f"The median of {name} is {aside} in them, and {kept} in those that are kept"
            yield ask("outcomes", table, name, seen)


def _outcomes(name: str, *frames: pl.DataFrame) -> tuple[float, float] | None:
    """The medians of an outcome in rows that are kept and set aside, where these are far apart."""
    if not all(frame.schema[name].is_numeric() for frame in frames):
        return None
    kept, aside = (frame[name].cast(pl.Float64).drop_nulls().to_numpy() for frame in frames)
    if min(len(kept), len(aside)) < KNOWN:
        return None
    values = np.unique(np.concatenate([kept, aside]))
    below = [np.searchsorted(np.sort(each), values, "right") / len(each) for each in (kept, aside)]
    far = np.abs(below[0] - below[1]).max() >= APART
    return (float(np.median(aside)), float(np.median(kept))) if far else None
