"""Rows of a table as clients send them: what may be in them follows from the table's schema."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Annotated, Any

import dataframely as dy
import polars as pl
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import to_json

from keel.project.columns import Known, when_known
from keel.serving.examples.rules import Rule, broken_rules, rules
from keel.serving.problems import ProblemError, WrongField, refused, unreadable

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
ALL = "refuse all rows if one is wrong; else that one gets a problem in its place"
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
UNFIT = (OverflowError, ValueError, TypeError, pl.exceptions.PolarsError)


@dataclass(frozen=True)
class Read:
    """The good rows of a request with their places in it, and what is wrong with the others."""

    frame: pl.DataFrame
    places: list[int]
    wrong: dict[int, list[WrongField]]
    at: str = "rows.{}"  # the place of a row, for people
    all_or_nothing: bool = False

    def refused(self, wrong: Mapping[int, Sequence[WrongField]]) -> ProblemError:
        """The problem of all of them, with the places of their rows."""
        return refused(
            [
                replace(part, field=_field(self.at.format(place), part.field))
                for place, parts in sorted(wrong.items())
                for part in parts
            ]
        )

    def whole(self) -> "Read":
        """Raises ProblemError if a row is wrong."""
        if self.wrong:
            raise self.refused(self.wrong)
        return self


class Rows:
    """Rows with some of the columns of a schema, read from JSON.

    Pydantic knows types, ranges, lengths and patterns; what else the schema asks for, such as
    checks of the team's own, is asked of the rows as a table.
    """

    def __init__(
        self,
        schema: type[dy.Schema],
        names: Iterable[str],
        most: int = 1,
        needed: Iterable[str] | None = None,
        *,
        partly: bool = False,
    ) -> None:
        """Of a batch that is `partly` good, `read_each` reads the good rows.

        What is not `needed` may be null or left out, whatever the schema says.
        """
        self.columns = {name: schema.columns()[name] for name in names}
        if needed is not None:
            self.columns = optional(self.columns, needed)
        self.model = model(schema.__name__, self.columns)
        lengths = Field(
            min_length=1,
            max_length=most,
            json_schema_extra={"uniqueItems": bool(schema.primary_key())},
        )
        row: Any = self.model
        wish = {"all_or_nothing": (bool, Field(default=False, description=ALL))} if partly else {}
        shapes: list[dict[str, Any]] = [
            {"rows": (Annotated[list[one], lengths], ...), **wish}  # type: ignore[valid-type]  # known only now
            for one in (row, Any)
        ]
        self.batch, self._loose = (
            create_model(f"{schema.__name__}Batch", __config__=STRICT, **shape) for shape in shapes
        )
        self._dump = TypeAdapter(list[row])
        self._rules = rules(schema, self.columns)
        self._types = {name: column.dtype for name, column in schema.columns().items()}
        self._zoned = [n for n, dtype in self._types.items() if getattr(dtype, "time_zone", None)]
        self._at_once = all(map(_fits_or_fails, self._types.values()))

    def read_one(self, body: bytes) -> Read:
        """The row that a body is. Raises ProblemError if it is not as the schema asks for."""
        return self._frame([self._read(self.model, body)], "").whole()

    def read_many(self, body: bytes) -> pl.DataFrame:
        """The `rows` of a body, in their order. Raises ProblemError that names all wrong ones."""
        rows = self._read(self.batch, body).rows  # type: ignore[attr-defined]  # made above
        return self._frame(rows).whole().frame

    def read_each(self, body: bytes) -> Read:
        """The `rows` of a body as far as they are good, unless it asks for all or nothing.

        Raises ProblemError if none is good, or it is no batch of rows.
        """
        try:
            batch: Any = self.batch.model_validate_json(body)
        except ValidationError as error:
            batch = self._apart(body, error)
        wrong = {n: [row] for n, row in enumerate(batch.rows) if isinstance(row, WrongField)}
        places = [n for n in range(len(batch.rows)) if n not in wrong]
        read = self._frame([batch.rows[place] for place in places])
        read = Read(
            read.frame,
            [places[n] for n in read.places],
            wrong | {places[n]: parts for n, parts in read.wrong.items()},
            all_or_nothing=batch.all_or_nothing,
        )
        return read.whole() if read.all_or_nothing or not read.places else read

    def _apart(self, body: bytes, error: ValidationError) -> Any:
        """A batch in which what is wrong with a row stands in its place, if others are good."""
        with suppress(ValidationError):
            batch: Any = self._loose.model_validate_json(body)
            batch.rows = [self._or_wrong(row) for row in batch.rows]
            some = any(not isinstance(row, WrongField) for row in batch.rows)
            if some and not batch.all_or_nothing:
                return batch
        raise unreadable(error, list(self.columns)) from error

    def _or_wrong(self, row: Any) -> BaseModel | WrongField:
        """A row, or the first thing that is wrong with it; strictly, as only JSON can be."""
        try:
            return self._read(self.model, to_json(row, inf_nan_mode="constants"))
        except ProblemError as problem:
            return problem.wrong[0]

    def _read(self, wanted: type[BaseModel], body: bytes) -> BaseModel:
        try:
            return wanted.model_validate_json(body)
        except ValidationError as error:
            raise unreadable(error, list(self.columns)) from error

    def _frame(self, models: Sequence[BaseModel], at: str = Read.at) -> Read:
        """The rows as a table of the schema, with null for what is not asked for."""
        rows = self._dump.dump_python(list(models), by_alias=True)
        frame, wrong = self._typed(rows)
        for n, broken in broken_rules(frame, self._rules).items():
            wrong.setdefault(n, []).extend(_broken(rule, frame[n]) for rule in broken)
        places = [n for n in range(len(rows)) if n not in wrong]
        return Read(frame[places] if wrong else frame, places, wrong, at)

    def _typed(
        self, rows: list[dict[str, Any]]
    ) -> tuple[pl.DataFrame, dict[int, list[WrongField]]]:
        """The rows as a table, with null for a value that does not fit, and which do not."""
        if self._at_once:
            with suppress(*UNFIT):  # a tenth of the time for one row
                plain = [
                    row | {n: _microseconds(row[n]) for n in self._zoned if row.get(n)}
                    for row in rows
                ]
                return pl.DataFrame(plain, self._types), {}
        wrong: dict[int, list[WrongField]] = {}
        columns = []
        for name, dtype in self._types.items():
            values = [row.get(name) for row in rows]
            try:
                columns.append(series(name, values, dtype))
            except UNFIT:
                for n, value in enumerate(values):
                    if unfit := _unfit(name, value, dtype):
                        wrong.setdefault(n, []).append(unfit)
                        values[n] = None
                columns.append(series(name, values, dtype))
        return pl.DataFrame(columns), wrong


def optional(columns: Mapping[str, dy.Column], needed: Iterable[str]) -> dict[str, dy.Column]:
    """The columns, where all but those that are needed may be null."""
    found, wanted = dict(columns), set(needed)
    for name, column in columns.items():
        if name not in wanted and not column.nullable:
            found[name] = copy(column)
            found[name].nullable = True
    return found


def asked(schema: type[dy.Schema]) -> list[str]:
    """The columns that a client sends: not those that are known only afterwards."""
    columns = schema.columns().items()
    return [name for name, column in columns if when_known(column) != Known.AFTERWARDS]


def model(name: str, columns: Mapping[str, dy.Column], *, strict: bool = True) -> type[BaseModel]:
    """What pydantic can check of a row; its own names are numbers, so that any column fits in.

    Strict means that text is no number; values that are typed already need not be.
    """
    fields: dict[str, Any] = {
        f"c{number}": (
            annotation(column),
            Field(None if column.nullable else ..., alias=name, title=name),
        )
        for number, (name, column) in enumerate(columns.items())
    }
    return create_model(name, __config__=STRICT if strict else ConfigDict(), **fields)


def annotation(column: dy.Column) -> Any:
    """The type of a value, with what is allowed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of checks, which are asked for as `rules`
        allowed = column.pydantic_field()
    if column.dtype.is_integer():
        return Annotated[allowed, BeforeValidator(_whole)]
    if isinstance(column, dy.Decimal) and column.precision:
        return Annotated[allowed, Field(max_digits=column.precision)]
    if isinstance(column, dy.Datetime) and column.time_zone:
        return Annotated[allowed, AfterValidator(_with_zone)]
    if isinstance(column, dy.Datetime):
        text: dict[str, Any] = {"type": "string", "examples": ["2027-01-31T12:00:00"]}
        schema = {"anyOf": [text, {"type": "null"}]} if column.nullable else text
        return Annotated[allowed, AfterValidator(_without_zone), WithJsonSchema(schema)]
    return allowed


def series(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    """The values as a column. Raises one of `UNFIT` if they don't fit, such as the year 10000."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        moments = [None if value is None else value.astimezone(UTC) for value in values]
        utc = pl.Series(name, moments, pl.Datetime(dtype.time_unit, "UTC"))
        return utc.dt.convert_time_zone(dtype.time_zone)
    return pl.Series(name, values, dtype)


def _microseconds(moment: datetime) -> int:
    """Since 1970: Polars takes six times as long to read a moment itself.

    Raises OverflowError if it is no moment in UTC.
    """
    if moment.year in (MINYEAR, MAXYEAR):
        moment = moment.astimezone(UTC)
    return (moment - EPOCH) // MICROSECOND


def _fits_or_fails(dtype: pl.DataType) -> bool:
    """Whether Polars refuses a value of a row that does not fit, as it does of a column.

    It does not with times in other units than Python's: those it rounds, or lets run over.
    """
    return not (
        dtype.is_nested()
        or isinstance(dtype, pl.Duration)
        or (isinstance(dtype, pl.Datetime) and dtype.time_unit != "us")
    )


def _unfit(field: str, value: Any, dtype: pl.DataType) -> WrongField | None:
    try:
        series(field, [value], dtype)
    except UNFIT as error:
        return WrongField(field, f"can't be read as {dtype}: {error}")
    return None


def _broken(rule: Rule, row: pl.DataFrame) -> WrongField:
    if rule.name == "primary_key":
        return WrongField("", "has the same key as another row: ask for one of them only")
    value = row[rule.column].item() if rule.column else None
    return WrongField(rule.column, rule.words, value)


def _field(place: str, column: str) -> str:
    return ".".join(filter(None, [place, column]))


def _whole(number: Any) -> Any:
    """JSON has one kind of numbers: 3.0 is 3."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _with_zone(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError("needs a time zone, as in 2027-01-31T12:00:00+01:00")
    return moment


def _without_zone(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is not None:
        raise ValueError("is a time without a zone, as in 2027-01-31T12:00:00")
    return moment
