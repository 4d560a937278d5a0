"""What a schema says of a column beside its type: when its value is known, if it is personal."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import dataframely as dy
    import polars as pl


class Known(StrEnum):
    """When a value is known, seen from the moment of the prediction."""

    AHEAD = "long before: schedules, registers"
    MEASURED = "at the time of its measurement: needs a point-in-time join"
    AFTERWARDS = "only after the prediction: never a feature"


def ahead(*, personal: bool = False) -> dict[str, Any]:
    """The `metadata` of a column that is known long before: from a schedule, a register, a form.

    What is `personal` is never logged in the clear, and no feature should need it.
    """
    return {"known": Known.AHEAD, "personal": personal}


def measured(*, personal: bool = False) -> dict[str, Any]:
    """The `metadata` of a column that is known from the time of its measurement on.

    In a raw table that time is the first datetime with a zone in the primary key. In the examples
    it says that `build` joined the value as of the moment of the prediction.
    """
    return {"known": Known.MEASURED, "personal": personal}


def afterwards(*, personal: bool = False, true: object = None) -> dict[str, Any]:
    """The `metadata` of a column that is known only after the prediction: labels, outcomes.

    Of a label with two values, such as "no" and "yes" or 1 and 2, `true` is the one that counts as
    yes: its probability is predicted.
    """
    known = {"known": Known.AFTERWARDS, "personal": personal}
    return known if true is None else {**known, "true": true}


def when_known(column: dy.Column) -> Known | None:
    """What the schema says of the column; None if it says nothing."""
    return (column.metadata or {}).get("known")


def meaning_of_true(column: dy.Column) -> Any:
    """The value of the column that means yes; None if the schema names none."""
    return (column.metadata or {}).get("true")


def is_personal(column: dy.Column) -> bool:
    """Whether the schema says that the column is personal data."""
    return bool((column.metadata or {}).get("personal"))


def known_ahead(column: dy.Column) -> bool:
    """Whether the value is known when the prediction is made."""
    return when_known(column) in (Known.AHEAD, Known.MEASURED)


def is_time(column: dy.Column) -> bool:
    """Whether the column says when: a datetime with a time zone, or a date."""
    import dataframely as dy

    return isinstance(column, dy.Date) or bool(getattr(column, "time_zone", None))


def moment_of(name: str, column: dy.Column, zone: str) -> pl.Expr:
    """An expression of such a column as a datetime in UTC; a date is its first moment in `zone`."""
    import dataframely as dy
    import polars as pl

    if not isinstance(column, dy.Date):
        return pl.col(name).dt.convert_time_zone("UTC")
    midnight = pl.col(name).cast(pl.Datetime("us"))
    first, second = (  # in some zones a day of the year begins at one o'clock
        moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        for moment in (midnight, midnight.dt.offset_by("1h"))
    )
    return pl.coalesce(first, second).dt.convert_time_zone("UTC")
