"""What a schema says of a column beside its type: when its value is known, if it is personal."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dataframely as dy
    import polars as pl


class Known(StrEnum):
    """When a value is known, seen from the moment of the prediction."""

    AHEAD = "long before: schedules, registers"
    MEASURED = "at the time of its measurement: needs a point-in-time join"
    AFTERWARDS = "only after the prediction: never a feature"


def ahead(*, personal: bool = False, unit: str = "") -> dict[str, Any]:
    """The `metadata` of a column that is known long before: from a schedule, a register, a form.

    What is `personal` is never logged in the clear, and no feature should need it. The `unit` is
    what a file writes before or behind the column's numbers, as in "€ 1,104.50" or "12 %".
    """
    return _said(Known.AHEAD, personal=personal, unit=unit)


def measured(*, personal: bool = False, unit: str = "") -> dict[str, Any]:
    """The `metadata` of a column that is known from the time of its measurement on.

    In a raw table that time is the first datetime with a zone in the primary key. In the examples
    it says that `build` joined the value as of the moment of the prediction.
    """
    return _said(Known.MEASURED, personal=personal, unit=unit)


def afterwards(
    *,
    after: timedelta | None = None,
    by: str | None = None,
    personal: bool = False,
    true: object = None,
    unit: str = "",
) -> dict[str, Any]:
    """The `metadata` of a column that is known only after the prediction: labels, outcomes.

    In a raw table, `after` is how long after the row's time it is known at the latest; `by` is the
    column of the same table, a date or a datetime, from whose moment on it is known, and never
    while that is null. A later example may use it from then on; what says neither, none may use.

    Of a label with two values, such as "no" and "yes" or 1 and 2, `true` is the one that counts as
    yes: its probability is predicted.
    """
    said = {"after": after, "by": by, "true": true}
    given = {name: value for name, value in said.items() if value is not None}
    return {**_said(Known.AFTERWARDS, personal=personal, unit=unit), **given}


def _said(known: Known, *, personal: bool, unit: str) -> dict[str, Any]:
    return {"known": known, "personal": personal, **({"unit": unit} if unit else {})}


def when_known(column: dy.Column) -> Known | None:
    """What the schema says of the column; None if it says nothing."""
    return (column.metadata or {}).get("known")


def meaning_of_true(column: dy.Column) -> Any:
    """The value of the column that means yes; None if the schema names none."""
    return (column.metadata or {}).get("true")


def unit_of(column: dy.Column) -> str:
    """What files write before or behind the column's numbers; "" if nothing."""
    return str((column.metadata or {}).get("unit", ""))


def is_personal(column: dy.Column) -> bool:
    """Whether the schema says that the column is personal data."""
    return bool((column.metadata or {}).get("personal"))


def known_ahead(column: dy.Column) -> bool:
    """Whether the value is known when the prediction is made."""
    return when_known(column) in (Known.AHEAD, Known.MEASURED)


def known_from(column: dy.Column) -> timedelta | str | None:
    """How long after its row's time it is known, or the column that says when; None if neither."""
    said = column.metadata or {}
    known: timedelta | str | None = said.get("after") or said.get("by")
    return known


def problem_of_known_from(name: str, columns: Mapping[str, dy.Column]) -> str:
    """What is wrong with the `after` or the `by` of a column of a raw table; "" if nothing is."""
    said = columns[name].metadata or {}
    after, by = said.get("after"), said.get("by")
    if after is not None and by is not None:
        return "has both after=… and by=…: say one of them"
    if after is not None and not (isinstance(after, timedelta) and after > timedelta(0)):
        return f"has after={after!r}: give a time span above 0, such as timedelta(hours=6)"
    if by is not None and (by not in columns or not is_time(columns[by], zoned=False)):
        times = [other for other, column in columns.items() if is_time(column, zoned=False)]
        return (
            f"has by={by!r}: name a column of the same table that is a dy.Datetime or a dy.Date, "
            f"which are {', '.join(times) or 'none'}"
        )
    return ""


def is_time(column: dy.Column, *, zoned: bool = True) -> bool:
    """Whether the column says when: a date, or a datetime, which has a zone if it has to be."""
    import dataframely as dy

    if isinstance(column, dy.Datetime):
        return bool(column.time_zone) or not zoned
    return isinstance(column, dy.Date)


def moment_of(name: str, column: dy.Column, zone: str) -> pl.Expr:
    """An expression of such a column as a datetime in UTC.

    A date is its first moment in `zone`; a datetime without a zone is one of `zone`.
    """
    import dataframely as dy
    import polars as pl

    if isinstance(column, dy.Datetime) and column.time_zone:
        return pl.col(name).dt.convert_time_zone("UTC")
    return to_utc(pl.col(name).cast(pl.Datetime("us")), zone)


def to_utc(local: pl.Expr, zone: str) -> pl.Expr:
    """Datetimes without a zone, as clocks in `zone` show them, as datetimes in UTC.

    Of an hour that comes twice, when clocks go back, the first is meant. One that is not there,
    when they go forward, in some zones at midnight, is the hour after it: 02:14 is 03:14.
    """
    import polars as pl

    first, second = (
        moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        for moment in (local, local.dt.offset_by("1h"))
    )
    return pl.coalesce(first, second).dt.convert_time_zone("UTC")
