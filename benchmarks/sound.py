"""How often the checks of raw data over time are wrong: `python benchmarks/sound.py`.

It tries sound tables, parts, bootstrapped and shuffled copies of them, of which nothing may be
asked, and breaks tables in ways that have to be noticed. `uv run --with vega_datasets --with
statsmodels` brings the tables; only their files are read. The exit code is 1 if anything is asked
of a sound table.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
from tenfold import read

from keel import Features, Project, afterwards, ahead, measured
from keel.data.profile import hits
from keel.data.profile.look import compare, look
from keel.data.profile.steps import ENOUGH, Step, step
from keel.data.validation import check
from keel.data.validation import measured as counted

NEW_YORK = "America/New_York"
SEED = 1
Break = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Table:
    """A table to look at: its rows, their time and key, and what is known only afterwards."""

    name: str
    rows: pl.DataFrame
    time: str
    key: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    zone: str = NEW_YORK

    @property
    def schema(self) -> type[dy.Schema]:
        """As `keel start` would guess it."""
        columns: dict[str, dy.Column] = {}
        for name, dtype in self.rows.schema.items():
            known = (
                afterwards()
                if name in self.outcomes
                else measured()
                if name == self.time
                else ahead()
            )
            key = name in self.key
            made: dict[str, Any] = {"primary_key": key, "nullable": not key, "metadata": known}
            if isinstance(dtype, pl.Datetime):
                columns[name] = dy.Datetime(time_zone=dtype.time_zone, **made)
            elif dtype == pl.Date:
                columns[name] = dy.Date(**made)
            elif dtype.is_integer():
                columns[name] = dy.Int64(**made)
            else:
                columns[name] = (dy.Float64 if dtype.is_float() else dy.String)(**made)
        return type("Rows", (dy.Schema,), columns)

    def asked(self) -> list[str]:
        """The sentences that are asked of it."""
        schema = self.schema
        label = dy.Float64(nullable=True, metadata=afterwards())
        examples = type("Examples", (dy.Schema,), {"label": label})
        project = Project(
            tables={self.name: schema},
            examples=examples,
            build=lambda tables: tables[self.name],
            label="label",
            features=Features(examples),
            models={},
            zone=self.zone,
        )
        good, broken = check(self.rows, schema)
        reasons = counted(self.rows, broken, schema)["reasons"]
        looked = {self.name: look(project, self.name, good, broken, reasons)}
        return [each.sentence for each in compare(project, looked)[self.name]]


def main() -> int:
    """Print what is asked of sound tables, and of broken ones; 1 if sound ones are asked of."""
    strongest = remember_the_strongest()
    tables = {table.name: table for table in sound()}
    tried = false = 0
    for table in tables.values():
        for variant in (*parts(table), *copies(table)):
            tried += 1
            for sentence in variant.asked():
                false += 1
                print(f"FALSE {variant.name}: {sentence}", flush=True)
    print(
        f"{tried} sound tables of {len(tables)} sources: {false} questions. The strongest step has "
        f"an evidence of {max(strongest):.2f}; {ENOUGH} is asked about.\n"
    )
    noticed = 0
    print("| table | broken | asked |\n|---|---|---|")
    for name, what, change in breaks():
        table = tables[name]
        sentences = replace(table, rows=change(table.rows)).asked()
        noticed += bool(sentences)
        print(f"| {name} | {what} | {'<br>'.join(sentences) or '**nothing**'} |", flush=True)
    print(f"\n{noticed} of {len([*breaks()])} noticed")
    return int(false > 0)


def remember_the_strongest() -> list[float]:
    """How strong the evidence for each step is that the checks will look at."""
    evidence = [0.0]

    def remembered(*arguments: Any, **named: Any) -> Step:
        found = step(*arguments, **named)
        evidence.append(found.evidence)
        return found

    vars(hits)["step"] = remembered
    return evidence


def parts(table: Table) -> Iterator[Table]:
    """A table, its halves and its thirds."""
    yield table
    days = day(table)
    for count in (2, 3):
        cuts = days.sort()[:: -(-len(days) // count)].to_list()
        for n, first in enumerate(cuts):
            inside = days >= first
            if n + 1 < len(cuts):
                inside &= days < cuts[n + 1]
            yield replace(
                table, name=f"{table.name}-{n + 1}of{count}", rows=table.rows.filter(inside)
            )


def copies(table: Table) -> Iterator[Table]:
    """Two of weeks drawn by chance in place of each other, and one whose values are shuffled."""
    random, days = np.random.default_rng(SEED), day(table)
    week = ((days - days.min()).dt.total_days() // 7).rename("week")
    rows = table.rows.with_columns(week)
    weeks = week.unique().sort()
    whole = weeks[:-1].to_numpy()  # the last one may be a part of one
    length = pl.duration(days=7 * (pl.col("to") - pl.col("week")))
    for n in range(2):
        drawn = pl.DataFrame({"to": weeks, "week": random.choice(whole, len(weeks))})
        moved = drawn.join(rows, on="week").with_columns(
            (pl.col(table.time) + length).alias(table.time)
        )
        yield replace(
            table, name=f"{table.name}-weeks{n}", rows=moved.drop("to", "week"), zone="UTC"
        )
    others = [name for name in table.rows.columns if name not in (table.time, *table.key)]
    order = random.permutation(len(rows))
    shuffled = table.rows.select(others)[order]
    kept = table.rows.drop(others)
    yield replace(table, name=f"{table.name}-shuffled", rows=kept.hstack(shuffled))


def day(table: Table) -> pl.Series:
    """The days of the rows, where they are."""
    times = table.rows[table.time]
    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone:
        times = times.dt.convert_time_zone(NEW_YORK)
    return times.cast(pl.Date)


def sound() -> Iterator[Table]:
    """Tables that nothing is wrong with."""
    flights = "time_hour carrier flight origin dest distance sched_dep_time dep_delay arr_delay"
    weather = "time_hour origin temp dewp humid wind_speed precip pressure visib"
    for name, columns, key in (
        ("flights", flights, ("time_hour", "carrier", "flight")),
        ("weather", weather, ("time_hour", "origin")),
    ):
        rows = read(name).select(columns.split())
        rows = rows.with_columns(pl.col("time_hour").str.to_datetime(time_zone="UTC"))
        wrong = pl.col("wind_speed") > 200 if name == "weather" else pl.lit(value=False)
        yield Table(
            name,
            rows.filter(~wrong.fill_null(value=False)),
            "time_hour",
            key,
            ("dep_delay", "arr_delay"),
        )
    vega, stats = package("vega_datasets") / "_data", package("statsmodels") / "datasets"
    seattle = pl.read_csv(vega / "seattle-weather.csv", try_parse_dates=True)
    yield Table("seattle-weather", seattle, "date", ("date",), ("weather",))
    for name in ("seattle-temps", "sf-temps"):
        rows = pl.read_csv(vega / f"{name}.csv")
        time = pl.col("date").str.to_datetime(strict=False)  # local, and says no zone
        rows = rows.with_columns(date=time).drop_nulls("date")
        yield Table(name, rows, "date", ("date",), zone="America/Los_Angeles")
    stocks = pl.read_csv(vega / "stocks.csv", infer_schema_length=None)
    yield Table("stocks", stocks.with_columns(pl.col("date").str.to_date("%b %d %Y")), "date")
    yield Table("jobs", pl.read_csv(vega / "us-employment.csv", try_parse_dates=True), "month")
    power = pl.read_csv(vega / "iowa-electricity.csv", try_parse_dates=True)
    yield Table("electricity", power, "year")
    co2 = pl.read_csv(stats / "co2/co2.csv", schema_overrides={"date": pl.String})
    yield Table("co2", co2.with_columns(pl.col("date").str.to_date("%Y%m%d")), "date")
    for name, year in (("nile", "year"), ("sunspots", "YEAR"), ("macrodata", "year")):
        rows = pl.read_csv(stats / name / f"{name}.csv")
        quarter = pl.col("quarter").cast(pl.Int8) * 3 - 2 if "quarter" in rows.columns else 1
        rows = rows.with_columns(pl.date(pl.col(year).cast(pl.Int32), quarter, 1).alias(year))
        yield Table(name, rows, year)
    nino = pl.read_csv(stats / "elnino/elnino.csv").unpivot(index="YEAR", variable_name="month")
    month = pl.concat_str(pl.col("YEAR").cast(pl.Int32), "month", pl.lit("1"), separator=" ")
    rows = nino.select(month.str.to_titlecase().str.to_date("%Y %b %d").alias("day"), "value")
    yield Table("elnino", rows.sort("day"), "day", ("day",))


def package(name: str) -> Path:
    """Where a package stands that is only read."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"error: {name} is missing: uv run --with vega_datasets --with statsmodels …")
    return Path(spec.origin).parent


def breaks() -> Iterator[tuple[str, str, Break]]:
    """A table's name, what is done to it, and how."""
    jfk, ua = pl.col("origin") == "JFK", pl.col("carrier") == "UA"
    celsius = ((pl.col("temp") - 32) / 1.8).round(1)
    noise = pl.Series(np.random.default_rng(SEED).normal(0, 0.03, 30_000))
    local = pl.col("time_hour").dt.convert_time_zone(NEW_YORK).dt.replace_time_zone(None)
    local = local.dt.replace_time_zone("UTC")
    wind = pl.col("wind_speed")
    swapped = {"EWR": "LGA", "LGA": "EWR"}
    for what, changed in {
        "°F to °C": since("2013-10-03", "temp", celsius),
        "°F to °C, whole": since("2013-10-03", "temp", celsius.round(0)),
        "°F to °C at one airport": since("2013-06-20", "temp", celsius, jfk),
        "°F to °C for a month": since("2013-06-20", "temp", celsius, until="2013-07-20"),
        "mph to m/s": since("2013-07-01", "wind_speed", wind * 0.44704),
        "pressure in mmHg": since("2013-07-01", "pressure", pl.col("pressure") * 0.75),
        "miles to km": since("2013-08-10", "visib", (pl.col("visib") * 1.609).round(1)),
        "inches to mm": since("2013-05-10", "precip", (pl.col("precip") * 25.4).round(1)),
        "2 °F more at one airport": since("2013-06-20", "temp", pl.col("temp") + 2, jfk),
        "a sensor that hangs": since("2013-08-01", "humid", pl.lit(58.35), jfk),
        "one that hangs for three weeks": since(
            "2013-08-01", "humid", pl.lit(58.35), until="2013-08-22"
        ),
        "one that is silent for three weeks": since(
            "2013-08-01", "humid", pl.lit(None), jfk, "2013-08-22"
        ),
        "a third of the values 0": since(
            "2013-08-01", "humid", pl.lit(0.0), pl.col("temp") * 10 % 3 < 1
        ),
        "cut off at 60": since("2013-05-01", "temp", pl.min_horizontal("temp", 60.0)),
        "local times called UTC": lambda rows: rows.with_columns(time_hour=local),
    }.items():
        yield "weather", what, changed
    for what, changed in {
        "miles to km": since("2013-04-15", "distance", (pl.col("distance") * 1.609).round(0)),
        "miles to km of one carrier": since(
            "2013-04-15", "distance", (pl.col("distance") * 1.609).round(0), ua
        ),
        "seconds for minutes": since("2013-04-15", "arr_delay", pl.col("arr_delay") * 60),
        "early counts as on time": since(
            "2013-09-15", "arr_delay", pl.max_horizontal("arr_delay", 0)
        ),
        "unknown is 0": since("2013-05-15", "arr_delay", pl.col("arr_delay").fill_null(0)),
        "two airports swapped": since("2013-08-01", "origin", pl.col("origin").replace(swapped)),
        "a carrier's new code": since(
            "2013-09-05", "carrier", pl.col("carrier").replace("UA", "U2")
        ),
        "codes in small letters": since(
            "2013-09-05", "carrier", pl.col("carrier").str.to_lowercase()
        ),
        "a carrier falls silent": lambda rows: rows.filter(~ua | ~later("2013-10-01")),
        "an airport missing for a month": lambda rows: rows.filter(
            ~jfk | ~later("2013-06-01") | later("2013-07-01")
        ),
        "two weeks missing": lambda rows: rows.filter(~later("2013-06-01") | later("2013-06-15")),
        "half of the rows": lambda rows: rows.filter(
            ~later("2013-07-01") | (pl.col("distance") % 2 == 0)
        ),
        "an hour later": since(
            "2013-08-10", "time_hour", pl.col("time_hour") + pl.duration(hours=1)
        ),
        "local times called UTC": lambda rows: rows.with_columns(time_hour=local),
        "local times from a day on": since("2013-08-10", "time_hour", local),
    }.items():
        yield "flights", what, changed
    fahrenheit = (pl.col("temp_max") * 1.8 + 32).round(1)
    yield "seattle-weather", "°C to °F", since("2014-02-10", "temp_max", fahrenheit)
    yield (
        "seattle-weather",
        "m/s to km/h",
        since("2014-02-10", "wind", (pl.col("wind") * 3.6).round(1)),
    )
    exact = celsius + pl.Series(noise[:8_759])
    yield "seattle-temps", "°F to °C", since("2010-09-01", "temp", exact)
    yield "stocks", "dollars to cents", since("2005-03-01", "price", pl.col("price") * 100)


def later(first: str) -> pl.Expr:
    """Whether a row's time is on this day or later."""
    return pl.col("time_hour").cast(pl.Date) >= date.fromisoformat(first)


def since(
    first: str, column: str, new: pl.Expr, where: pl.Expr | None = None, until: str | None = None
) -> Break:
    """Other values in a column from a day on."""

    def changed(rows: pl.DataFrame) -> pl.DataFrame:
        time = next(name for name, dtype in rows.schema.items() if dtype.is_temporal())
        days = pl.col(time).cast(pl.Date)
        here = days >= date.fromisoformat(first)
        if until:
            here &= days < date.fromisoformat(until)
        if where is not None:
            here &= where
        return rows.with_columns(pl.when(here).then(new).otherwise(pl.col(column)).alias(column))

    return changed


if __name__ == "__main__":
    sys.exit(main())
