"""What can go wrong in a replay, on purpose: to see whether it is noticed, and when."""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

import dataframely as dy
import polars as pl

from keel.data.validation import check
from keel.project.columns import Known, when_known
from keel.project.errors import UserError
from keel.replay.past import Past

DAYS = {"sensor": 14, "nulls": 14, "category": 14, "gap": 2, "stale": 3, "slow": 3}
WORDS = {
    "sensor": "has the value that it had last",
    "nulls": "is unknown",
    "category": "has a new value in a tenth of the rows",
    "gap": "nobody asks the service",
    "stale": "no newer rows of a lookup come",
    "slow": "the service stands still for a second in each request",
}
FORM = re.compile(r"(?P<kind>[a-z]+)(:(?P<target>[^@+]+))?(@(?P<first>[\d-]+))?(\+(?P<days>\d+))?")
TENTH = 10


@dataclass(frozen=True)
class Trouble:
    """From `first` on, before `end`; `table` and `column` are "" where it has none."""

    kind: str
    table: str
    column: str
    first: date
    end: date

    def __str__(self) -> str:
        place = f"{self.table}.{self.column} " if self.column else ""
        return f"{self.first} to {self.end - timedelta(days=1)}: {place}{WORDS[self.kind]}"

    def on(self, day: date) -> bool:
        return self.first <= day < self.end


def parse(text: str, past: Past, days: list[date]) -> Trouble:
    """Such as `sensor`, `nulls:weather.humid`, `gap@2013-08-01` or `category:flights.carrier+7`.

    Raises UserError for what there is not.
    """
    form = FORM.fullmatch(text)
    if not form or form["kind"] not in DAYS:
        raise UserError(
            f"--trouble {text}: there is {', '.join(DAYS)}, with an optional place, first day and "
            "number of days, as in sensor:table.column@2027-01-31+14"
        )
    kind = form["kind"]
    try:
        first = date.fromisoformat(form["first"]) if form["first"] else days[len(days) // 3]
        table, column = _place(kind, form["target"] or "", past)
    except ValueError as error:
        raise UserError(f"--trouble {text}: {form['first']} is no day: {error}") from error
    except UserError as error:
        raise UserError(f"--trouble {text}: {error}") from error
    return Trouble(kind, table, column, first, first + timedelta(int(form["days"] or DAYS[kind])))


def spoil(past: Past, troubles: list[Trouble]) -> Past:
    """The past as it would have been with the troubles."""
    tables = dict(past.tables)
    for trouble in troubles:
        if trouble.column:
            tables[trouble.table] = _spoiled(past, tables[trouble.table].collect(), trouble).lazy()
    return replace(past, tables=tables)


def _spoiled(past: Past, rows: pl.DataFrame, trouble: Trouble) -> pl.DataFrame:
    name, day = trouble.column, past.day_of(trouble.table)
    if day is None:
        raise UserError(f"--trouble {trouble.kind}: {trouble.table} has no time to begin at")
    schema = past.project.tables[trouble.table]
    inside = day.is_between(trouble.first, trouble.end, closed="left")
    value = pl.lit(None, rows.schema[name])
    if trouble.kind == "sensor":
        before = rows.filter(day < trouble.first)[name].drop_nulls()
        value = pl.lit(before[-1] if len(before) else 0, rows.schema[name])
    elif trouble.kind == "category":
        inside &= pl.int_range(pl.len()) % TENTH == 0
        value = pl.lit(_new(rows, schema, name))
    spoiled = rows.with_columns(pl.when(inside).then(value).otherwise(name).alias(name))
    keys = schema.primary_key()
    return spoiled.unique(keys, keep="first", maintain_order=True) if keys else spoiled


def _place(kind: str, target: str, past: Past) -> tuple[str, str]:
    """The table and the column that it hits. Raises UserError if there is none."""
    if kind in ("gap", "slow"):
        if target:
            raise UserError(f"{kind} hits no table")
        return "", ""
    if kind == "stale":
        lookups = [name for name in past.lookups if past.day_of(name) is not None]
        if not lookups or (target and target not in lookups):
            raise UserError(f"the lookups with a time are {', '.join(lookups) or 'none'}")
        return target or lookups[0], ""
    if target:
        table, _, column = target.partition(".")
        schema = past.project.tables.get(table)
        if schema is None or column not in schema.columns():
            raise UserError(f"tables.py has no {target}: write it as table.column")
        return table, column
    suggested = _category(past) if kind == "category" else _number(past)
    if suggested is None:
        raise UserError("no column suggests itself: name one as table.column")
    return suggested


def _number(past: Past) -> tuple[str, str] | None:
    """The first number that is measured, else the first of the table that is asked for."""
    for table in [*past.lookups, past.asked]:
        schema = past.project.tables[table]
        wanted = Known.AHEAD if table == past.asked else Known.MEASURED
        for name, column in schema.columns().items():
            is_key = name in schema.primary_key()
            if column.dtype.is_numeric() and not is_key and when_known(column) == wanted:
                return table, name
    return None


def _category(past: Past) -> tuple[str, str] | None:
    """The first text of the table that is asked for whose values come through to the examples."""
    schema = past.project.tables[past.asked]
    rows = past.tables[past.asked].collect()
    for name, column in schema.columns().items():
        if not isinstance(column, dy.String) or when_known(column) != Known.AHEAD:
            continue
        new = _new(rows, schema, name)
        changed = rows.head(100).with_columns(pl.lit(new).alias(name)).unique(maintain_order=True)
        examples = past.examples(changed).select((pl.col(pl.String) == new).any()).collect()
        if examples.transpose().to_series().any():
            return past.asked, name
    return None


def _new(rows: pl.DataFrame, schema: type[dy.Schema], column: str) -> str:
    """A value that the column does not have, and may have."""
    known = set(rows[column].drop_nulls().unique())
    example = rows.drop_nulls(column).head(1)
    length = len(example[column].item()) if len(example) else 2
    for letter in "ZXQJzxq0":
        value = letter * length
        good, _ = check(example.with_columns(pl.lit(value).alias(column)), schema)
        if value not in known and len(good):
            return value
    raise UserError(f"no new value for {schema.__name__}.{column} comes to mind")
