"""One schema for each raw table.

A row that breaks its schema is set aside with the reason, and counted.
Each column says when its value is known and whether it is personal data.
"""

from datetime import timedelta

import dataframely as dy
from keel import afterwards, ahead, measured


class Flights(dy.Schema):
    """Departures from New York's three airports: the schedule, and what happened."""

    time_hour = dy.Datetime(
        primary_key=True,
        time_zone="UTC",
        metadata=ahead(),
        description="scheduled departure, full hour",
    )
    carrier = dy.String(
        primary_key=True, min_length=2, max_length=2, metadata=ahead(), description="airline code"
    )
    flight = dy.Int32(
        primary_key=True, min=1, max=9999, metadata=ahead(), description="flight number"
    )
    sched_dep_time = dy.Int16(min=0, max=2359, metadata=ahead(), description="local time, hhmm")
    sched_arr_time = dy.Int16(min=0, max=2400, metadata=ahead(), description="local time, hhmm")
    tailnum = dy.String(nullable=True, metadata=ahead(), description="the aircraft's registration")
    origin = dy.String(regex="^[A-Z]{3}$", metadata=ahead(), description="airport code")
    dest = dy.String(regex="^[A-Z]{3}$", metadata=ahead(), description="airport code")
    distance = dy.Int32(min=1, max=12_000, metadata=ahead(), description="miles")
    # The table has no time of arrival: known after the longest possible delay and flight.
    dep_delay = dy.Int32(
        nullable=True,
        min=-120,
        max=2_880,
        metadata=afterwards(after=timedelta(hours=49)),
        description="minutes; null if cancelled",
    )
    arr_delay = dy.Int32(
        nullable=True,
        min=-240,
        max=2_880,
        metadata=afterwards(after=timedelta(hours=72)),
        description="minutes; null if cancelled or diverted",
    )


class Weather(dy.Schema):
    """What the airports' weather stations measured, by the hour."""

    origin = dy.String(
        primary_key=True, regex="^[A-Z]{3}$", metadata=ahead(), description="airport code"
    )
    time_hour = dy.Datetime(
        primary_key=True, time_zone="UTC", metadata=measured(), description="when it was measured"
    )
    temp = dy.Float64(nullable=True, min=-60, max=130, metadata=measured(), description="°F")
    dewp = dy.Float64(
        nullable=True, min=-60, max=100, metadata=measured(), description="dew point, °F"
    )
    humid = dy.Float64(nullable=True, min=0, max=100, metadata=measured(), description="%")
    wind_speed = dy.Float64(nullable=True, min=0, max=200, metadata=measured(), description="mph")
    precip = dy.Float64(
        nullable=True, min=0, max=12, metadata=measured(), description="inches an hour"
    )
    pressure = dy.Float64(nullable=True, min=870, max=1085, metadata=measured(), description="hPa")
    visib = dy.Float64(nullable=True, min=0, max=10, metadata=measured(), description="miles")


class Planes(dy.Schema):
    """The register of aircraft."""

    tailnum = dy.String(primary_key=True, metadata=ahead(), description="registration")
    year = dy.Int16(nullable=True, min=1930, max=2100, metadata=ahead(), description="year built")
    seats = dy.Int16(nullable=True, min=1, max=900, metadata=ahead(), description="number of seats")


TABLES: dict[str, type[dy.Schema]] = {"flights": Flights, "weather": Weather, "planes": Planes}

# (table, table that it refers to): by which columns; the report counts rows without a match.
REFERENCES: dict[tuple[str, str], list[str]] = {
    ("flights", "weather"): ["origin", "time_hour"],
    ("flights", "planes"): ["tailnum"],
}
