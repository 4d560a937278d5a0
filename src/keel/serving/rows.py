"""Rows of a table as clients send them: what may be in them follows from the table's schema."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
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
from TEAM.tables import Known

from keel.serving.problems import ProblemError, Wrong, unreadable

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
OVER_ALL_ROWS = ("primary_key", "unique")


class Rows:
    """Rows with some of the columns of a schema, read from JSON.

    Pydantic knows types, ranges, lengths and patterns; what else the schema asks for, such as
    checks of the team's own, is asked of the rows as a table.
    """

    def __init__(self, schema: type[dy.Schema], names: Iterable[str], most: int = 1) -> None:
        self.columns = {name: schema.columns()[name] for name in names}
        self.model = model(schema.__name__, self.columns)
        lengths = Field(
            min_length=1,
            max_length=most,
            json_schema_extra={"uniqueItems": bool(schema.primary_key())},
        )
        listed = Annotated[list[self.model], lengths]  # type: ignore[name-defined]  # known only now
        self.batch = create_model(f"{schema.__name__}Batch", __config__=STRICT, rows=(listed, ...))
        self._dump = TypeAdapter(list[self.model])  # type: ignore[name-defined]  # the same
        self._rules = rules(schema, self.columns)
        self._whole = {
            name: None if name in self.columns else column.dtype
            for name, column in schema.columns().items()
        }

    def read_one(self, body: bytes) -> pl.DataFrame:
        """The row that a body is. Raises ProblemError if it is not as the schema asks for."""
        return self.frame([self._read(self.model, body)])

    def read_many(self, body: bytes) -> pl.DataFrame:
        """The `rows` of a body, in their order."""
        return self.frame(self._read(self.batch, body).rows)  # type: ignore[attr-defined]  # made above

    def frame(self, models: Sequence[BaseModel]) -> pl.DataFrame:
        """The rows as a table of the schema, with null for what is not asked for."""
        rows = self._dump.dump_python(list(models), by_alias=True)
        columns = [
            pl.Series(name, [None] * len(rows), dtype)
            if dtype is not None
            else series(name, [row[name] for row in rows], self.columns[name].dtype)
            for name, dtype in self._whole.items()
        ]
        frame = pl.DataFrame(columns)
        for row, broken in broken_rules(frame, self._rules).items():
            place = "" if len(rows) == 1 else f"rows.{row}"
            wrong = [_broken(place, rule, frame[row]) for rule in broken]
            said = f"{wrong[0].field or place or 'the row'} {wrong[0].reason}"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, said, wrong)
        return frame

    def _read(self, wanted: type[BaseModel], body: bytes) -> BaseModel:
        try:
            return wanted.model_validate_json(body)
        except ValidationError as error:
            raise unreadable(error, list(self.columns)) from error


def asked(schema: type[dy.Schema]) -> list[str]:
    """The columns of a table that are known when a client asks: not what comes afterwards."""
    return [
        name
        for name, column in schema.columns().items()
        if (column.metadata or {}).get("known") != Known.AFTERWARDS
    ]


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
        warnings.simplefilter("ignore", UserWarning)  # of checks, which `Rows` asks for itself
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


def rules(schema: type[dy.Schema], columns: Iterable[str]) -> dict[str, pl.Expr]:
    """What a schema asks for that `annotation` can't say: rules of its own, and of whole tables."""
    named = schema._validation_rules(with_cast=False)  # noqa: SLF001 -- it says them nowhere else
    return {
        name: rule.expr.fill_null(value=True)
        for name, rule in named.items()
        if "|" not in name
        or (name.partition("|")[0] in columns and name.partition("|")[2].startswith(OWN))
    }


OWN = ("check", "resolution", "unique")


def broken_rules(frame: pl.DataFrame, rules: Mapping[str, pl.Expr]) -> dict[int, list[str]]:
    """The rules that rows break, by the number of the row; nothing for those that are good."""
    if len(frame) == 1:
        rules = {name: rule for name, rule in rules.items() if not name.endswith(OVER_ALL_ROWS)}
    if not rules:
        return {}
    kept = frame.select(**rules)
    return {
        int(row): [name for name in rules if not kept[name][int(row)]]
        for row in kept.select(~pl.all_horizontal(*rules)).to_series().arg_true()
    }


def series(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    """The values as a column. Raises ProblemError if they don't fit, such as the year 10000."""
    try:
        if isinstance(dtype, pl.Datetime) and dtype.time_zone:
            moments = [None if value is None else value.astimezone(UTC) for value in values]
            utc = pl.Series(name, moments, pl.Datetime(dtype.time_unit, "UTC"))
            return utc.dt.convert_time_zone(dtype.time_zone)
        return pl.Series(name, values, dtype)
    except (OverflowError, ValueError, TypeError, pl.exceptions.PolarsError) as error:
        wrong = Wrong(name, f"can't be read as {dtype}: {error}")
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"{name} {wrong.reason}", [wrong]
        ) from error


def _broken(place: str, rule: str, row: pl.DataFrame) -> Wrong:
    column, _, kept = rule.rpartition("|")
    field = ".".join(filter(None, [place, column]))
    if rule == "primary_key":
        return Wrong(field, "has the same key as another row: ask for one of them only")
    value = row[column].item() if column else None
    return Wrong(field, f"breaks the rule {kept} of tables.py", value)


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
