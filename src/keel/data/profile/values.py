"""What changes in the values of a table's columns, in all rows or in those of a category."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import dataframely as dy
import numpy as np
import polars as pl

from keel.data.profile.counts import MOST_CELLS, MOST_GROUPS, Counts, Levels, Periods, levels
from keel.data.profile.findings import Finding, ask, number, since, some
from keel.data.profile.hits import DEAD, Hit, hits
from keel.data.profile.swaps import Swap, swap
from keel.project.columns import Known, is_personal, when_known

LEAST_SHARE = 0.01  # of the rows, of a value of a category whose rows are looked at apart
SAME = 0.6  # of the strongest evidence, which other groups need to show the same
CLEARER = 1.3  # times the evidence in all rows, where only some groups change
YEAR = 360  # days
ALL = 0.5  # of the rows, in groups that change: then all do


@dataclass(frozen=True)
class Change:
    """What the groups of a category show, "" for all rows, the strongest first."""

    category: str
    hits: list[Hit]
    rows: int  # of all groups that show it


@dataclass(frozen=True)
class Table:
    """A table whose values are looked at: its rows, in periods, and its categories."""

    name: str
    schema: type[dy.Schema]
    rows: pl.DataFrame
    periods: Periods
    categories: Mapping[str, Levels]

    def changes(self) -> Iterator[Finding]:
        """What changes in each column, once at most; not what follows from two groups swapped."""
        found, swaps = {}, dict[str, Swap]()
        for name, column in self.schema.columns().items():
            of_key = column.primary_key and self.rows.schema[name].is_numeric()  # numbers of things
            of_rows = None if of_key else self.categories.get(name) or levels(self.rows[name])
            if (
                of_rows
                and len(of_rows.values) > 1
                and (change := self._change(name, of_rows, swaps))
            ):
                found[name] = (of_rows, change)
        for category, each in sorted(swaps.items(), key=lambda swap: -swap[1].clear)[:1]:
            day = self.periods.date(each.period * self.periods.length)
            seen = f"Since about {day} the rows of {each.one} are like those of {each.other} before"
            yield ask("swapped", self.name, category, f"{seen}, and the other way round")
        for name, (of_rows, change) in found.items():
            follows = any(abs(change.hits[0].period - each.period) <= 1 for each in swaps.values())
            if not follows:
                yield self._asked(name, of_rows, change)

    def _change(self, name: str, column: Levels, swaps: dict[str, Swap]) -> Change | None:
        table = column.counted(self.periods)
        whole = [
            Change("", [hit], len(self.rows)) for hit in self._hits(table, [""], column, table[0])
        ]
        parts: list[Change] = []
        for category, values in self.categories.items():
            cells = len(column.values) * len(values.values) * self.periods.count
            many = len(column.values) > MOST_GROUPS and not column.number
            if category == name or many or cells > MOST_CELLS:
                continue
            counts = column.counted(self.periods, values)
            large = counts.sum(axis=(1, 2)) >= LEAST_SHARE * len(self.rows)
            names = [str(values.values[n]) for n in np.flatnonzero(large)]
            if swapped := swap(counts[large], names):
                swaps.setdefault(category, swapped)
            found = self._hits(counts[large], names, column, table[0])
            parts += _change(category, found, names, counts[large])
        least = min(parts, key=lambda part: part.rows, default=None)
        if not whole or not least:
            return least or next(iter(whole), None)
        clearer = least.hits[0].strength >= CLEARER * whole[0].hits[0].strength
        return least if clearer and least.rows < ALL * len(self.rows) else whole[0]

    def _hits(self, counts: Counts, names: list[str], column: Levels, table: Counts) -> list[Hit]:
        seasons = self.periods.count * self.periods.length >= YEAR
        return hits(counts, names, column, table, seasons=seasons)

    def _asked(self, name: str, column: Levels, change: Change) -> Finding:
        hit = change.hits[0]
        kind = "text" if hit.kind == "unit" and not column.number else hit.kind
        where = " in all groups" if self.categories and kind != "text" else ""
        if change.category:
            where = f" where {change.category} is {some([each.group for each in change.hits])}"
        seen = _seen(column, hit, personal=is_personal(self.schema.columns()[name]))
        days = since(*self._days(column, change.category, hit))
        return ask(kind, self.name, name, f"{days}{where} {seen}")

    def _days(self, column: Levels, category: str, hit: Hit) -> tuple[date, date | None]:
        """The first day of what is new, and the last one if it is over."""
        near = self.periods.of_rows >= hit.period - 2
        near &= self.periods.of_rows <= (hit.period if hit.until is None else hit.until) + 2
        if category:
            groups = self.categories[category]
            near &= groups.codes == groups.values.index(hit.group)
        days, codes = self.periods.day[near], column.codes[near]
        start = int(days.min())
        part = 1 / len(column.values)
        old, new = ((counts + part) / (counts.sum() + 1) for counts in (hit.before, hit.after))
        likely = np.where(hit.before + hit.after > 0, np.log(new / old), 0)
        if hit.until is not None:
            new_one = codes == hit.level if hit.level >= 0 else likely[codes] > 0
            alike = np.bincount(days - start, weights=new_one)
            most = DEAD if hit.level >= 0 else DEAD / 2
            at = start + np.flatnonzero(alike >= most * np.maximum(np.bincount(days - start), 1))
            over = hit.until < self.periods.count - 1
            return self.periods.date(at[0]), self.periods.date(at[-1]) if over else None
        by_day = np.bincount(days - start, weights=likely[codes])
        return self.periods.date(start + int(by_day[::-1].cumsum()[::-1].argmax())), None


def _change(category: str, found: list[Hit], names: list[str], counts: Counts) -> Iterator[Change]:
    """What most of the groups that change show, the strongest first."""
    if found:
        first = max(found, key=lambda hit: hit.strength)
        same = [h for h in found if h.kind == first.kind and abs(h.period - first.period) <= 2]
        clear = [h for h in same if h.strength >= SAME * first.strength]
        rows = sum(int(counts[names.index(hit.group)].sum()) for hit in same)
        yield Change(category, sorted(clear, key=lambda hit: -hit.strength), rows)


def _seen(column: Levels, hit: Hit, *, personal: bool) -> str:
    """What the values were, and what they are."""
    if hit.kind == "unit" and column.number:
        before, after = (_median(column, counts) for counts in (hit.before, hit.after))
        middle = "median"
        if before == after:
            middle, (before, after) = (
                "mean",
                (_mean(column, each) for each in (hit.before, hit.after)),
            )
        return f"its {middle} is {number(after)}, before {number(before)}"
    old, new = (part / max(part.sum(), 1) for part in (hit.before, hit.after))
    level = int((new - old).argmax()) if hit.kind == "unit" else hit.level
    value = "one value" if personal else number(column.values[level])
    return f"{value} has {new[level]:.0%} of its rows, before {old[level]:.1%}"


def _median(column: Levels, counts: Counts) -> object:
    known = counts[:-1].cumsum()
    return column.values[int((known >= known[-1] / 2).argmax())]


def _mean(column: Levels, counts: Counts) -> float:
    return float(np.average(np.array(column.values[:-1], dtype=np.float64), weights=counts[:-1]))


def categories(schema: type[dy.Schema], rows: pl.DataFrame) -> dict[str, Levels]:
    """The columns with few values, whose rows are looked at apart."""
    found = {}
    for name, column in schema.columns().items():
        dtype = rows.schema[name]
        text = dtype in (pl.String, pl.Categorical, pl.Enum)
        if (
            (text or (column.primary_key and dtype.is_integer()))
            and when_known(column) != Known.AFTERWARDS
            and not is_personal(column)
            and (values := levels(rows[name].cast(pl.String)))
            and 2 < len(values.values) <= MOST_GROUPS + 1
        ):
            found[name] = values
    return found
