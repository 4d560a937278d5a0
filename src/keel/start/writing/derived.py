"""Features that are made of a column: parts of a date, the length of a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from keel.start.plan import Plan, Type, Use
from keel.start.writing.code import EPOCH, Coded
from keel.start.writing.splitting import day_of

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Derived:
    """A feature as code, and a case of it that was worked out by hand."""

    name: str
    sentence: str
    code: str
    columns: tuple[tuple[str, str], ...]  # of the case: names, and raw values as code
    value: str  # what comes out, as code
    why: str  # what the case says
    needs_zone: bool = False


def derived(plan: Plan, columns: list[Coded]) -> list[Derived]:
    """All features that the columns of a table give by themselves."""
    time = next((column for column in columns if column.is_time), None)
    names = {column.name for column in columns}
    found = [
        feature
        for column in columns
        if column.is_derived
        for feature in _of(column, time, plan)
        if feature.name not in names
    ]
    return list({feature.name: feature for feature in found}.values())


def _of(column: Coded, time: Coded | None, plan: Plan) -> Iterator[Derived]:
    if column.column.type == Type.TEXT:
        yield Derived(
            f"{column.name}_length",
            f"Characters of {column.name}; what it says is not looked at.",
            f"Examples.{column.name}.col.str.len_chars()",
            ((column.name, '"four"'),),
            "4",
            f"the length of {column.name} is in characters",
        )
        return
    if column.column.use != Use.TIME and time is not None:
        yield _days_before(column, time, plan)
        return
    yield from _parts(column, plan)


def _parts(column: Coded, plan: Plan) -> Iterator[Derived]:
    """Of a date or a moment by itself; a case is its ordinary day, half past one at noon."""
    name, moment = column.name, column.column.type == Type.MOMENT
    local = f"Examples.{name}.col" + ".dt.convert_time_zone(ZONE)" * moment
    day, month = ("Local day", "Local month") if moment else ("Day", "Month")
    usual = day_of(column.usual)
    parts = {  # what it is, what comes out of the case, and what a person says of that
        "weekday": (
            f"{day} of the week of {name}: 1 is Monday.",
            str(usual.isoweekday()),
            "counts from Monday",
        ),
        "hour": (f"Local hour of {name}: 13.5 is half past one.", "13.5", "has a fraction"),
        "month": (f"{month} of {name}, 1 to 12.", str(usual.month), "counts from January"),
        "year": (f"Year of {name}.", str(usual.year), "is that of the calendar"),
    }
    long = column.column.high - column.column.low > YEAR
    wanted = {"weekday": True, "hour": moment, "month": long, "year": not column.is_time}
    case = ((name, _raw(column, plan)),)
    for part in (part for part in parts if wanted[part]):
        sentence, value, why = parts[part]
        code = f"{local}.dt.{part}()" + f" + {local}.dt.minute() / 60" * (part == "hour")
        why = f"the {part} of {name} {why}"
        yield Derived(f"{name}_{part}", sentence, code, case, value, why, needs_zone=moment)


def _raw(column: Coded, plan: Plan) -> str:
    """Half past one on an ordinary day, local time, as the table writes it."""
    day = day_of(column.usual)
    local = datetime(day.year, day.month, day.day, 13, 30, tzinfo=ZoneInfo(plan.zone))
    if column.column.type == Type.DATE:
        return column.raw(local.date())
    zoned = column.column.zone or (column.column.form or "").startswith(EPOCH)
    return column.raw(local.astimezone(UTC) if zoned else local.replace(tzinfo=None))


def _days_before(column: Coded, time: Coded, plan: Plan) -> Derived:
    """Days from a date or a moment to the prediction; negative where it is still to come."""

    def local(of: Coded) -> str:
        zoned = ".dt.convert_time_zone(ZONE).dt.date()" if of.column.type == Type.MOMENT else ""
        return f"Examples.{of.name}.col{zoned}"

    return Derived(
        f"days_since_{column.name}",
        f"Days from {column.name} to {time.name}; negative if it comes later.",
        f"({local(time)} - {local(column)}).dt.total_days()",
        ((column.name, _raw(column, plan)), (time.name, _raw(time, plan))),
        str((day_of(time.usual) - day_of(column.usual)).days),
        f"the days since {column.name} are counted to {time.name}",
        needs_zone=Type.MOMENT in (column.column.type, time.column.type),
    )
