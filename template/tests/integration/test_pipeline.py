"""From raw tables to scores, on the files that the stages write."""

from datetime import timedelta

import polars as pl
import pytest
from keel.testing import Pipeline

from tests.builders import NOON, PROJECT, table, tables


def a_year_of_tables(flights: int = 1000) -> dict[str, pl.LazyFrame]:
    """Tables with flights all through 2013, of which a third are late: those in the rain."""
    first = NOON.replace(month=1, day=1)
    hours = [first + timedelta(hours=364 * 24 * i // flights) for i in range(flights)]
    rain = [0.5 if i % 3 == 0 else 0.0 for i in range(flights)]
    return tables(
        flights=table(
            "flights",
            time_hour=hours,
            flight=range(1, flights + 1),
            arr_delay=[60 if wet else -5 for wet in rain],
        ),
        weather=table(
            "weather", time_hour=[hour - timedelta(hours=2) for hour in hours], precip=rain
        ).unique(["origin", "time_hour"], maintain_order=True),
    )


@pytest.fixture(scope="module")
def finished() -> Pipeline:
    few_trees = ("model=boosting", "model.trees=10")
    uncalibrated = "evaluation.floors.calibration_error=1"  # so few can't be
    return Pipeline(PROJECT, *few_trees, uncalibrated, tables=a_year_of_tables()).run()


def test_every_flight_becomes_an_example_with_its_weather(finished: Pipeline) -> None:
    examples = finished.examples()

    assert len(examples) == 1000
    assert (examples["late"] == (examples["precipitation"] > 0)).all()


def test_what_makes_flights_late_is_learnt(finished: Pipeline) -> None:
    assert (finished.scores()["auc"] or 0) > 0.95  # rain is all that makes these flights late
