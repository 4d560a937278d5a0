"""How numbers are written: 1234.5, 1,234.5, 1.234,5 or 1 234,5."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from keel.data.sources import without_unit
from keel.start.words import UNITS

GROUPS = (",", ".", " ", "\u00a0", "\u202f", "'", "’")  # what separates thousands
WHOLE = r"[+-]?\d{1,18}"
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
INFINITE = r"(?i)[+-]?inf(inity)?"
# $1,200.50, -€ 5, 12 %, 3 kg, (1,200): what stands before the number, the number, what is behind.
AMOUNT = (
    r"^\(?[+-]?\s*([^\d\s.,+()'-][^\d.,+()'-]{0,7})?\s*[+-]?"
    r"(\d[\d.,'’\s\u00a0\u202f]*|\.\d+)\s*([^\d\s.,+()'-][^\d.,+()'-]{0,11}?)?\)?$"
)
MANY = 20  # different values, of which all have the same behind them
BOTH = r"[+-]?\d{1,3}(,\d{3})+\.\d+"  # both marks tell which is which
PLACES = re.compile(r"[+-]?\d{1,3},\d{3}")  # a thousand, or three decimals
ENOUGH = 0.9  # of the values, to take a column for numbers


@dataclass(frozen=True)
class Numerals:
    """What stands for the decimal point in a table, and between thousands."""

    decimal_comma: bool = False
    thousands: str = ""
    assumed: str = ""  # a value that could be read in both ways
    unit: str = ""  # that stands before or behind the numbers of a column
    brackets: bool = False  # (5) is -5

    def plain(self, text: pl.Expr) -> pl.Expr:
        """Numbers as Python writes them; what is no number, which is null then."""
        if self.brackets:
            text = text.str.replace(r"^\((.+)\)$", "-${1}")
        if self.unit:
            text = without_unit(text, self.unit)
        if self.thousands:
            text = (
                pl.when(text.str.contains(self._grouped))
                .then(text.str.replace_all(self.thousands, "", literal=True))
                .otherwise(text)
            )
        if self.decimal_comma:
            text = text.str.replace(",", ".", literal=True)
        return text

    def number(self, text: pl.Expr) -> pl.Expr:
        """The text as numbers, with null for what is none."""
        plain = self.plain(text)
        is_number = plain.str.contains(f"^({NUMBER}|{INFINITE})$")
        return pl.when(is_number).then(plain.cast(pl.Float64, strict=False))

    def whole(self, text: pl.Expr) -> pl.Expr:
        """The text as whole numbers, with null for what is none."""
        plain = self.plain(text).str.strip_suffix(".0")  # as pandas writes them beside nulls
        return pl.when(plain.str.contains(f"^{WHOLE}$")).then(plain.cast(pl.Int64, strict=False))

    @property
    def _grouped(self) -> str:
        return _grouped(self.thousands, "," if self.decimal_comma else ".")


def numerals(columns: Sequence[pl.Series], separator: str) -> Numerals:
    """How a table writes numbers, by some of the values of its columns of text.

    1,234 alone could be either; then it goes by the other columns, and last by the separator.
    """
    found: dict[tuple[bool, str], int] = {}
    open_: list[pl.Series] = []
    dots = False
    for values in columns:
        if _share(values, NUMBER) >= ENOUGH:
            dotted = bool(values.str.contains(r"^[+-]?\d+\.\d*$").any())
            dots = dots or dotted
            if _has(values, BOTH):  # few of the numbers are so large
                found[False, ","] = found.get((False, ","), 0) + 1
            elif not dotted and _has(values, PLACES.pattern):
                open_.append(values)
        elif _share(values, r"[+-]?\d{1,3}(,\d{3})?") >= ENOUGH and _has(values, PLACES.pattern):
            open_.append(values)
        else:
            for style in _styles(values):
                found[style] = found.get(style, 0) + 1
    if any(comma for comma, _ in found):  # 1.234 beside 1,5 is a thousand
        points = [values for values in columns if _has(values, r"[+-]?\d{1,3}(\.\d{3})+")]
        if points and all(_share(values, _grouped(".", ",").strip("^$")) == 1 for values in points):
            found[True, "."] = found.get((True, "."), 0) + len(points)
    return _decided(found, open_, semicolon=separator == ";" and not dots)


def _decided(
    found: dict[tuple[bool, str], int], open_: Sequence[pl.Series], *, semicolon: bool
) -> Numerals:
    """What most columns say; a comma that could be either is one of decimals beside semicolons."""
    if found:
        comma, thousands = max(found, key=lambda style: (found[style], style[1] != ""))
        groups = {style[1] for style in found if style[0] == comma and style[1]}
        return Numerals(comma, thousands or next(iter(sorted(groups)), ""))
    if open_:
        example = open_[0].filter(open_[0].str.contains(f"^{PLACES.pattern}$"))[0]
        if semicolon:
            return Numerals(decimal_comma=True, assumed=example)
        return Numerals(thousands=",", assumed=example)
    return Numerals()


def _styles(values: pl.Series) -> list[tuple[bool, str]]:
    if _share(values, r"[+-]?\d*,?\d+([eE][+-]?\d+)?") >= ENOUGH and _has(values, r"[+-]?\d*,\d+"):
        return [(True, "")]
    return [
        (decimal == ",", group)
        for group in GROUPS
        for decimal in (".", ",")
        if group != decimal
        and _share(values, _grouped(group, decimal).strip("^$")) >= ENOUGH
        and _has(values, rf"[+-]?\d{{1,3}}({re.escape(group)}\d{{3}})+({re.escape(decimal)}\d+)?")
    ][:1]


def _grouped(group: str, decimal: str) -> str:
    between, point = re.escape(group), re.escape(decimal)
    return rf"^[+-]?(\d{{1,3}}({between}\d{{3}})+|\d+)({point}\d+)?$"


def _share(values: pl.Series, pattern: str) -> float:
    return int(values.str.contains(f"^({pattern})$").sum()) / max(len(values), 1)


def _has(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(f"^({pattern})$").any())


@dataclass(frozen=True)
class Amounts:
    """How the numbers of a column are written: the units beside them, and (5) for -5."""

    units: tuple[str, ...] = ()
    brackets: bool = False
    certain: bool = False  # whether it says the same without what stands around the numbers

    def of(self, numerals: Numerals) -> Numerals:
        """How to read them, in a table that writes numbers so."""
        return replace(numerals, unit="".join(self.units), brackets=self.brackets)

    def bare(self, values: pl.Series) -> pl.Series:
        """The numbers by themselves."""
        return values.to_frame().select(self.of(Numerals()).plain(pl.col(values.name))).to_series()


def amounts(values: pl.Series) -> Amounts | None:
    """Of numbers with units or in brackets, which; None of other values.

    What a unit is, a list says and each sign of a currency. Another word is none for certain but
    where it stands behind all of many values.
    """
    places = values.str.extract_groups(AMOUNT).struct.unnest().get_columns()
    before, numbers, after = (place.str.strip_chars() for place in places)
    written = numbers.drop_nulls()
    if not len(values) or len(written) < ENOUGH * len(values):
        return None
    first = set(before.drop_nulls().unique())
    if not all(_is_known(unit) and _is_no_multiple(unit) for unit in first):
        return None  # such as A4 and town 7
    found = first | set(after.drop_nulls().unique())
    brackets = bool(values.str.contains(r"^\(.+\)$").any())
    if not (found or brackets):
        return None
    everywhere = after.count() == len(written) and written.n_unique() > MANY
    at_all = before.count() + after.count() == len(written)
    known = all(_is_known(unit) and (at_all or _is_no_multiple(unit)) for unit in found)
    certain = len(found) < 2 and (known or everywhere)
    return Amounts(tuple(sorted(found)), brackets, certain)


def _is_known(unit: str) -> bool:
    return unit.casefold() in UNITS or any(unicodedata.category(sign) == "Sc" for sign in unit)


def _is_no_multiple(unit: str) -> bool:
    """Whether it is no single letter: k, m and b may be thousands, millions and billions."""
    return len(unit) > 1 or not unit.isalpha()
