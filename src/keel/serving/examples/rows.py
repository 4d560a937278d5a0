"""Rows of a table as clients send them: what may be in them follows from the table's schema."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
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

from keel.project.columns import Known, when_known
from keel.serving.problems import WrongField, refused, unreadable

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
UNKNOWN_TO_PYDANTIC = ("check", "resolution", "unique")  # what rules of columns begin with
UNFIT = (OverflowError, ValueError, TypeError, pl.exceptions.PolarsError)


@dataclass(frozen=True)
class Rule:
    """What a schema asks for beyond the types and ranges of values."""

    column: str  # "" for a rule of whole rows
    name: str
    holds: pl.Expr
    among_rows: bool = False  # it can't be broken by a row alone


class Rows:
    """Rows with some of the columns of a schema, read from JSON.

    Pydantic knows types, ranges, lengths and patterns; what else the schema asks for, such as
    checks of the team's own, is asked of the rows as a table.
    """

    def __init__(
        self, schema: type[dy.Schema], names: Iterable[str], most: int = 1, nullable: str = ""
    ) -> None:
        self.columns = {name: schema.columns()[name] for name in names}
        if nullable:  # whatever the schema says
            self.columns[nullable] = copy(self.columns[nullable])
            self.columns[nullable].nullable = True
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
        self._types = {name: column.dtype for name, column in schema.columns().items()}

    def read_one(self, body: bytes) -> pl.DataFrame:
        """The row that a body is. Raises ProblemError if it is not as the schema asks for."""
        return self._frame([self._read(self.model, body)], "")

    def read_many(self, body: bytes) -> pl.DataFrame:
        """The `rows` of a body, in their order.

        The ProblemError names all rows with wrong values or, if none has, all that break rules.
        """
        return self._frame(self._read(self.batch, body).rows, "rows.{}")  # type: ignore[attr-defined]  # made above

    def _read(self, wanted: type[BaseModel], body: bytes) -> BaseModel:
        try:
            return wanted.model_validate_json(body)
        except ValidationError as error:
            raise unreadable(error, list(self.columns)) from error

    def _frame(self, models: Sequence[BaseModel], place: str) -> pl.DataFrame:
        """The rows as a table of the schema, with null for what is not asked for."""
        rows = self._dump.dump_python(list(models), by_alias=True)
        columns, unfit = [], []
        for name, dtype in self._types.items():
            values = [row.get(name) for row in rows]
            try:
                columns.append(series(name, values, dtype))
            except UNFIT:
                for number, value in enumerate(values):
                    unfit += _unfit(_field(place.format(number), name), value, dtype)
        if unfit:
            raise refused(unfit)
        frame = pl.DataFrame(columns)
        broken = [
            _broken(place.format(number), rule, frame[number])
            for number, broken in broken_rules(frame, self._rules).items()
            for rule in broken
        ]
        if broken:
            raise refused(broken)
        return frame


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


def rules(schema: type[dy.Schema], columns: Mapping[str, dy.Column]) -> list[Rule]:
    """What a schema asks of these columns that `annotation` can't say."""
    # dataframely says in no public place which rules a schema has of its own.
    own = schema._schema_validation_rules()  # noqa: SLF001
    key = schema.primary_key()
    return [
        *(Rule("", name, rule.expr) for name, rule in own.items()),
        *([Rule("", "primary_key", pl.struct(key).is_unique(), among_rows=True)] if key else []),
        *(
            Rule(column, name, holds, among_rows=name == "unique")
            for column, described in columns.items()
            for name, holds in described.validation_rules(pl.col(column)).items()
            if name.startswith(UNKNOWN_TO_PYDANTIC)
        ),
    ]


def broken_rules(frame: pl.DataFrame, rules: Sequence[Rule]) -> dict[int, list[Rule]]:
    """The rules that rows break, by the number of the row; nothing for those that are good.

    A rule that null has no answer to holds, as in dataframely.
    """
    if len(frame) == 1:
        rules = [rule for rule in rules if not rule.among_rows]
    if not rules:
        return {}
    holds = frame.select(
        rule.holds.fill_null(value=True).alias(str(n)) for n, rule in enumerate(rules)
    )
    return {
        int(row): [rule for rule, held in zip(rules, holds.row(int(row)), strict=True) if not held]
        for row in holds.select(~pl.all_horizontal(pl.all())).to_series().arg_true()
    }


def series(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    """The values as a column. Raises one of `UNFIT` if they don't fit, such as the year 10000."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        moments = [None if value is None else value.astimezone(UTC) for value in values]
        utc = pl.Series(name, moments, pl.Datetime(dtype.time_unit, "UTC"))
        return utc.dt.convert_time_zone(dtype.time_zone)
    return pl.Series(name, values, dtype)


def _unfit(field: str, value: Any, dtype: pl.DataType) -> list[WrongField]:
    try:
        series(field, [value], dtype)
    except UNFIT as error:
        return [WrongField(field, f"can't be read as {dtype}: {error}")]
    return []


def _broken(place: str, rule: Rule, row: pl.DataFrame) -> WrongField:
    if rule.name == "primary_key":
        return WrongField(place, "has the same key as another row: ask for one of them only")
    value = row[rule.column].item() if rule.column else None
    return WrongField(
        _field(place, rule.column), f"breaks the rule {rule.name} of tables.py", value
    )


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
