"""What is in each column: its type, its range, how much is missing, how many values differ."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import polars as pl

from . import dates
from .kinds import DATED, MOST_CATEGORIES, NUMERIC, Kind, of_text, of_values
from .numerals import Numerals, numerals
from .personal import personal
from .plan import Type
from .reading import Table, without_nulls
from .words import NULLS, NULLS_AMONG_VALUES, YES_AND_NO

SAMPLED = 100_000  # rows, where there are more
TYPED = 20_000  # rows by which types are found; whether they hold is counted in all rows
CELLS = 20_000_000  # of a sample at most, where there are many columns
EXACT = 2_000_000  # rows up to which different values are counted exactly
TOGETHER = 40  # columns that are looked at in one pass
LOOKED_AT = 5_000  # values, for persons
AMONG = 0.5  # of the values, that have to be numbers or dates for - to mean nothing
VALUE = r"^[+-]?[\d.,'  :/-]*\d[\d.,'  :/-]*(e[+-]?\d+)?%?$"


@dataclass(frozen=True)
class Facts:
    """What was counted in a column: in all rows, but `distinct` of long tables is an estimate."""

    name: str
    kind: Kind
    rows: int
    nulls: int = 0
    odd: int = 0  # values that are not of the type
    odd_values: tuple[tuple[int, str], ...] = ()  # some of them, with their rows
    infinite: int = 0
    distinct: int = 0
    low: Any = None
    high: Any = None
    counts: Mapping[Any, int] = field(default_factory=dict)  # of few values, the commonest first

    @property
    def type(self) -> Type:
        """What the values are."""
        return self.kind.type

    @property
    def problem(self) -> str:
        """What is odd in how it is written, with rows."""
        rows = ", ".join(f"row {row:,} has {value!r}" for row, value in self.odd_values[:3])
        return f"{self.kind.problem}: {rows}" if self.kind.forms else self.kind.problem

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.nulls - self.odd

    @property
    def range(self) -> str:
        """The least and the greatest value, in short."""
        low, high = (f"{x:.4g}" if isinstance(x, float) else str(x) for x in (self.low, self.high))
        return f"{low} to {high}"

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value of its own."""
        return self.distinct == self.rows and not self.nulls


@dataclass(frozen=True)
class Counted:
    """A table with what was counted in its columns."""

    table: Table
    facts: Mapping[str, Facts]
    sample: pl.DataFrame  # values of their types, evenly spread
    is_sample: bool
    numerals: Numerals

    @cached_property
    def copies(self) -> Mapping[str, str]:
        """The columns that are the same as one before them, with that."""
        seen: dict[object, str] = {}
        copies = {}
        for name, facts in self.facts.items():
            values = self.sample[name]
            if facts.distinct < 2 or values.dtype.is_nested():
                continue
            same = (values.dtype, facts.distinct, facts.nulls, values.hash().sum())
            other = seen.setdefault(same, name)
            if other != name and values.equals(self.sample[other], null_equal=True):
                copies[name] = other
        return copies

    @cached_property
    def personal(self) -> Mapping[str, str]:
        """The columns that say who somebody is, with the reason."""
        found = {
            name: personal(name, facts.type, self.sample[name].drop_nulls().head(LOOKED_AT))
            for name, facts in self.facts.items()
        }
        return {name: reason for name, reason in found.items() if reason}

    @property
    def is_estimated(self) -> bool:
        """Whether the table is so long that different values are not counted exactly."""
        return self.table.rows > EXACT

    def is_counter(self, name: str) -> bool:
        """Whether the column counts the rows, one by one."""
        facts = self.facts[name]
        if facts.type != Type.WHOLE or facts.low not in (0, 1):
            return False
        return facts.is_unique and int(facts.high) - int(facts.low) + 1 == facts.rows


def count(table: Table) -> Counted:
    """Look at each column of the table."""
    most = min(SAMPLED, max(1_000, CELLS // len(table.frame.collect_schema())))
    sample = table.sample(most)
    if table.source.format == "csv":
        table, sample = _with_nulls(table, sample, _null_words(sample))
    few = sample.gather_every(max(1, len(sample) // TYPED))
    style = _numerals(few, table.source.separator)
    kinds = {name: _kind(few[name], style) for name in few.columns}
    facts = _facts(table, kinds)
    odd = {word for each in facts.values() for _, word in each.odd_values}
    late = odd & {*NULLS, *NULLS_AMONG_VALUES}
    if late:  # beyond the sample
        table, sample = _with_nulls(table, sample, sorted({*table.source.nulls, *late}))
        facts = _facts(table, kinds)
    facts = {name: _settled(table, each) for name, each in facts.items()}
    source = replace(table.source, decimal_comma=style.decimal_comma, thousands=style.thousands)
    typed = sample.select(each.kind.values(name) for name, each in facts.items())
    return Counted(replace(table, source=source), facts, typed, table.rows > most, style)


def _with_nulls(
    table: Table, sample: pl.DataFrame, words: Sequence[str]
) -> tuple[Table, pl.DataFrame]:
    source = replace(table.source, nulls=tuple(words))
    table = replace(table, source=source, frame=without_nulls(table.frame, words))
    return table, without_nulls(sample.lazy(), words).collect()


def _null_words(sample: pl.DataFrame) -> list[str]:
    """The words that mean nothing in this table, of those that people use."""
    used = {""}
    for name in sample.columns:
        different = sample[name].drop_nulls().unique()
        used |= set(different.filter(different.is_in(list(NULLS))).to_list())
        words = different.filter(different.is_in(list(NULLS_AMONG_VALUES)))
        if len(words) and _among_values(sample[name].drop_nulls(), words.to_list()):
            used |= set(words.to_list())
    return [word for word in (*NULLS, *NULLS_AMONG_VALUES) if word in used]


def _among_values(values: pl.Series, words: list[str]) -> bool:
    others = values.filter(~values.is_in([*words, *NULLS])).str.to_lowercase()
    if not len(others):
        return False
    yes_and_no = [word for word in itertools.chain(*YES_AND_NO) if not word.isdigit()]
    if others.is_in(yes_and_no).all():
        return True
    return int(others.str.contains(VALUE).sum()) > AMONG * len(others)


def _numerals(sample: pl.DataFrame, separator: str) -> Numerals:
    texts = [
        sample[name].drop_nulls() for name in sample.columns if sample[name].dtype == pl.String
    ]
    digits = [values.unique().head(2_000) for values in texts]
    return numerals([values for values in digits if values.str.contains(r"\d").any()], separator)


def _kind(column: pl.Series, style: Numerals) -> Kind:
    values = column.drop_nulls()
    if column.dtype == pl.String:
        return of_text(column.name, values, len(column), style)
    return of_values(column.name, values, len(column))


def _facts(table: Table, kinds: Mapping[str, Kind]) -> dict[str, Facts]:
    names = list(kinds)
    facts: dict[str, Facts] = {}
    for place in range(0, len(names), TOGETHER):
        facts |= _counted(table, {name: kinds[name] for name in names[place : place + TOGETHER]})
    return facts


def _counted(table: Table, kinds: Mapping[str, Kind]) -> dict[str, Facts]:
    measures = [
        measure.alias(f"{place} {what}")
        for place, (name, kind) in enumerate(kinds.items())
        for what, measure in _measures(name, kind, table.rows).items()
    ]
    row = table.frame.select(measures).collect(engine="streaming").row(0, named=True)
    return {
        name: _of(table, name, kind, {what: row.get(f"{place} {what}") for what in WHAT})
        for place, (name, kind) in enumerate(kinds.items())
    }


WHAT = ("nulls", "odd", "infinite", "distinct", "low", "high")


def _measures(name: str, kind: Kind, rows: int) -> dict[str, pl.Expr]:
    column, values = pl.col(name), kind.values(name)
    measures = {
        "nulls": column.is_null().sum(),
        "odd": (column.is_not_null() & values.is_null()).sum(),
        "distinct": column.drop_nulls().n_unique() if rows <= EXACT else column.approx_n_unique(),
    }
    if kind.type == Type.NUMBER:
        values = values.cast(pl.Float64)
        finite = pl.when(values.is_finite()).then(values)
        measures["nulls"] = (column.is_null() | values.is_nan()).sum()
        measures["infinite"] = values.is_infinite().sum()
        return {**measures, "low": finite.min(), "high": finite.max()}
    if kind.type in NUMERIC | DATED:
        return {**measures, "low": values.min(), "high": values.max()}
    return measures


def _of(table: Table, name: str, kind: Kind, row: Mapping[str, Any]) -> Facts:
    return Facts(
        name,
        kind,
        table.rows,
        nulls=row["nulls"],
        odd=row["odd"],
        odd_values=_odd_values(table, name, kind) if row["odd"] else _by_form(table, name, kind),
        infinite=row["infinite"] or 0,
        distinct=row["distinct"],
        low=row["low"],
        high=row["high"],
    )


def _odd_values(table: Table, name: str, kind: Kind) -> tuple[tuple[int, str], ...]:
    odd = pl.col(name).is_not_null() & kind.values(name).is_null()
    rows = table.frame.select(pl.col(name)).with_row_index("\0row").filter(odd)
    first = rows.unique(name, keep="first", maintain_order=True).head(20).collect()
    return tuple((row + 1, str(value)) for row, value in first.rows())


def _by_form(table: Table, name: str, kind: Kind) -> tuple[tuple[int, str], ...]:
    """For each of several forms of dates, the first row that is written so."""
    rows = table.frame.select(pl.col(name)).with_row_index("\0row", 1)
    firsts = [
        rows.filter(dates.read(pl.col(name), form).is_not_null()).head(1).collect().row(0)
        for form in kind.forms
    ]
    return tuple((int(row), str(value)) for row, value in firsts)


def _settled(table: Table, facts: Facts) -> Facts:
    """The facts of the type that all rows have, where the sample promised too much."""
    kind = facts.kind
    if kind.type == Type.WHOLE and kind.whole and facts.odd:
        number = _counted(table, {facts.name: replace(kind, type=Type.NUMBER, whole=False)})
        facts = number[facts.name]
    elif kind.type == Type.YES_NO and facts.distinct > 2 and kind.numerals:
        whole = _counted(table, {facts.name: replace(kind, type=Type.WHOLE)})[facts.name]
        facts = _settled(table, whole)
    elif kind.type == Type.CATEGORY and facts.distinct > MOST_CATEGORIES:
        facts = replace(facts, kind=replace(kind, type=Type.TEXT))
    return _with_counts(table, _counted_exactly(table, facts))


def _counted_exactly(table: Table, facts: Facts) -> Facts:
    """The facts with a true number of different values, where it decides about a key.

    The estimate of Polars is off by up to 15 %.
    """
    may_be_key = facts.type in (Type.WHOLE, Type.TEXT) and facts.distinct > facts.rows / 2
    if table.rows <= EXACT or not may_be_key:
        return facts
    values = table.frame.select(pl.col(facts.name).drop_nulls().n_unique())
    return replace(facts, distinct=int(values.collect(engine="streaming").item()))


def _with_counts(table: Table, facts: Facts) -> Facts:
    if facts.type in DATED or facts.distinct > MOST_CATEGORIES or facts.type == Type.NOTHING:
        return facts
    if table.frame.collect_schema()[facts.name].is_nested():
        return facts
    values = facts.kind.values(facts.name)
    counted = (
        table.frame.select(values)
        .drop_nulls()
        .group_by(facts.name)
        .len("\0rows")
        .sort(["\0rows", facts.name], descending=[True, False])
        .collect(engine="streaming")
    )
    return replace(facts, counts=dict(counted.iter_rows()), distinct=len(counted))
