"""The columns of a plan as code: how each stands in the schemas, and an ordinary value of it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from keel.project.task import Classes, YesNo
from keel.start.plan import Column, Plan, Type, Use

BOOLEANS = {"true", "false"}
EPOCH = "epoch:"  # and the unit: how a moment is written that counts from 1970
DAY = datetime(2027, 1, 31, tzinfo=UTC)
DAYS = (Type.DATE, Type.MOMENT)
NUMBERS = (Type.WHOLE, Type.NUMBER)
LATER = (Use.TARGET, Use.AFTERWARDS)


@dataclass(frozen=True)
class Coded:
    """A column as code has it."""

    column: Column
    plan: Plan

    @property
    def name(self) -> str:
        return self.column.identifier

    @property
    def is_key(self) -> bool:
        """Whether it tells, maybe with others, one row from all others."""
        return self.column.name in self.plan.key

    @property
    def is_time(self) -> bool:
        return self.column.use == Use.TIME

    @property
    def is_feature(self) -> bool:
        return self.column.use == Use.FEATURE

    @property
    def is_nullable(self) -> bool:
        """What is known only later is null until then."""
        return self.column.use in LATER or (self.column.nulls > 0 and not self.is_key)

    @property
    def is_boolean(self) -> bool:
        """Whether it is true and false; 1 and 0 are numbers, which files also write as 1.0."""
        values = {str(value).lower() for value in self.column.values}
        return self.column.type == Type.YES_NO and values == BOOLEANS

    @property
    def is_derived(self) -> bool:
        """Whether models see something of it, but not itself."""
        return self.column.type in (*DAYS, Type.TEXT) and (self.is_feature or self.is_time)

    @property
    def is_plain(self) -> bool:
        """Whether it is a feature as it is."""
        return self.is_feature and not self.is_derived

    @property
    def has_classes(self) -> bool:
        """Whether it is the label of one of several."""
        return self.column.use == Use.TARGET and self.plan.task == Classes.kind

    @cached_property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the greatest number that are allowed; None if any is."""
        low, high = self.column.low, self.column.high
        whole = isinstance(low, int) and isinstance(high, int)
        grows = self.is_key or self.column.use == Use.GROUP  # newer rows have greater ones
        if not self._is_number or grows or low is None or not math.isfinite(high - low):
            return None
        if self.column.type == Type.YES_NO or self.has_classes:
            return low, high
        return room(low, high, whole=whole)

    @cached_property
    def in_table(self) -> str:
        """How the schema of the raw table has it."""
        return self._schema(raw=True)

    @cached_property
    def in_examples(self) -> str:
        """How the schema of the examples has it; as in the table, unless it is made there."""
        return self._schema(raw=not self.making)

    @cached_property
    def making(self) -> str:
        """The expression that makes the column of the examples; "" where it is taken as it is."""
        column, form = f"{class_name(self.plan.table)}.{self.name}.col", self.column.form
        if self.has_classes and not isinstance(self.column.values[0], str):
            return f"{column}.cast(pl.String).cast(Examples.{self.name}.dtype)"
        if self._epoch:
            moment = f'pl.from_epoch({column}, "{self._epoch}")'
            if self.column.type == Type.DATE:
                return f"{moment}.dt.date()"
            return f'{moment}.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")'
        if self.column.type != Type.MOMENT:
            return f"{column}.str.to_date({form!r})" if self._is_text else ""
        zone = ', time_zone="UTC"' if self.column.zone else ""
        read = f'{column}.str.to_datetime({form!r}, time_unit="us"{zone})' if form else column
        if zone:
            return read if form else ""
        return f"to_utc({read}, ZONE)"

    @property
    def needs_zone(self) -> bool:
        return "ZONE" in self.making

    @property
    def _is_number(self) -> bool:
        numeric = isinstance(self.column.low, int | float) and not isinstance(self.column.low, bool)
        return numeric and not self.is_boolean and self.column.type not in (*DAYS, Type.TEXT)

    @property
    def _epoch(self) -> str:
        """The unit of a moment that counts from 1970; "" of any other column."""
        form = self.column.form or ""
        return form.removeprefix(EPOCH) if form.startswith(EPOCH) else ""

    @property
    def _is_text(self) -> bool:
        """Whether it is a date or a moment that is written as text, in a form of its own."""
        return self.column.type in DAYS and bool(self.column.form) and not self._epoch

    def _schema(self, *, raw: bool) -> str:
        """The column of a schema: in brackets its rules, and what is said of any column."""
        kind, rules = self._kind(raw=raw)
        said = ["primary_key=True"] * self.is_key + ["nullable=True"] * self.is_nullable
        about = [f"metadata={self._metadata()}"]
        if text := self._description(raw=raw):
            about.append(f"description={text!r}")
        check = [self._check] if raw and self._is_text else []
        return f"dy.{kind}({', '.join([*rules, *said, *about, *check])})"

    def _kind(self, *, raw: bool) -> tuple[str, list[str]]:
        """The type, and which values it may have."""
        c = self.column
        if self.has_classes and not raw:
            return "Enum", [repr([str(value) for value in sorted(c.values)])]
        if raw and (self._epoch or self._is_text):
            return ("Int64" if self._epoch else "String"), []
        if self.is_boolean:
            return "Bool", []
        if self._is_number:
            return ("Float64" if c.type == Type.NUMBER else "Int64"), self._limits
        if c.type in DAYS:
            zoned = c.type == Type.MOMENT and (not raw or c.zone)
            return ("Date" if c.type == Type.DATE else "Datetime"), ['time_zone="UTC"'] * bool(
                zoned
            )
        return self._kind_of_text(sorted(map(str, c.values)))

    def _kind_of_text(self, values: list[str]) -> tuple[str, list[str]]:
        if self.column.use == Use.TARGET:
            return "Enum", [repr(values)]
        if self.column.type == Type.YES_NO:
            pattern = f"^({'|'.join(map(re.escape, values))})$"
            return "String", [f"regex={pattern!r}"]
        return "String", ["min_length=1"] * self.is_key

    @property
    def _limits(self) -> list[str]:
        """Which numbers are allowed: two that mean yes and no, or a range."""
        if not self.bounds:
            return []
        low, high = map(literal, self.bounds)
        if self.column.type == Type.YES_NO and self.bounds[1] - self.bounds[0] > 1:
            return [f"is_in=[{low}, {high}]"]
        return [f"min={low}", f"max={high}"]

    @property
    def _check(self) -> str:
        """The rule that text is a date in the column's form."""
        zone = ', time_zone="UTC"' if self.column.zone else ""
        day = "date" if self.column.type == Type.DATE else "datetime"
        read = f"text.str.to_{day}({self.column.form!r}{zone}, strict=False).is_not_null()"
        return f"check=lambda text: {'text.is_null() | ' * self.is_nullable}{read}"

    def _metadata(self) -> str:
        said = ["personal=True"] * self.column.personal
        said += [f"unit={self.column.unit!r}"] * bool(self.column.unit)
        if self.column.use not in LATER:
            return f"ahead({', '.join(said)})"
        if self.column.use != Use.TARGET or self.plan.task != YesNo.kind:
            on_its_day = self.column.type in DAYS and not (self._is_text or self._epoch)
            said += [f"by={self.name!r}"] * on_its_day
        elif not self.is_boolean:
            said.append(f"true={self.column.true!r}")
        elif str(self.column.true).lower() != "true":
            said.append("true=False")
        return f"afterwards({', '.join(said)})"

    def _description(self, *, raw: bool) -> str:
        """What else is to be said, of the raw form only where the table has it."""
        if self.column.use == Use.SLICE or self.column.sensitive:
            return "sensitive: to judge by, not to predict from"
        if raw and self._is_text:
            return f"written as {written(self.column.low or DAY, self.column)}"
        if raw and self._epoch:
            return f"{'milli' * (self._epoch == 'ms')}seconds since 1970"
        local = raw and self.column.type == Type.MOMENT and not self.column.zone
        return f"local time, {self.plan.zone}" if local else ""

    @cached_property
    def usual(self) -> Any:
        """An ordinary value, as the examples have it, and nobody's."""
        typical, values = self.column.typical, self.column.values
        if self.has_classes:
            return str(typical if typical is not None else values[0])
        if self.is_boolean:
            return str(typical).lower() == "true"
        if typical is not None and not (self.column.personal or self.is_key):
            return self._whole(typical)
        return self._any()

    def _any(self) -> Any:
        """A value that fits the type."""
        if self.column.type in DAYS:
            return self.column.low
        if self._is_number:
            return 1 if self.is_key else self._whole(self.column.low)
        if self.column.type in (Type.CATEGORY, Type.YES_NO) and self.column.values:
            return self.column.values[0]
        return self.id_format.format(1) if self.is_key else "some text"

    @property
    def id_format(self) -> str:
        """The format of an id by its number, as the table writes ids where that can be seen."""
        return self.column.form or ("K{}" if self.is_key else "G{}")

    def _whole(self, value: Any) -> Any:
        """Without what a median has behind the point; a few digits of a number."""
        if isinstance(value, float):
            return float(f"{value:.4g}") if self.column.type == Type.NUMBER else round(value)
        return value

    @cached_property
    def usual_code(self) -> str:
        """That value as code, as the examples have it."""
        return literal(self.moment(self.usual), zoned=self.column.type == Type.MOMENT)

    @cached_property
    def usual_raw(self) -> str:
        """That value as code, as the table has it."""
        return self.raw(self.usual)

    def raw(self, value: Any) -> str:
        """A value of the examples as code, as the table has it."""
        if self._is_text:
            return literal(written(value, self.column))
        if self._epoch:
            seconds = int(_noon(value).timestamp())
            return literal(seconds * (1000 if self._epoch == "ms" else 1))
        if self.has_classes and not isinstance(self.column.values[0], str):
            return literal(type(self.column.values[0])(value))
        moment = self.column.type == Type.MOMENT
        return literal(value, zoned=moment and bool(self.column.zone))

    def moment(self, value: Any) -> Any:
        """A moment of the table as the examples have it, in UTC."""
        if self.column.type != Type.MOMENT or self.column.zone or self._epoch:
            return value
        from zoneinfo import ZoneInfo

        return value.replace(tzinfo=ZoneInfo(self.plan.zone)).astimezone(UTC)

    @cached_property
    def impossible(self) -> str:
        """A value as code that breaks the schema of the table; "" where none does."""
        if self.bounds and self.column.type != Type.YES_NO:
            least, most = self.bounds  # far beyond: who widens a range does not reach that
            return "-1" if least >= 0 else literal(1000 * abs(most) + 1_000_000)
        if self._is_text:
            return literal("31.31.2027")
        return "" if self.is_nullable else "None"


def coded(plan: Plan) -> list[Coded]:
    """The columns that the project has: all but those that are left out."""
    return [Coded(column, plan) for column in plan.columns if column.use != Use.LEFT_OUT]


def room(low: float, high: float, *, whole: bool) -> tuple[float, float]:
    """Round numbers with as much room on each side as the values span, or from 0.

    Of numbers that are far from 0, such as years, as much as they span on both sides.
    """
    span = high - low or abs(high) or 1
    step = 10.0 ** math.floor(math.log10(span))
    least = math.floor((low - span) / step) * step
    most = math.ceil((high + span) / step) * step
    if low >= 0 and low <= span:
        least = 0.0
    elif high <= 0 and -high <= span:
        most = 0.0
    digits = max(0, -math.floor(math.log10(step)))
    if whole:
        return math.floor(least), math.ceil(most)
    return round(least, digits), round(most, digits)


def literal(value: Any, *, zoned: bool = False) -> str:
    """A value as Python code."""
    if isinstance(value, datetime):
        given = [value.year, value.month, value.day, value.hour, value.minute, value.second]
        while given[-1] == 0 and len(given) > 3:
            given.pop()
        text = ", ".join(map(str, given))
        moment = f"datetime({text}, tzinfo=UTC)"
        return moment if zoned else f"{moment}.replace(tzinfo=None)"
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return repr(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        text = f"{int(value):_}" if abs(value) >= 10_000 else f"{int(value)}"
        return text if isinstance(value, int) else f"{text}.0"
    return repr(value)


def written(value: Any, column: Column) -> str:
    """A date or a moment as the table writes it."""
    return str(value.strftime(column.form)) if column.form else str(value)


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def class_name(table: str) -> str:
    """What the schema of a table is called."""
    name = "".join(part.capitalize() for part in table.split("_"))
    return f"{name}Table" if name in ("Examples", "Kept", "Tables", "Features") else name


def _noon(value: date | datetime) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)
