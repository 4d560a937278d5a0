"""What the values of a column are: numbers, yes and no, dates, categories or text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from keel.start.plan import Type
from keel.start.reading import dates
from keel.start.reading.numerals import ENOUGH, INFINITE, NUMBER, WHOLE, Numerals, amounts
from keel.start.words import meaning_of_yes

MOST_CATEGORIES = 1_000
DATED = {Type.DATE, Type.MOMENT}
NUMERIC = {Type.WHOLE, Type.NUMBER}


@dataclass(frozen=True)
class Kind:
    """What a column's values are, and how they are read from what is in the table."""

    type: Type
    numerals: Numerals | None = None  # where text has to be read as numbers
    whole: bool = False
    dates: dates.Written | None = None  # where it has to be read as dates
    problem: str = ""  # what is odd in how it is written
    zone: str | None = None
    is_code: bool = False  # a Categorical or an Enum
    forms: tuple[str, ...] = ()  # several, of text with dates

    def values(self, name: str) -> pl.Expr:
        """The column's values, with null for what is none of the type."""
        column = pl.col(name)
        if self.dates:
            return self.dates.read(column)
        if self.numerals:
            return self.numerals.whole(column) if self.whole else self.numerals.number(column)
        if self.whole:
            return pl.when(column == column.round()).then(column.cast(pl.Int64, strict=False))
        return column.cast(pl.String) if self.is_code else column


def of_text(name: str, values: pl.Series, rows: int, numerals: Numerals) -> Kind:
    """What text is, by a sample of it without nulls; `rows` are all of the sample's."""
    if not len(values):
        return Kind(Type.NOTHING)
    if _has_leading_zeros(values):
        return Kind(_text(values, rows), problem="it has leading zeros, so it is no number")
    different = values.unique()
    if len(different) == 2 and _are_yes_and_no(different):
        return Kind(Type.YES_NO)
    written = dates.written(name, values)
    if written:
        return _dated(written)
    number = _number(name, values, numerals) or _amount(name, values, numerals)
    return number or _as_text(values, rows)


def _are_yes_and_no(words: pl.Series) -> bool:
    known = meaning_of_yes(set(words.str.to_lowercase().to_list()))
    return known is not None and not words.str.contains(r"\d").any()


def _has_leading_zeros(values: pl.Series) -> bool:
    """007 and 00501, where all is digits; not 0.5, not 0, not 01.02.2020."""
    digits = values.str.contains(r"^[+-]?\d+$")
    zeros = values.str.contains(r"^0\d+$")
    return bool(zeros.any()) and digits.sum() >= ENOUGH * len(values)


def _dated(written: dates.Written) -> Kind:
    if written.forms:
        return Kind(Type.TEXT, problem="it has dates in several forms", forms=written.forms)
    kind = Type.MOMENT if written.has_time else Type.DATE
    zone = "UTC" if written.has_zone else None
    return Kind(kind, dates=written, zone=zone)


def _number(name: str, values: pl.Series, numerals: Numerals) -> Kind | None:
    frame = values.to_frame("value")
    numbers = frame.select(numerals.number(pl.col("value"))).to_series()
    if numbers.count() < ENOUGH * len(values):
        return None
    whole = frame.select(numerals.whole(pl.col("value"))).to_series()
    if whole.count() < numbers.count():
        return Kind(Type.NUMBER, numerals)
    written = dates.epoch(name, float(str(whole.min())), float(str(whole.max())))
    if written:
        return _dated(written)
    type_ = Type.YES_NO if _is_yes_no(whole) else Type.WHOLE
    return Kind(type_, numerals, whole=True)


def _amount(name: str, values: pl.Series, numerals: Numerals) -> Kind | None:
    """Numbers with a unit, where that is certain."""
    found = amounts(values)
    return _number(name, values, found.of(numerals)) if found and found.certain else None


def _is_yes_no(whole: pl.Series) -> bool:
    return set(whole.drop_nulls().unique().to_list()) in ({0, 1}, {1, 2})


def _as_text(values: pl.Series, rows: int) -> Kind:
    type_ = _text(values, rows)
    return Kind(type_, problem=_oddity(values, type_))


def _oddity(values: pl.Series, type_: Type) -> str:
    if found := amounts(values):
        several = " and ".join(map(repr, found.units[:3]))
        return f"its numbers are written with {several}, as {values[0]!r}"
    if values.str.contains(r"(?s)^\s*[{\[].*[}\]]\s*$").all():
        return f"it has several values in one, {values[0][:40]!r}"
    if type_ != Type.TEXT:
        return ""
    numbers = int(values.str.contains(f"^({NUMBER}|{INFINITE}|{WHOLE})$").sum())
    if numbers > len(values) / 2:
        return f"{numbers / len(values):.0%} of its values are numbers, and the others are not"
    return ""


def _text(values: pl.Series, rows: int) -> Type:
    """Few values are a category: 20, or so few that each has five rows."""
    different = values.n_unique()
    few = different <= min(20, rows / 2) or different <= min(MOST_CATEGORIES, rows / 5)
    long = int(values.str.len_chars().quantile(0.5) or 0) > 60
    return Type.CATEGORY if few and not long else Type.TEXT


def of_values(name: str, values: pl.Series, rows: int) -> Kind:
    """What typed values are, such as those of Parquet, by a sample of them without nulls."""
    dtype = values.dtype
    if not len(values):
        return Kind(Type.NOTHING)
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return replace(_as_text(values.cast(pl.String), rows), is_code=dtype != pl.String)
    if dtype.is_integer():
        written = dates.epoch(name, float(str(values.min())), float(str(values.max())))
        whole = Kind(Type.YES_NO if _is_yes_no(values) else Type.WHOLE)
        return _dated(written) if written else whole
    if dtype.is_float() and (values == values.round()).all():  # as pandas has them beside nulls
        return Kind(Type.YES_NO if _is_yes_no(values) else Type.WHOLE, whole=True)
    return _of_dtype(dtype)


def _of_dtype(dtype: pl.DataType) -> Kind:
    if dtype == pl.Boolean:
        return Kind(Type.YES_NO)
    if dtype.is_numeric():
        return Kind(Type.NUMBER)
    if dtype == pl.Date:
        return Kind(Type.DATE)
    if isinstance(dtype, pl.Datetime):
        return Kind(Type.MOMENT, zone=dtype.time_zone)
    return Kind(Type.TEXT, problem=f"Keel has no features from {dtype}")
