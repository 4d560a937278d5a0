"""What the model sees: columns of `Examples` as they are, and a function for each other feature.

Training and service call the same functions. A feature reads one row of `Examples`, and only what
is known when the prediction is made. To add one, write a function below `@FEATURES.add`, and test
it in `tests/unit/test_features.py`. Text features become categories.
"""

import polars as pl
from keel import Features

from .examples import ZONE, Examples

FEATURES = Features(Examples).plain(
    "carrier",
    "origin",
    "destination",
    "temperature",
    "humidity",
    "wind_speed",
    "precipitation",
    "pressure",
    "visibility",
)


@FEATURES.add
def departure_hour() -> pl.Expr:
    """Scheduled local hour of departure, with a fraction: 14.5 is half past two."""
    local = Examples.scheduled_departure.col.dt.convert_time_zone(ZONE)
    return local.dt.hour() + local.dt.minute() / 60


@FEATURES.add
def arrival_hour() -> pl.Expr:
    """Scheduled hour of arrival, local time there, with a fraction."""
    return Examples.arrival_minute.col / 60


@FEATURES.add
def weekday() -> pl.Expr:
    """Local day of the week of the departure: 1 is Monday, 7 is Sunday."""
    return Examples.scheduled_departure.col.dt.convert_time_zone(ZONE).dt.weekday()


@FEATURES.add
def aircraft_age() -> pl.Expr:
    """Years since the aircraft was built; null if it is not in the register."""
    return Examples.scheduled_departure.col.dt.year() - Examples.aircraft_built.col


@FEATURES.add
def dew_point_spread() -> pl.Expr:
    """Degrees Fahrenheit between temperature and dew point: near 0 means fog or rain."""
    return Examples.temperature.col - Examples.dew_point.col
