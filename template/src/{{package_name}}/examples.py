"""One row for each thing to predict: what was known at that moment, and the label.

A flight is predicted two hours before its scheduled departure. Cancelled and diverted flights are
predicted too, but never arrive: their label is null, and they are not used for training and tests.
"""

from datetime import timedelta

import dataframely as dy
import polars as pl
from keel import Tables, afterwards, ahead, measured

from .tables import Flights, Planes, Weather

NOTICE = timedelta(hours=2)
OLDEST_WEATHER = timedelta(hours=3)  # older measurements count as missing
LATE_AFTER = 15  # minutes

ZONE = "America/New_York"  # for local days and hours; all three airports are there


class Examples(dy.Schema):
    """What is known of a flight two hours before its departure, and whether it was late."""

    scheduled_departure = dy.Datetime(
        primary_key=True, time_zone="UTC", metadata=ahead(), description="gate to gate plan"
    )
    carrier = dy.String(primary_key=True, metadata=ahead(), description="airline code")
    flight_number = dy.Int32(
        primary_key=True, min=1, metadata=ahead(), description="as on the ticket"
    )
    decision_time = dy.Datetime(
        time_zone="UTC", metadata=ahead(), description="two hours before the scheduled departure"
    )
    origin = dy.String(metadata=ahead(), description="airport code")
    destination = dy.String(metadata=ahead(), description="airport code")
    arrival_minute = dy.Int16(
        min=0,
        max=1440,
        metadata=ahead(),
        description="scheduled, minutes after midnight, local time",
    )
    aircraft_built = dy.Int16(
        nullable=True,
        min=1930,
        max=2100,
        metadata=ahead(),
        description="year; null if not in the register",
    )
    temperature = dy.Float64(nullable=True, min=-60, max=130, metadata=measured(), description="°F")
    dew_point = dy.Float64(nullable=True, min=-60, max=100, metadata=measured(), description="°F")
    humidity = dy.Float64(nullable=True, min=0, max=100, metadata=measured(), description="%")
    wind_speed = dy.Float64(nullable=True, min=0, max=200, metadata=measured(), description="mph")
    precipitation = dy.Float64(
        nullable=True, min=0, max=12, metadata=measured(), description="inches an hour"
    )
    pressure = dy.Float64(nullable=True, min=870, max=1085, metadata=measured(), description="hPa")
    visibility = dy.Float64(nullable=True, min=0, max=10, metadata=measured(), description="miles")
    late = dy.Bool(
        nullable=True,
        metadata=afterwards(),
        description="arrived more than 15 minutes late; null if it never arrived",
    )


def build(tables: Tables) -> pl.LazyFrame:
    """The examples, one for each flight, in the order of their decision times.

    `tables` holds the checked tables by name. The result satisfies `Examples`.
    """
    flights = tables["flights"].pipe(_planned).sort("decision_time")
    weather = tables["weather"].pipe(_measured).sort("measured")
    return (
        flights.join_asof(
            weather,
            left_on="decision_time",
            right_on="measured",
            by="origin",
            strategy="backward",
            tolerance=OLDEST_WEATHER,
            check_sortedness=False,  # Polars can't check it by group; both are sorted above
        )
        .join(tables["planes"].pipe(_registered), on="tailnum", how="left")
        .select(Examples.column_names())
        .sort("decision_time", "carrier", "flight_number")
    )


def minute_of_day(hhmm: pl.Expr) -> pl.Expr:
    """Minutes after midnight of a time written as a number, such as 1435 for 14:35."""
    return hhmm // 100 * 60 + hhmm % 100


def _planned(flights: pl.LazyFrame) -> pl.LazyFrame:
    departure = Flights.time_hour.col + pl.duration(minutes=Flights.sched_dep_time.col % 100)
    return flights.select(
        "carrier",
        "origin",
        "tailnum",
        scheduled_departure=departure,
        decision_time=departure - NOTICE,
        flight_number=Flights.flight.col,
        destination=Flights.dest.col,
        arrival_minute=minute_of_day(Flights.sched_arr_time.col),
        late=Flights.arr_delay.col > LATE_AFTER,
    )


def _measured(weather: pl.LazyFrame) -> pl.LazyFrame:
    return weather.select(
        "origin",
        "wind_speed",
        "pressure",
        measured=Weather.time_hour.col,
        temperature=Weather.temp.col,
        dew_point=Weather.dewp.col,
        humidity=Weather.humid.col,
        precipitation=Weather.precip.col,
        visibility=Weather.visib.col,
    )


def _registered(planes: pl.LazyFrame) -> pl.LazyFrame:
    return planes.select("tailnum", aircraft_built=Planes.year.col)
