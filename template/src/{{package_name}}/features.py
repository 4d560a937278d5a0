"""What the model sees: one function for each feature, named after its column.

Training and serving call the same functions. A feature reads one row of `Examples`, and only what
is known when the prediction is made. To add one, write a function below `@feature`, and test it
with numbers worked out by hand in `tests/unit/test_features.py`. Text becomes a category.
"""

from collections.abc import Callable

import polars as pl

from .examples import ZONE, Examples

Feature = Callable[[], pl.Expr]
FEATURES: dict[str, Feature] = {}


def feature(function: Feature) -> Feature:
    """Make the function a feature of the model, under its own name."""
    FEATURES[function.__name__] = function
    return function


def features(examples: pl.LazyFrame) -> pl.LazyFrame:
    """One column for each feature, one row for each example, in the same order."""
    return examples.select(build().alias(name) for name, build in FEATURES.items())


@feature
def carrier() -> pl.Expr:
    """The airline."""
    return Examples.carrier.col


@feature
def origin() -> pl.Expr:
    """The airport of departure."""
    return Examples.origin.col


@feature
def destination() -> pl.Expr:
    """The airport of arrival."""
    return Examples.destination.col


@feature
def departure_hour() -> pl.Expr:
    """Scheduled local hour of departure, with a fraction: 14.5 is half past two."""
    local = Examples.scheduled_departure.col.dt.convert_time_zone(ZONE)
    return local.dt.hour() + local.dt.minute() / 60


@feature
def arrival_hour() -> pl.Expr:
    """Scheduled hour of arrival, local time there, with a fraction."""
    return Examples.arrival_minute.col / 60


@feature
def weekday() -> pl.Expr:
    """Local day of the week of the departure: 1 is Monday, 7 is Sunday."""
    return Examples.scheduled_departure.col.dt.convert_time_zone(ZONE).dt.weekday()


@feature
def aircraft_age() -> pl.Expr:
    """Years since the aircraft was built; null when the register does not know it."""
    return Examples.scheduled_departure.col.dt.year() - Examples.aircraft_built.col


@feature
def temperature() -> pl.Expr:
    """Degrees Fahrenheit at the airport of departure."""
    return Examples.temperature.col


@feature
def dew_point_spread() -> pl.Expr:
    """Degrees Fahrenheit between temperature and dew point: near 0 means fog or rain."""
    return Examples.temperature.col - Examples.dew_point.col


@feature
def humidity() -> pl.Expr:
    """Relative humidity in percent."""
    return Examples.humidity.col


@feature
def wind_speed() -> pl.Expr:
    """Miles an hour."""
    return Examples.wind_speed.col


@feature
def precipitation() -> pl.Expr:
    """Inches of rain or snow in the hour."""
    return Examples.precipitation.col


@feature
def pressure() -> pl.Expr:
    """Air pressure in hPa: low pressure brings storms."""
    return Examples.pressure.col


@feature
def visibility() -> pl.Expr:
    """Miles that one can see; 10 stands for 10 or more."""
    return Examples.visibility.col
