from datetime import UTC, datetime
from typing import Any

import pytest

from tests.builders import PROJECT, examples


def value(feature: str, /, **columns: Any) -> object:
    """The feature of one ordinary example with these columns."""
    rows = examples(**{name: [cell] for name, cell in columns.items()})
    return rows.select(PROJECT.features[feature]()).item()


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2013, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("departure", "hour"),
    [
        (utc(1, 15, 17, 30), 12.5),  # winter: five hours behind UTC
        (utc(7, 15, 16, 30), 12.5),  # summer: four
        (utc(1, 16, 4, 45), 23.75),
    ],
)
def test_the_hour_of_departure_is_local(departure: datetime, hour: float) -> None:
    assert value("departure_hour", scheduled_departure=departure) == hour


@pytest.mark.parametrize(
    ("departure", "weekday"),
    [
        (utc(3, 11, 16), 1),  # a Monday
        (utc(3, 17, 16), 7),  # a Sunday
        (utc(3, 12, 2), 1),  # still Monday in New York, Tuesday in UTC
    ],
)
def test_the_weekday_is_that_of_the_local_day(departure: datetime, weekday: int) -> None:
    assert value("weekday", scheduled_departure=departure) == weekday


def test_the_hour_of_arrival_has_a_fraction() -> None:
    assert value("arrival_hour", arrival_minute=21 * 60 + 15) == 21.25


def test_an_aircraft_ages_by_the_year() -> None:
    assert value("aircraft_age", scheduled_departure=utc(3, 1, 12), aircraft_built=2003) == 10


def test_an_unknown_aircraft_has_no_age() -> None:
    assert value("aircraft_age", aircraft_built=None) is None


def test_the_dew_point_spread_is_what_temperature_exceeds_it_by() -> None:
    assert value("dew_point_spread", temperature=50.0, dew_point=41.5) == 8.5


def test_unknown_weather_stays_unknown() -> None:
    assert value("dew_point_spread", temperature=None) is None
