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

KINDS = {  # for how many days, and what happens
    "sensor": (14, "has the value that it had last"),
    "nulls": (14, "is unknown"),
    "category": (14, "has a new value in a tenth of the rows"),
    "gap": (2, "nobody asks the service"),
    "stale": (3, "no newer rows of a lookup come"),
    "slow": (3, "each request takes twice as long as promised"),
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
        return f"{self.first} to {self.end - timedelta(days=1)}: {place}{KINDS[self.kind][1]}"

    def on(self, day: date) -> bool:
        return self.first <= day < self.end


def parse(text: str, past: Past, days: list[date]) -> Trouble:
    """Such as `sensor`, `nulls:weather.humid`, `gap@2013-08-01` or `category:flights.carrier+7`.

    Raises UserError for what there is not.
    """
    form = FORM.fullmatch(text)
    if not form or form["kind"] not in KINDS:
        raise UserError(
            f"--trouble {text}: there is {', '.join(KINDS)}, with an optional place, first day and "
            "number of days, as in sensor:table.column@2027-01-31+14"
        )
    kind = form["kind"]
    try:
        first = date.fromisoformat(form["first"]) if form["first"] else days[len(days) // 3]
        end = first + timedelta(int(form["days"] or KINDS[kind][0]))
        table, column = _place(kind, form["target"] or "", past)
    except (ValueError, OverflowError, UserError) as error:
        raise UserError(f"--trouble {text}: {error}") from error
    trouble = Trouble(kind, table, column, first, end)
    if not any(map(trouble.on, days)):
        raise UserError(
            f"--trouble {text}: none of its days is played, which are {days[0]} to {days[-1]}"
        )
    return trouble


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
    tables = [name for name in [*past.lookups, past.asked] if past.day_of(name) is not None]
    columns = {
        f"{table}.{name}": column
        for table in tables
        for name, column in past.project.tables[table].columns().items()
        if kind != "category" or isinstance(column, dy.String)
    }
    if kind == "stale":
        places = usual = [table for table in tables if table != past.asked]
    else:
        places = list(columns)
        usual = [place for place in places if _suggests_itself(kind, place, columns[place], past)]
    if target not in places and (target or not usual):
        raise UserError(f"name a place of tables.py that has a time: {', '.join(places)}")
    table, _, column = (target or usual[0]).partition(".")
    return table, column


def _suggests_itself(kind: str, place: str, column: dy.Column, past: Past) -> bool:
    """A number that is measured, or a category of a request that is passed on to the examples."""
    table, _, name = place.partition(".")
    if kind == "category":
        passed_on = table == past.asked and name in past.project.examples.columns()
        return passed_on and when_known(column) == Known.AHEAD
    return when_known(column) == Known.MEASURED and column.dtype.is_numeric()


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
