"""What comes in: one schema for each raw table.

A row that breaks its schema is set aside with the reason, and counted.
Each column says when its value is known and whether it is personal data.
"""

from enum import StrEnum
from typing import Any

import dataframely as dy


class Known(StrEnum):
    """When a value is known, seen from the moment of the prediction."""

    AHEAD = "long before: schedules, registers"
    MEASURED = "at the time of its measurement: needs a point-in-time join"
    AFTERWARDS = "only after the prediction: never a feature"


def facts(known: Known, *, personal: bool = False) -> dict[str, Any]:
    """What a schema says of a column beside its type: when it is known, if it is personal."""
    return {"known": known, "personal": personal}


AHEAD, MEASURED, AFTERWARDS = facts(Known.AHEAD), facts(Known.MEASURED), facts(Known.AFTERWARDS)


class Flights(dy.Schema):
    """Departures from New York's three airports: the schedule, and what happened."""

    time_hour = dy.Datetime(
        primary_key=True,
        time_zone="UTC",
        metadata=AHEAD,
        description="scheduled departure, full hour",
    )
    carrier = dy.String(
        primary_key=True, min_length=2, max_length=2, metadata=AHEAD, description="airline code"
    )
    flight = dy.Int32(
        primary_key=True, min=1, max=9999, metadata=AHEAD, description="flight number"
    )
    sched_dep_time = dy.Int16(min=0, max=2359, metadata=AHEAD, description="local time, hhmm")
    sched_arr_time = dy.Int16(min=0, max=2400, metadata=AHEAD, description="local time, hhmm")
    tailnum = dy.String(nullable=True, metadata=AHEAD, description="the aircraft's registration")
    origin = dy.String(regex="^[A-Z]{3}$", metadata=AHEAD, description="airport code")
    dest = dy.String(regex="^[A-Z]{3}$", metadata=AHEAD, description="airport code")
    distance = dy.Int32(min=1, max=12_000, metadata=AHEAD, description="miles")
    dep_delay = dy.Int32(
        nullable=True,
        min=-120,
        max=2_880,
        metadata=AFTERWARDS,
        description="minutes; null if cancelled",
    )
    arr_delay = dy.Int32(
        nullable=True,
        min=-240,
        max=2_880,
        metadata=AFTERWARDS,
        description="minutes; null if cancelled or diverted",
    )


class Weather(dy.Schema):
    """What the airports' weather stations measured, by the hour."""

    origin = dy.String(
        primary_key=True, regex="^[A-Z]{3}$", metadata=AHEAD, description="airport code"
    )
    time_hour = dy.Datetime(
        primary_key=True, time_zone="UTC", metadata=MEASURED, description="when it was measured"
    )
    temp = dy.Float64(nullable=True, min=-60, max=130, metadata=MEASURED, description="°F")
    dewp = dy.Float64(
        nullable=True, min=-60, max=100, metadata=MEASURED, description="dew point, °F"
    )
    humid = dy.Float64(nullable=True, min=0, max=100, metadata=MEASURED, description="%")
    wind_speed = dy.Float64(nullable=True, min=0, max=200, metadata=MEASURED, description="mph")
    precip = dy.Float64(
        nullable=True, min=0, max=12, metadata=MEASURED, description="inches an hour"
    )
    pressure = dy.Float64(nullable=True, min=870, max=1085, metadata=MEASURED, description="hPa")
    visib = dy.Float64(nullable=True, min=0, max=10, metadata=MEASURED, description="miles")


class Planes(dy.Schema):
    """The register of aircraft."""

    tailnum = dy.String(primary_key=True, metadata=AHEAD, description="registration")
    year = dy.Int16(nullable=True, min=1930, max=2100, metadata=AHEAD, description="year built")
    seats = dy.Int16(nullable=True, min=1, max=900, metadata=AHEAD, description="number of seats")


TABLES: dict[str, type[dy.Schema]] = {"flights": Flights, "weather": Weather, "planes": Planes}

# (table, columns) → (table, columns) it refers to; data quality counts the rows without a match.
REFERENCES: dict[tuple[str, str], list[str]] = {
    ("flights", "weather"): ["origin", "time_hour"],
    ("flights", "planes"): ["tailnum"],
}
