"""What can go wrong in a replay, on purpose: to see whether it is noticed, and when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import dataframely as dy
import polars as pl
from TEAM.examples import ZONE, build
from TEAM.tables import TABLES, Known

from keel.pipeline.validate import check
from keel.project.errors import UserError

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

Tables = Mapping[str, pl.LazyFrame]


@dataclass(frozen=True)
class Trouble:
    """From `first` on, before `end`; `table` and `column` are "" where it has none."""

    kind: str
    table: str
    column: str
    first: date
    end: date

    def __str__(self) -> str:
        place = ".".join(name for name in (self.table, self.column) if name)
        days = f"{self.first} to {self.end - timedelta(days=1)}"
        return f"{days}: {place + ' ' if self.column else ''}{WORDS[self.kind]}"

    def on(self, day: date) -> bool:
        return self.first <= day < self.end


def parse(text: str, tables: Tables, asked: str, days: list[date]) -> Trouble:
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
    except ValueError as error:
        raise UserError(f"--trouble {text}: {form['first']} is no day: {error}") from error
    table, column = _place(text, kind, form["target"], tables, asked)
    return Trouble(kind, table, column, first, first + timedelta(int(form["days"] or DAYS[kind])))


def spoil(tables: Tables, troubles: list[Trouble]) -> dict[str, pl.LazyFrame]:
    """The tables as they would be with the troubles."""
    found = dict(tables)
    for trouble in troubles:
        if trouble.column:
            found[trouble.table] = _spoiled(found[trouble.table].collect(), trouble).lazy()
    return found


def time_of(table: str) -> pl.Expr | None:
    """The local day of a table's rows: of the first time in its key, else of the first it has."""
    columns = TABLES[table].columns()
    names = [*TABLES[table].primary_key(), *columns]
    for name in names:
        if isinstance(columns[name], dy.Date):
            return pl.col(name)
        if isinstance(columns[name], dy.Datetime):
            zone = getattr(columns[name], "time_zone", None)
            local = pl.col(name).dt.convert_time_zone(ZONE) if zone else pl.col(name)
            return local.dt.date()
    return None


def _spoiled(rows: pl.DataFrame, trouble: Trouble) -> pl.DataFrame:
    name, day = trouble.column, time_of(trouble.table)
    if day is None:
        raise UserError(f"--trouble {trouble.kind}: {trouble.table} has no time to begin at")
    inside = day.is_between(trouble.first, trouble.end, closed="left")
    value = pl.lit(None, rows.schema[name])
    if trouble.kind == "sensor":
        before = rows.filter(day < trouble.first)[name].drop_nulls()
        value = pl.lit(before[-1] if len(before) else 0, rows.schema[name])
    elif trouble.kind == "category":
        inside &= pl.int_range(pl.len()) % TENTH == 0
        value = pl.lit(_new(rows, trouble.table, name))
    spoiled = rows.with_columns(pl.when(inside).then(value).otherwise(name).alias(name))
    keys = TABLES[trouble.table].primary_key()
    return spoiled.unique(keys, keep="first", maintain_order=True) if keys else spoiled


def _place(text: str, kind: str, target: str | None, tables: Tables, asked: str) -> tuple[str, str]:
    """The table and the column that it hits."""
    if kind in ("gap", "slow"):
        if target:
            raise UserError(f"--trouble {text}: {kind} hits no table")
        return "", ""
    table, _, column = (target or "").partition(".")
    if kind == "stale":
        lookups = [name for name in TABLES if name != asked and time_of(name) is not None]
        if not lookups or (target and target not in lookups):
            there = ", ".join(lookups) or "none"
            raise UserError(f"--trouble {text}: the lookups with a time are {there}")
        return target or lookups[0], ""
    if target and (table not in TABLES or column not in TABLES[table].columns()):
        raise UserError(f"--trouble {text}: tables.py has no {target}: write it as table.column")
    if target:
        return table, column
    found = _category(tables, asked) if kind == "category" else _number(asked)
    if found is None:
        raise UserError(f"--trouble {kind}: no column suggests itself: name one as table.column")
    return found


def _number(asked: str) -> tuple[str, str] | None:
    """The first number that is measured, else the first of the table that is asked for."""
    for table in [*(name for name in TABLES if name != asked), asked]:
        keys = TABLES[table].primary_key()
        for name, column in TABLES[table].columns().items():
            known = (column.metadata or {}).get("known")
            wanted = Known.AHEAD if table == asked else Known.MEASURED
            if column.dtype.is_numeric() and name not in keys and known == wanted:
                return table, name
    return None


def _category(tables: Tables, asked: str) -> tuple[str, str] | None:
    """The first text of the table that is asked for whose values come through to the examples."""
    rows = tables[asked].head(100).collect()
    for name, column in TABLES[asked].columns().items():
        known = (column.metadata or {}).get("known")
        if not isinstance(column, dy.String) or known != Known.AHEAD:
            continue
        new = _new(tables[asked].collect(), asked, name)
        changed = rows.with_columns(pl.lit(new).alias(name)).unique(maintain_order=True)
        examples = build({**tables, asked: changed.lazy()}).collect()
        if examples.select((pl.col(pl.String) == new).any()).transpose().to_series().any():
            return asked, name
    return None


def _new(rows: pl.DataFrame, table: str, column: str) -> str:
    """A value that the column does not have, and may have."""
    known = set(rows[column].drop_nulls().unique())
    one = rows.drop_nulls(column).head(1)
    length = len(one[column].item()) if len(one) else 2
    for letter in "ZXQJzxq0":
        value = letter * length
        good, _ = check(one.with_columns(pl.lit(value).alias(column)), TABLES[table])
        if value not in known and len(good):
            return value
    raise UserError(f"--trouble category: no new value for {table}.{column} comes to mind")
