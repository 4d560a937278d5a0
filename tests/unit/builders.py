"""Small raw tables, settings and folders. A test names what matters to it; the rest is ordinary."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import flights
import polars as pl

from keel.data.store import Store
from keel.pipeline import configuration
from keel.pipeline.stages import run_stage
from keel.project.description import Project
from keel.project.features import Features
from keel.project.settings import Settings

PROJECT: Project = flights.PROJECT
REPOSITORY: Path = flights.REPOSITORY
LABEL = PROJECT.label
TODAY = date(2026, 11, 24)
NOON = datetime(2013, 3, 13, 16, tzinfo=UTC)  # a Wednesday, noon in New York

ROWS: Mapping[str, Mapping[str, Any]] = {
    "flights": {
        "time_hour": NOON,
        "carrier": "UA",
        "flight": 100,
        "sched_dep_time": 1200,
        "sched_arr_time": 1345,
        "tailnum": "N12345",
        "origin": "EWR",
        "dest": "ORD",
        "distance": 719,
        "dep_delay": 0,
        "arr_delay": 0,
    },
    "weather": {
        "origin": "EWR",
        "time_hour": NOON - timedelta(hours=2),
        "temp": 55.0,
        "dewp": 41.0,
        "humid": 60.0,
        "wind_speed": 10.0,
        "precip": 0.0,
        "pressure": 1018.0,
        "visib": 10.0,
    },
    "planes": {"tailnum": "N12345", "year": 2003, "seats": 150},
}

EXAMPLE: Mapping[str, Any] = {
    "scheduled_departure": NOON,
    "carrier": "UA",
    "flight_number": 100,
    "decision_time": NOON - timedelta(hours=2),
    "origin": "EWR",
    "destination": "ORD",
    "arrival_minute": 825,
    "aircraft_built": 2003,
    "temperature": 55.0,
    "dew_point": 41.0,
    "humidity": 60.0,
    "wind_speed": 10.0,
    "precipitation": 0.0,
    "pressure": 1018.0,
    "visibility": 10.0,
    "late": False,
}


def table(name: str, **columns: list[Any] | pl.Series) -> pl.DataFrame:
    """Rows of a raw table, as many as the columns that are given, or one."""
    return _rows(ROWS[name], columns)


def examples(**columns: list[Any] | pl.Series) -> pl.DataFrame:
    """Rows of `Examples`, as many as the columns that are given, or one; their flights differ."""
    rows = _rows(EXAMPLE, columns).with_columns(flight_number=pl.int_range(1, pl.len() + 1))
    return PROJECT.examples.validate(rows, cast=True)


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows as a CSV file gives them."""
    instants = pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return frame.with_columns(instants).cast(pl.String)


def season() -> dict[str, pl.DataFrame]:
    """Ten flights on each of twenty days around the first test day: wind makes them late."""
    hours = [datetime(2013, 6, 21, 10, tzinfo=UTC) + timedelta(hours=h) for h in range(480)]
    origins = ["EWR", "JFK"]
    weather = [
        (origin, hour, float(7 * n % 40)) for origin in origins for n, hour in enumerate(hours)
    ]
    wind = {(origin, hour): speed for origin, hour, speed in weather}
    flights = []
    for n, hour in enumerate(hour for hour in hours[2:] if 12 <= hour.hour < 22):
        origin = origins[n % 2]
        late = wind[origin, hour - timedelta(hours=2)] > 25
        flights.append((hour, "UA" if n % 3 else "B6", n + 1, origin, 60 if late else n % 10))
    times, carriers, numbers, airports, delays = zip(*flights, strict=True)
    return {
        "flights": table(
            "flights",
            time_hour=list(times),
            carrier=list(carriers),
            flight=list(numbers),
            origin=list(airports),
            arr_delay=[
                None if n % 20 == 0 else delay for n, delay in zip(numbers, delays, strict=True)
            ],
        ),
        "weather": table(
            "weather",
            origin=[row[0] for row in weather],
            time_hour=[row[1] for row in weather],
            wind_speed=[row[2] for row in weather],
        ),
        "planes": table("planes"),
    }


def write_source(folder: Path, **tables: pl.DataFrame) -> str:
    """Write the season's tables, or others in their place, as Parquet; returns the setting."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (season() | tables).items():
        frame.write_parquet(folder / f"{name}.parquet")
    return str(folder / "{table}.parquet")


def content(source: str, changes: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The project's settings for the tables of a source and a small model, with changes."""
    composed = deepcopy(_composed())
    small = {
        "data.source": source,
        "model.trees": 5,
        "model.rows_per_leaf": 5,
        "model.rows_per_category": 5,
        "evaluation.resamples": 20,
        "evaluation.smallest_slice": 20,
        "evaluation.floors": {},
        "evaluation.slice_floors": {},
        "gates": dict.fromkeys(composed["gates"]),  # all off: so few rows show little but chance
    }
    for name, value in {**small, **changes}.items():
        *sections, last = name.split(".")
        section = composed
        for key in sections:
            section = section[key]
        section[last] = value
    return composed


def settings(source: str, changes: Mapping[str, Any] = {}) -> Settings:
    """The same as their types."""
    return configuration.checked(PROJECT, content(source, changes), "")


def store(root: Path) -> Store:
    """The files of a run in a folder of its own."""
    return Store(REPOSITORY, root)


def stage(
    name: str, run: Store, chosen: Settings | None = None, project: Project = PROJECT
) -> dict[str, Any]:
    """Run a stage on the files of a run; returns what it says of itself."""
    return run_stage(name, run, project, chosen or settings("-"), TODAY)


def with_feature(name: str, expression: pl.Expr, project: Project = PROJECT) -> Project:
    """The project with one more feature. Raises UserError if that reads what it may not."""
    features = Features(project.examples)
    for known, build in project.features.items():
        build.__name__ = known
        features.add(build)
    build = lambda: expression  # noqa: E731 -- it gets a name below
    build.__name__ = name
    features.add(build)
    return replace(project, features=features)


def content_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@cache
def _composed() -> dict[str, Any]:
    return configuration.compose(REPOSITORY / "conf", [])


def _rows(usual: Mapping[str, Any], columns: Mapping[str, list[Any] | pl.Series]) -> pl.DataFrame:
    count = max([1, *(len(values) for values in columns.values())])
    repeated = {name: [value] * count for name, value in usual.items()}
    return pl.DataFrame({**repeated, **columns})
