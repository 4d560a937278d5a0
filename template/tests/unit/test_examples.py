from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from tests.builders import NOON, PROJECT, table, tables


def build(**changed: pl.DataFrame) -> pl.DataFrame:
    """The examples that these tables give, with the ordinary ones for those that are not named."""
    return PROJECT.build(tables(**changed)).collect()


def example(**changed: pl.DataFrame) -> dict[str, Any]:
    """The only example that these tables give."""
    return build(**changed).row(0, named=True)


def test_examples_satisfy_their_schema() -> None:
    assert PROJECT.examples.is_valid(build())


def test_a_departure_has_the_minutes_of_its_local_time() -> None:
    result = example(flights=table("flights", sched_dep_time=[1259]))

    assert result["scheduled_departure"] == NOON + timedelta(minutes=59)


def test_the_decision_is_two_hours_before_the_departure() -> None:
    result = example()

    assert result["scheduled_departure"] - result["decision_time"] == timedelta(hours=2)


@pytest.mark.parametrize(
    ("hours_before_departure", "temperature"),
    [(1, None), (2, 20.0), (4, 20.0), (5, 20.0), (6, None)],
)
def test_only_weather_is_known_that_was_measured_up_to_three_hours_before_the_decision(
    hours_before_departure: int, temperature: float | None
) -> None:
    measured = NOON - timedelta(hours=hours_before_departure)

    result = example(weather=table("weather", time_hour=[measured], temp=[20.0]))

    assert result["temperature"] == temperature


def test_the_latest_known_weather_counts() -> None:
    times = [NOON - timedelta(hours=hours) for hours in (4, 2, 3, 1)]

    result = example(weather=table("weather", time_hour=times, temp=[40.0, 20.0, 30.0, 10.0]))

    assert result["temperature"] == 20.0


WEATHER = [
    ("temp", "temperature", 63.5),
    ("dewp", "dew_point", 41.5),
    ("humid", "humidity", 77.0),
    ("wind_speed", "wind_speed", 17.5),
    ("precip", "precipitation", 0.25),
    ("pressure", "pressure", 1003.5),
    ("visib", "visibility", 7.0),
]


@pytest.mark.parametrize(("measured", "column", "number"), WEATHER)
def test_what_was_measured_keeps_its_unit_and_an_unknown_value_stays_unknown(
    measured: str, column: str, number: float
) -> None:
    assert example(weather=table("weather", **{measured: [number]}))[column] == number
    assert example(weather=table("weather", **{measured: [None]}))[column] is None


def test_weather_of_another_airport_is_not_taken() -> None:
    result = example(weather=table("weather", origin=["JFK"]))

    assert result["wind_speed"] is None


def test_a_flight_without_weather_or_aircraft_stays() -> None:
    nothing = {name: table(name).clear() for name in ("weather", "planes")}

    result = example(**nothing)

    assert (result["pressure"], result["aircraft_built"]) == (None, None)


def test_the_aircraft_is_found_by_its_tail_number() -> None:
    result = example(
        flights=table("flights", tailnum=["N2"]),
        planes=table("planes", tailnum=["N1", "N2"], year=[1990, 2010]),
    )

    assert result["aircraft_built"] == 2010


@pytest.mark.parametrize(("minutes", "late"), [(-10, False), (15, False), (16, True), (None, None)])
def test_late_is_more_than_fifteen_minutes_and_unknown_without_arrival(
    minutes: int | None, late: bool | None
) -> None:
    result = example(flights=table("flights", arr_delay=[minutes]))

    assert result["late"] is late


def test_there_is_one_example_for_each_flight_in_the_order_of_decisions() -> None:
    hours = [NOON + timedelta(hours=hours) for hours in (3, 1, 2)]
    flights = table("flights", time_hour=hours, carrier=["AA", "UA", "DL"], flight=[1, 3, 2])

    result = build(flights=flights)

    assert result["decision_time"].to_list() == sorted(hour - timedelta(hours=2) for hour in hours)


def test_decisions_of_the_same_moment_are_in_the_order_of_carrier_and_number() -> None:
    flights = table("flights", carrier=["UA", "UA", "AA"], flight=[2, 1, 3])

    result = build(flights=flights)

    assert result.select("carrier", "flight_number").rows() == [("AA", 3), ("UA", 1), ("UA", 2)]


def test_each_flight_has_the_weather_of_its_own_decision() -> None:
    hours = [NOON + timedelta(hours=hours) for hours in (3, 1, 2)]
    weather = [hour - timedelta(hours=2) for hour in hours]

    result = build(
        flights=table("flights", time_hour=hours),
        weather=table("weather", time_hour=weather, temp=[30.0, 10.0, 20.0]),
    )

    assert result["temperature"].to_list() == [10.0, 20.0, 30.0]


def test_the_hour_that_comes_twice_in_autumn_is_two_hours() -> None:
    twice = [datetime(2013, 11, 3, hour, tzinfo=UTC) for hour in (5, 6)]  # both 1 a.m. local time

    result = build(flights=table("flights", time_hour=twice, sched_dep_time=[100, 100]))

    assert result["scheduled_departure"].to_list() == twice


@pytest.mark.parametrize(
    ("hhmm", "minutes"), [(0, 0), (5, 5), (130, 90), (2359, 1439), (2400, 1440)]
)
def test_a_time_written_as_a_number_is_read_in_minutes(hhmm: int, minutes: int) -> None:
    result = example(flights=table("flights", sched_arr_time=[hhmm]))

    assert result["arrival_minute"] == minutes
