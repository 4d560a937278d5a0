"""Rows that satisfy their schema, the others with the reasons, and how good a table is."""

from collections import Counter
from typing import Any

import dataframely as dy
import polars as pl

from keel.data.reasons import AGAIN
from keel.data.sources import USUAL, Form
from keel.project.columns import unit_of

REASONS = "reasons"
WHY = "why"  # the same in words, for people
KINDS = {
    "dtype": "wrong_type",
    "nullability": "missing",
    "primary_key": "duplicates",
    "unique": "duplicates",
    AGAIN: "duplicates",
}


WORDS = {"true": True, "false": False, "1": True, "0": False}


def check(
    rows: pl.DataFrame, schema: type[dy.Schema], form: Form = USUAL
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that satisfy the schema, and the others with a column of reasons.

    A reason is `column|rule`. Values are read as the types that the schema asks for. Of rows that
    are the same in all columns one is kept, where a key says that there is one of each.
    """
    rows = rows.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    typed, unreadable = _read(rows, schema, form)
    typed = typed.filter(unreadable == "")
    again = _again(typed, schema)
    good, failure = schema.filter(typed.filter(~again), cast=True)
    details = failure.details()
    rules = [name for name in details.columns if name not in typed.columns]
    broke = [
        pl.when(pl.col(rule).cast(pl.String) == "invalid").then(pl.lit(rule)) for rule in rules
    ]
    reasons = pl.concat_str(broke, separator=", ", ignore_nulls=True).alias(REASONS)
    broken = failure.invalid().hstack(details.select(reasons))
    empty = [name for name in rows.columns if broken[name].null_count() == len(broken)]
    broken = broken.with_columns(pl.lit(None, rows.schema[name]).alias(name) for name in empty)
    unread = rows.with_columns(unreadable.alias(REASONS)).filter(pl.col(REASONS) != "")
    twice = rows.filter(unreadable == "").filter(again).with_columns(pl.lit(AGAIN).alias(REASONS))
    return good, pl.concat([broken, unread, twice], how="diagonal_relaxed")


def _again(rows: pl.DataFrame, schema: type[dy.Schema]) -> pl.Series:
    """Whether a row was there before, the same in all columns, although its key says it can't."""
    key, columns = schema.primary_key(), [name for name in schema.column_names() if name in rows]
    nested = any(rows.schema[name].is_nested() for name in columns)
    if nested or not key or not {*key} <= {*columns} or not rows.select(key).is_duplicated().any():
        return pl.repeat(value=False, n=len(rows), dtype=pl.Boolean, eager=True)
    return rows.select(~pl.struct(columns).is_first_distinct()).to_series()


def measured(rows: pl.DataFrame, broken: pl.DataFrame, schema: type[dy.Schema]) -> dict[str, Any]:
    """What is wrong with a table: in all, and by column."""
    by_rule: Counter[str] = Counter()
    by_kind: Counter[tuple[str, str]] = Counter()
    for text, count in broken[REASONS].value_counts().iter_rows():
        reasons = text.split(", ")
        by_rule.update(dict.fromkeys(reasons, count))
        # A value may break several rules, and is counted once.
        by_kind.update(dict.fromkeys(map(_kind, reasons), count))
    return {
        "rows": len(rows),
        "set_aside": len(broken),
        "duplicates": sum(count for (_, kind), count in by_kind.items() if kind == "duplicates"),
        "reasons": dict(sorted(by_rule.items())),
        "without_match": {},
        "columns": {
            name: {
                "nulls": rows[name].null_count(),
                "out_of_range": by_kind[name, "out_of_range"],
                "wrong_type": by_kind[name, "wrong_type"],
            }
            for name in schema.column_names()
        },
    }


def _kind(reason: str) -> tuple[str, str]:
    """The column of a reason, "" for one of whole rows, and what is wrong with it."""
    column, _, rule = reason.rpartition("|")
    return column, KINDS.get(rule, "out_of_range")


def _read(
    rows: pl.DataFrame, schema: type[dy.Schema], form: Form
) -> tuple[pl.DataFrame, pl.Series]:
    """Values read as their types where a cast can't do it right, and why a row can't be read."""
    read = {
        name: value
        for name, column in schema.columns().items()
        if (value := _parsed(name, column, rows[name], form)) is not None
    }
    lost = [
        pl.when(value.is_null() & pl.col(name).is_not_null()).then(pl.lit(f"{name}|dtype"))
        for name, value in read.items()
    ]
    reasons = pl.concat_str([pl.lit(""), *lost], separator=", ", ignore_nulls=True)
    unreadable = rows.with_columns(reasons.str.strip_chars_start(", ").alias(REASONS))[REASONS]
    return rows.with_columns(**read), unreadable


def _parsed(name: str, column: dy.Column, values: pl.Series, form: Form) -> pl.Expr | None:
    """How to read a column, with null for what can't be read; None where a cast does it right."""
    value, wanted, given = pl.col(name), column.dtype, values.dtype
    if given == pl.String:
        brackets = wanted.is_numeric() and bool(values.str.starts_with("(").any())
        return _parsed_text(value, column, form, brackets=brackets)
    if given.is_numeric() and (wanted.is_integer() or wanted == pl.Boolean):
        cast = value.cast(wanted, strict=False)
        return pl.when(cast.cast(given) == value).then(cast)  # 1.5 is no whole number
    if (
        column.validate_dtype(given)
        or given == pl.Null
        or all(dtype.is_numeric() or dtype == pl.Boolean for dtype in (given, wanted))
        or all(dtype in (pl.Date, pl.Datetime) for dtype in (given, wanted))
    ):
        return None
    return pl.lit(None, wanted)


def _parsed_text(text: pl.Expr, column: dy.Column, form: Form, *, brackets: bool) -> pl.Expr | None:
    match column:
        case dy.Datetime():
            zone = None if column.time_zone is None else str(column.time_zone)
            return text.str.to_datetime(time_zone=zone, strict=False)
        case dy.Date():
            return text.str.to_date(strict=False)
        case dy.Time():
            return text.str.to_time(strict=False)
        case dy.Bool():
            plain = text.str.to_lowercase()
            return plain.replace_strict(WORDS, default=None, return_dtype=pl.Boolean)
    if not column.dtype.is_numeric():
        return None
    plain = form.number(text, unit_of(column), brackets=brackets)
    if column.dtype.is_integer():  # also as pandas writes it beside missing values: 12.0
        plain = plain.str.strip_suffix(".0")
    return plain.cast(column.dtype, strict=False)
