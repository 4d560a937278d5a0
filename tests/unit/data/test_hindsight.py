"""Examples that hold what nobody knew yet are refused, however it got into them."""

import types
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from math import nan
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from builders import NOON, PROJECT, table
from flight_delay import examples

from keel import Features, Linear, Project, afterwards, ahead, measured
from keel.data.hindsight import as_of, differences, guard_against_hindsight, telling_moments
from keel.project.columns import moment_of
from keel.project.description import Tables
from keel.project.errors import UserError

ZONE = "Europe/Zurich"
MIDDLE = datetime(2025, 1, 29, 23, tzinfo=UTC)  # when the 30th begins there
HOURS = [NOON + timedelta(hours=hour) for hour in range(-96, 48)]
TABLES: Mapping[str, pl.LazyFrame] = {
    "flights": table(
        "flights", time_hour=HOURS, flight=list(range(1, 145)), arr_delay=list(range(144))
    ).lazy(),
    "weather": table("weather", time_hour=HOURS, temp=[float(n) for n in range(144)]).lazy(),
    "planes": table("planes").lazy(),
}


def guard(project: Project, tables: Tables, *moments: datetime | None) -> None:
    """Look at the examples of all tables at these moments."""
    now = project.build(tables).collect()
    guard_against_hindsight(project, tables, now, moments)


def with_built(built: pl.Expr) -> Callable[[Tables], pl.LazyFrame]:
    """A `build` whose column `aircraft_built` comes from the flights."""

    def build(tables: Tables) -> pl.LazyFrame:
        known = tables["flights"].select(
            scheduled_departure="time_hour", aircraft_built=1950 + built.cast(pl.Int16)
        )
        return (
            PROJECT.build(tables)
            .drop("aircraft_built")
            .join(known, on="scheduled_departure", how="left", maintain_order="left")
            .select(examples.Examples.column_names())
        )

    return build


def test_what_is_known_by_the_decision_is_fine() -> None:
    guard(PROJECT, TABLES, NOON)


@pytest.mark.parametrize(
    "built",
    [
        pl.col("arr_delay"),
        pl.col("arr_delay").mean(),
        pl.col("arr_delay").shift(-1),
    ],
    ids=["itself", "its mean over all", "that of the next"],
)
def test_what_happens_afterwards_is_refused(built: pl.Expr) -> None:
    with pytest.raises(
        UserError, match=r"examples\.py: aircraft_built of examples up to 2013-03-13"
    ):
        guard(replace(PROJECT, build=with_built(built)), TABLES, NOON)


def test_a_delay_is_known_when_the_time_that_tables_py_says_has_passed() -> None:
    known, too_new = (with_built(pl.col("arr_delay").shift(hours)) for hours in (74, 73))

    guard(replace(PROJECT, build=known), TABLES, NOON)
    with pytest.raises(UserError, match=r"1 of 99 rows of aircraft_built, such as"):
        guard(replace(PROJECT, build=too_new), TABLES, NOON)


def test_rows_that_are_picked_by_what_happens_afterwards_are_refused() -> None:
    def build(tables: Tables) -> pl.LazyFrame:
        return PROJECT.build(tables).filter(pl.col("late").is_not_null())

    with pytest.raises(UserError, match="picks rows by what was known only later"):
        guard(replace(PROJECT, build=build), TABLES, NOON)


def test_at_a_moment_nothing_is_measured_that_comes_later() -> None:
    cut = as_of(PROJECT, TABLES, NOON)

    assert cut["weather"].collect()["time_hour"].max() == NOON
    flights = cut["flights"].collect()
    assert len(flights) == 144
    assert flights.filter(pl.col("arr_delay").is_not_null())["time_hour"].max() == HOURS[24]


# --- Whatever the time is, and however a table says when a value is known -------------------------

DAYS: Mapping[str, dy.Column] = {
    "a date": dy.Date(metadata=ahead()),
    "a zone": dy.Datetime(time_zone="UTC", metadata=ahead()),
    "no zone": dy.Datetime(metadata=ahead()),
}
NEXT_DAY = afterwards(after=timedelta(hours=20))


def project_of(usual: pl.Expr, placed: str = "a date", **said: Any) -> Project:
    """One table, an id, a time and what came of it; `usual` is made of other rows' values."""
    columns: dict[str, dy.Column] = {
        "order": dy.Int64(primary_key=True, metadata=ahead()),
        "day": DAYS[placed],
        "paid_on": dy.Date(nullable=True, metadata=afterwards(by="paid_on")),
        "usual": dy.Float64(nullable=True, metadata=ahead()),
        "value": dy.Float64(nullable=True, metadata=said.get("value", NEXT_DAY)),
    }
    table: Any = types.new_class(
        "Orders", (dy.Schema,), exec_body=lambda body: body.update(columns)
    )
    zoned = {**columns, "day": DAYS["a zone" if placed == "no zone" else placed]}
    examples: Any = types.new_class("Each", (dy.Schema,), exec_body=lambda body: body.update(zoned))
    day = pl.col("day").dt.replace_time_zone(ZONE) if placed == "no zone" else pl.col("day")
    return Project(
        tables={"orders": table},
        examples=examples,
        build=lambda tables: tables["orders"].sort("order").with_columns(usual=usual, day=day),
        label="value",
        time=said.get("time", "day"),
        zone=ZONE,
        features=Features(examples).plain("usual"),
        models={"linear": Linear},
    )


def orders(placed: str = "a date") -> Tables:
    """One on each of sixty days, at the day's beginning in Zurich, paid ten days later or never."""
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(60)]
    local = pl.Series([datetime.combine(day, time()) for day in days])
    zoned = local.dt.replace_time_zone(ZONE).dt.convert_time_zone("UTC")
    return {
        "orders": pl.LazyFrame(
            {
                "order": range(60),
                "day": {"a date": pl.Series(days), "a zone": zoned, "no zone": local}[placed],
                "paid_on": [day + timedelta(days=10) if day.day % 7 else None for day in days],
                "usual": [0.0] * 60,
                "value": [None if n % 9 == 5 else float(n) for n in range(60)],
            }
        )
    }


@pytest.mark.parametrize("placed", DAYS)
@pytest.mark.parametrize(
    "usual", [pl.col("value"), pl.col("value").mean(), pl.col("value").shift(-1)]
)
def test_what_was_known_later_is_refused_whatever_the_time_is(usual: pl.Expr, placed: str) -> None:
    with pytest.raises(UserError, match=r"examples\.py: usual of examples up to 2025-01-29 23:00"):
        guard(project_of(usual, placed), orders(placed), MIDDLE)


@pytest.mark.parametrize("placed", DAYS)
@pytest.mark.parametrize("usual", [pl.col("value").shift(1), pl.col("value").shift(7)])
def test_a_lag_of_what_was_known_by_then_is_fine(usual: pl.Expr, placed: str) -> None:
    guard(project_of(usual, placed), orders(placed), MIDDLE)


@pytest.mark.parametrize(
    ("value", "shift", "message"),
    [
        (afterwards(after=timedelta(days=7)), 7, ""),
        (afterwards(after=timedelta(days=7, minutes=1)), 7, "join only what was measured"),
        (afterwards(by="paid_on"), 11, "join only what was measured"),  # the unpaid never are
        (afterwards(), 20, r"say in tables\.py after how long orders\.value is known"),
        (afterwards(), -1, "join only what was measured"),  # it is wrong whatever they say
    ],
)
def test_a_lag_is_known_from_when_its_table_says(
    value: dict[str, Any], shift: int, message: str
) -> None:
    project = project_of(pl.col("value").shift(shift), value=value)

    with pytest.raises(UserError, match=message) if message else nullcontext():
        guard(project, orders(), MIDDLE)


@pytest.mark.parametrize(("days", "fine"), [(10, True), (8, False)])
def test_what_is_known_by_a_column_is_known_from_its_day_on(days: int, fine: bool) -> None:
    usual = pl.when(pl.col("paid_on").is_not_null()).then("value").shift(days)
    project = project_of(usual, value=afterwards(by="paid_on"))

    with nullcontext() if fine else pytest.raises(UserError, match="usual of examples up to"):
        guard(project, orders(), MIDDLE)


@pytest.mark.parametrize("usual", [pl.col("value").mean(), pl.col("value").rank().shift(3)])
def test_without_a_time_no_outcome_of_another_row_is_known(usual: pl.Expr) -> None:
    with pytest.raises(UserError, match="usual of examples changes with what was known only later"):
        guard(project_of(usual, time=None, value=afterwards()), orders(), None)


def test_without_a_time_what_was_measured_is_known() -> None:
    class Days(dy.Schema):
        day = dy.Date(primary_key=True, metadata=ahead())
        heat = dy.Float64(metadata=measured())
        sold = dy.Float64(nullable=True, metadata=afterwards())

    project = Project(
        tables={"days": Days},
        examples=Days,
        build=lambda tables: tables["days"],
        label="sold",
        features=Features(Days).plain("heat"),
        models={"linear": Linear},
    )
    days = {"day": [date(2025, 1, 1), date(2025, 1, 2)], "heat": [1.0, 2.0], "sold": [3.0, 4.0]}

    guard(project, {"days": pl.LazyFrame(days)}, None)


def test_no_moment_lies_before_the_first_measurement() -> None:
    later = TABLES["weather"].filter(pl.col("time_hour") >= NOON)
    now = PROJECT.build(TABLES).collect()

    moments = telling_moments(PROJECT, {**TABLES, "weather": later}, now, 6)

    assert min(moment for moment in moments if moment) >= NOON


def test_what_is_personal_is_not_in_the_message() -> None:
    class Personal(examples.Examples):  # type: ignore[misc]  # a seed
        aircraft_built = dy.Int16(nullable=True, metadata=ahead(personal=True))

    project = replace(PROJECT, examples=Personal, build=with_built(pl.col("arr_delay")))

    with pytest.raises(UserError) as raised:
        guard(project, TABLES, NOON)
    assert "flight_number = " in str(raised.value)
    assert "aircraft_built = " not in str(raised.value)


def test_sums_that_differ_by_rounding_are_the_same() -> None:
    one, other = ({"a": [0.1 + 0.2, nan, None, 1e9]}, {"a": [0.3, nan, None, 1e9 + 1e-6]})

    assert not differences(pl.DataFrame(one), pl.DataFrame(other))
    assert differences(pl.DataFrame(one), pl.DataFrame({"a": [0.3, nan, 0.0, 1e9]}))["a"].sum() == 1


@pytest.mark.parametrize("placed", DAYS)
def test_it_looks_just_where_the_value_before_is_missing(placed: str) -> None:
    usual = pl.col("value").shift(1).fill_null(strategy="backward")
    project, tables = project_of(usual, placed), orders(placed)
    now = project.build(tables).collect()

    with pytest.raises(UserError, match=r"1 of \d+ rows of usual"):
        guard(project, tables, *telling_moments(project, tables, now, 6))


@pytest.mark.parametrize(
    "filled",
    [
        pl.col("temp").fill_null(strategy="backward").over("origin"),
        pl.col("temp").interpolate().over("origin"),
    ],
    ids=["the next value", "between the values"],
)
def test_a_gap_of_one_station_is_looked_at_though_others_go_on(filled: pl.Expr) -> None:
    weather = pl.concat(
        [
            table("weather", time_hour=HOURS, temp=temp, origin=[origin] * len(HOURS))
            for origin, temp in (
                ("JFK", [float(n) for n in range(144)]),
                ("EWR", [None if 30 < n < 34 else float(n) for n in range(144)]),
            )
        ]
    )
    tables = {**TABLES, "weather": weather.lazy()}
    project = replace(
        PROJECT,
        build=lambda tables: PROJECT.build(
            {**tables, "weather": tables["weather"].sort("time_hour").with_columns(temp=filled)}
        ),
    )
    now = project.build(tables).collect()

    with pytest.raises(UserError, match="temperature of examples up to"):
        guard(project, tables, *telling_moments(project, tables, now, 10))


def test_a_day_that_begins_at_one_o_clock_is_not_lost() -> None:
    # In Cairo the clocks went from midnight to one o'clock on 28 April 2023.
    days = pl.DataFrame({"day": [date(2023, 4, 27), date(2023, 4, 28)]})

    moments = days.select(moment_of("day", dy.Date(), "Africa/Cairo")).to_series()

    assert moments.to_list() == [
        datetime(2023, 4, 26, 22, tzinfo=UTC),
        datetime(2023, 4, 27, 22, tzinfo=UTC),
    ]
