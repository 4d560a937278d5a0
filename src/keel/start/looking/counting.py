"""Count what is in each column of a table: types by a sample, and then all rows by these types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from keel.start.looking.facts import Counted, Facts
from keel.start.looking.kinds import DATED, MOST_CATEGORIES, NUMERIC, Kind, of_text, of_values
from keel.start.plan import Type
from keel.start.reading import dates
from keel.start.reading.nulls import null_words
from keel.start.reading.numerals import Numerals, amounts, numerals
from keel.start.reading.read import Table, without_nulls
from keel.start.words import NULLS, NULLS_AMONG_VALUES

SAMPLED = 100_000  # rows, where there are more
TYPED = 20_000  # rows by which types are found; whether they hold is counted in all rows
CELLS = 20_000_000  # of a sample at most, where there are many columns
TOGETHER = 40  # columns that are looked at in one pass


def count(table: Table) -> Counted:
    """Look at each column of the table."""
    most = min(SAMPLED, max(1_000, CELLS // len(table.frame.collect_schema())))
    sample = table.sample(most)
    if table.source.format == "csv":
        table, sample = _with_nulls(table, sample, null_words(sample))
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
    return Counted(replace(table, source=source), facts, typed, style)


def _with_nulls(
    table: Table, sample: pl.DataFrame, words: Sequence[str]
) -> tuple[Table, pl.DataFrame]:
    source = replace(table.source, nulls=tuple(words))
    table = replace(table, source=source, frame=without_nulls(table.frame, words))
    return table, without_nulls(sample.lazy(), words).collect()


def _numerals(sample: pl.DataFrame, separator: str) -> Numerals:
    texts = [
        sample[name].drop_nulls() for name in sample.columns if sample[name].dtype == pl.String
    ]
    texts = [found.bare(values) if (found := amounts(values)) else values for values in texts]
    digits = [values.unique(maintain_order=True).head(2_000) for values in texts]
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
    read = {f"\0{name}": kind.values(name) for name, kind in kinds.items()}
    measures = [
        pl.struct(each.alias(what) for what, each in _measures(name, kind).items()).alias(name)
        for name, kind in kinds.items()
    ]
    frame = table.frame.select(*map(pl.col, kinds), **read).select(measures)
    row = frame.collect(engine="streaming").row(0, named=True)
    return {
        name: _of(table, Facts(name, kind, table.rows, **row[name])) for name, kind in kinds.items()
    }


def _measures(name: str, kind: Kind) -> dict[str, pl.Expr]:
    """What is counted, by the names that facts have for it."""
    column, values = pl.col(name), pl.col(f"\0{name}")
    measures = {
        "nulls": column.is_null().sum(),
        "odd": (column.is_not_null() & values.is_null()).sum(),
        "distinct": column.drop_nulls().n_unique(),
    }
    if kind.type == Type.NUMBER:
        values = values.cast(pl.Float64)
        finite = pl.when(values.is_finite()).then(values)
        measures["nulls"] = (column.is_null() | values.is_nan()).sum()
        measures["not_numbers"] = values.is_nan().sum()
        measures["infinite"] = values.is_infinite().sum()
        return {**measures, "low": finite.min(), "high": finite.max()}
    if kind.type in NUMERIC | DATED:
        return {**measures, "low": values.min(), "high": values.max()}
    return measures


def _of(table: Table, facts: Facts) -> Facts:
    """The facts with values that are none of the type, or are written in several forms."""
    tell = _odd_values if facts.odd else _by_form
    return replace(facts, odd_values=tell(table, facts.name, facts.kind))


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
    elif kind.type == Type.YES_NO and facts.distinct > 2:
        is_text = not kind.numerals and table.source.format == "csv"
        type_ = Type.CATEGORY if is_text else Type.WHOLE
        return _settled(table, _counted(table, {facts.name: replace(kind, type=type_)})[facts.name])
    elif kind.type == Type.CATEGORY and facts.distinct > MOST_CATEGORIES:
        facts = replace(facts, kind=replace(kind, type=Type.TEXT))
    return _with_counts(table, facts)


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
