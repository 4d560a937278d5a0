"""Examples that hold what nobody knew yet are refused, however it got into them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import dataframely as dy
import polars as pl
import pytest
from builders import NOON, PROJECT, table
from flight_delay import examples

from keel import Features, Linear, Project, afterwards, ahead, measured
from keel.data.hindsight import as_of, guard_against_hindsight
from keel.project.columns import moment_of
from keel.project.description import Tables
from keel.project.errors import UserError

HOURS = [NOON + timedelta(hours=hour) for hour in range(-48, 48)]
TABLES: Mapping[str, pl.LazyFrame] = {
    "flights": table(
        "flights", time_hour=HOURS, flight=list(range(1, 97)), arr_delay=list(range(96))
    ).lazy(),
    "weather": table("weather", time_hour=HOURS, temp=[float(n) for n in range(96)]).lazy(),
    "planes": table("planes").lazy(),
}


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
    guard_against_hindsight(PROJECT, TABLES, NOON)


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
        guard_against_hindsight(replace(PROJECT, build=with_built(built)), TABLES, NOON)


def test_a_delay_of_the_day_before_is_known() -> None:
    build = with_built(pl.col("arr_delay").shift(24))

    guard_against_hindsight(replace(PROJECT, build=build), TABLES, NOON)


def test_rows_that_are_picked_by_what_happens_afterwards_are_refused() -> None:
    def build(tables: Tables) -> pl.LazyFrame:
        return PROJECT.build(tables).filter(pl.col("late").is_not_null())

    with pytest.raises(UserError, match="picks rows by what was known only later"):
        guard_against_hindsight(replace(PROJECT, build=build), TABLES, NOON)


def test_at_a_moment_nothing_is_measured_that_comes_later() -> None:
    cut = as_of(PROJECT, TABLES, NOON)

    assert cut["weather"].collect()["time_hour"].max() == NOON
    flights = cut["flights"].collect()
    assert len(flights) == 96
    assert flights.filter(pl.col("arr_delay").is_not_null())["time_hour"].max() == HOURS[47]


# --- A time that is a date, or that is not in the key ---------------------------------------------


class Orders(dy.Schema):
    """One table, as many teams have: an id, a day, and what came of it."""

    order = dy.Int64(primary_key=True, metadata=ahead())
    placed = dy.Date(metadata=ahead())
    usual = dy.Float64(nullable=True, metadata=measured())
    value = dy.Float64(nullable=True, metadata=afterwards())


def orders_with(usual: pl.Expr) -> Project:
    """A project whose column `usual` is made of the values of other orders."""
    return Project(
        tables={"orders": Orders},
        examples=Orders,
        build=lambda tables: tables["orders"].sort("order").with_columns(usual=usual),
        label="value",
        time="placed",
        zone="Europe/Zurich",
        features=Features(Orders).plain("usual"),
        models={"linear": Linear},
    )


ORDERS = {
    "orders": pl.LazyFrame(
        {
            "order": range(60),
            "placed": [date(2025, 1, 1) + timedelta(days=n) for n in range(60)],
            "usual": [0.0] * 60,
            "value": [float(n) for n in range(60)],
        }
    )
}
MIDDLE = datetime(2025, 1, 29, 23, tzinfo=UTC)  # when the 30th begins


@pytest.mark.parametrize(
    "usual", [pl.col("value"), pl.col("value").mean(), pl.col("value").shift(-1)]
)
def test_a_date_beside_the_key_guards_as_well(usual: pl.Expr) -> None:
    with pytest.raises(UserError, match=r"examples\.py: usual of examples up to 2025-01-29"):
        guard_against_hindsight(orders_with(usual), ORDERS, MIDDLE)


@pytest.mark.parametrize("usual", [pl.col("value").shift(1), pl.col("value").shift(7)])
def test_a_lag_of_what_was_known_by_then_is_fine(usual: pl.Expr) -> None:
    guard_against_hindsight(orders_with(usual), ORDERS, MIDDLE)


def test_a_day_that_begins_at_one_o_clock_is_not_lost() -> None:
    # In Cairo the clocks went from midnight to one o'clock on 28 April 2023.
    days = pl.DataFrame({"day": [date(2023, 4, 27), date(2023, 4, 28)]})

    moments = days.select(moment_of("day", dy.Date(), "Africa/Cairo")).to_series()

    assert moments.to_list() == [
        datetime(2023, 4, 26, 22, tzinfo=UTC),
        datetime(2023, 4, 27, 22, tzinfo=UTC),
    ]
