"""How numbers are written: 1234.5, 1,234.5, 1.234,5 or 1 234,5."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

GROUPS = (",", ".", " ", "\u00a0", "\u202f", "'", "’")  # what separates thousands
WHOLE = r"[+-]?\d{1,18}"
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
INFINITE = r"(?i)[+-]?inf(inity)?"
AMOUNT = r"[^\w\s.,+-]?[+-]?\d[\d.,' ]*(%| ?[^\d\s.,+-]{1,4})?"  # $1,200.50, 12 %, 3kg
PLACES = re.compile(r"[+-]?\d{1,3},\d{3}")  # a thousand, or three decimals
ENOUGH = 0.9  # of the values, to take a column for numbers


@dataclass(frozen=True)
class Numerals:
    """What stands for the decimal point in a table, and between thousands."""

    decimal_comma: bool = False
    thousands: str = ""
    assumed: str = ""  # a value that could be read in both ways

    def plain(self, text: pl.Expr) -> pl.Expr:
        """Numbers as Python writes them; what is no number, which is null then."""
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
            dots = dots or bool(values.str.contains(r"^[+-]?\d+\.\d*$").any())
        elif _share(values, r"[+-]?\d{1,3}(,\d{3})?") >= ENOUGH and _has(values, PLACES.pattern):
            open_.append(values)
        else:
            for style in _styles(values):
                found[style] = found.get(style, 0) + 1
    if any(comma for comma, _ in found):  # 1.234 beside 1,5 is a thousand
        dotted = [values for values in columns if _has(values, r"[+-]?\d{1,3}(\.\d{3})+")]
        if dotted and all(_share(values, _grouped(".", ",").strip("^$")) == 1 for values in dotted):
            found[True, "."] = found.get((True, "."), 0) + len(dotted)
    if found:
        comma, thousands = max(found, key=lambda style: (found[style], style[1] != ""))
        groups = {style[1] for style in found if style[0] == comma and style[1]}
        return Numerals(comma, thousands or next(iter(sorted(groups)), ""))
    if open_:
        example = open_[0].filter(open_[0].str.contains(f"^{PLACES.pattern}$"))[0]
        if separator == ";" and not dots:
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


def amounts(values: pl.Series) -> bool:
    """Whether these are numbers with a unit: $1,200.50, 12 %, 3kg."""
    units = values.str.replace_all(r"[\d.,'+ -]", "").unique()
    return _share(values, AMOUNT) >= ENOUGH and len(units) <= 2 and (units != "").any()
