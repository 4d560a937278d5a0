"""Why a row breaks its schema, in words: a rule of dataframely's is named `column|rule`."""

import inspect
from collections.abc import Mapping
from typing import Any

import dataframely as dy
import polars as pl

AGAIN = "same_again"  # the reason of all but one of several rows that are the same
FIXED = {
    "nullability": "is missing",
    "inf": "is infinite",
    "nan": "is not a number (NaN)",
    "unique": "is in several rows",
    "check": "breaks its check in tables.py",
    # Where no schema is at hand, which has the limits:
    **dict.fromkeys(("min", "min_exclusive"), "is too small"),
    **dict.fromkeys(("max", "max_exclusive"), "is too large"),
    "min_length": "is too short",
    "max_length": "is too long",
    "regex": "is not written as it has to be",
    "resolution": "is not as round as it has to be",
    "is_in": "is none of the values that are allowed",
}
LIMITS = {  # with the limit that the schema has
    "min": "is below {}",
    "min_exclusive": "is not above {}",
    "max": "is above {}",
    "max_exclusive": "is not below {}",
    "regex": "is not written like {}",
    "resolution": "is not a multiple of {}",
    "is_in": "is none of {}",
}
LENGTHS = {"min_length": "has fewer than {} {}", "max_length": "has more than {} {}"}
MOST = 5  # values that are listed


def words(reasons: str, schema: type[dy.Schema] | None = None) -> str:
    """The reasons of a row, separated by `, `, in words; without the schema they name no limits."""
    return ", ".join(_words(reason, schema) for reason in reasons.split(", "))


def told(reasons: pl.Series, schema: type[dy.Schema]) -> pl.Series:
    """The same of many rows, whose reasons are alike."""
    texts = {text: words(text, schema) for text in reasons.unique()}
    return reasons.replace_strict(texts, return_dtype=pl.String)


def in_words(counts: Mapping[str, int], schema: type[dy.Schema] | None = None) -> dict[str, int]:
    """How often each reason is there, by its words."""
    found: dict[str, int] = {}
    for reason, count in counts.items():
        told = words(reason, schema)
        found[told] = found.get(told, 0) + count
    return found


def of_column(rule: str, column: dy.Column | None) -> str:
    """What is wrong with a value that breaks a rule of its column, such as `is above 9`."""
    limit = getattr(column, rule, None)
    if rule == "dtype":
        return _unreadable(column)
    if rule in LIMITS and limit is not None:
        return LIMITS[rule].format(_shown(limit))
    if rule in LENGTHS and limit is not None:
        of_text = column is not None and column.dtype == pl.String
        return LENGTHS[rule].format(limit, "letters" if of_text else "values")
    own = f"breaks the rule {rule.removeprefix('check__')} of tables.py"
    return FIXED.get(rule, own)


def of_row(rule: str, schema: type[dy.Schema] | None) -> str:
    """What is wrong with a row that breaks a rule of whole rows; a team's own has its docstring."""
    if rule == AGAIN:
        return "the same row was there before"
    if rule == "primary_key":
        key = schema.primary_key() if schema else []
        return f"another row has the same {', '.join(key) or 'key'}"
    own = vars(getattr(schema, rule, object)).get("validation_fn")
    sentence = (inspect.getdoc(own) or "").partition("\n")[0] if own else ""
    return f"breaks the rule {rule} of tables.py" + (f" ({sentence.rstrip('.')})" * bool(sentence))


def _words(reason: str, schema: type[dy.Schema] | None) -> str:
    name, _, rule = reason.rpartition("|")
    if not name:
        return of_row(rule, schema)
    column = schema.columns().get(name) if schema else None
    return f"{name} {of_column(rule, column)}"


def _unreadable(column: dy.Column | None) -> str:
    match column:
        case dy.Enum():
            return f"is none of {_shown(column.categories)}"
        case dy.Bool():
            return "is neither true nor false"
        case dy.Datetime() | dy.Date() | dy.Time():
            return f"is no {type(column).__name__.lower()}"
    if column is not None and column.dtype.is_numeric():
        return "is no whole number" if column.dtype.is_integer() else "is no number"
    return "has another type than tables.py says"


def _shown(limit: Any) -> str:
    if isinstance(limit, float):
        return f"{limit:.12g}"
    if isinstance(limit, str):
        return limit
    if hasattr(limit, "__iter__"):
        values = [str(value) for value in limit]
        more = [f"{len(values) - MOST} more"] if len(values) > MOST else []
        return ", ".join([*values[:MOST], *more])
    return str(limit)
