from datetime import timedelta

import dataframely as dy
import polars as pl
import pytest
from builders import EXAMPLE, NOON, PROJECT, REPOSITORY, season, table

from keel.project.errors import UserError
from keel.testing import Pipeline, rows, spread, trained

SMALL = ("model.trees=5", "model.rows_per_leaf=5", "evaluation.floors.calibration_error=1")


class Sensors(dy.Schema):
    name = dy.String(primary_key=True)
    wind = dy.Float32(nullable=True, max=200)


def test_rows_have_what_is_said_and_the_rest_as_usual() -> None:
    result = rows(Sensors, {"name": "a", "wind": 5.0}, wind=[1, None])

    assert result.rows() == [("a", 1.0), ("a", None)]
    assert result.schema == {"name": pl.String, "wind": pl.Float32}


def test_without_anything_said_there_is_a_usual_row() -> None:
    assert rows(Sensors, {"name": "a", "wind": 5.0}).rows() == [("a", 5.0)]


def test_rows_may_break_their_schema() -> None:
    assert not Sensors.is_valid(rows(Sensors, {"name": "a", "wind": 5.0}, wind=[999]))


@pytest.mark.parametrize(
    ("column", "least", "most"),
    [
        (dy.Int64(min=18, max=110), 18, 109),
        (dy.Int64(min=18), 18, 1_000),
        (dy.Float64(max=-5), -1_005, -5),
        (dy.Float64(min_exclusive=0, max=1, check=lambda share: share < 0.5), 0.001, 0.5),
        (dy.Int64(is_in=[2, 1]), 1, 2),
        (dy.Int8(nullable=True), 0, 127),
    ],
)
def test_numbers_are_spread_over_all_that_a_schema_allows(
    column: dy.Column, least: float, most: float
) -> None:
    schema: type[dy.Schema] = type("Numbers", (dy.Schema,), {"number": column})

    values = spread(schema, "number", 40)

    assert len(values) == 40
    assert values == sorted(values)
    assert schema.is_valid(pl.DataFrame({"number": pl.Series(values, dtype=column.dtype)}))
    assert least <= values[0] <= least + 0.05 * (most - least)
    assert most - 0.05 * (most - least) <= values[-1] <= most


def test_where_nothing_is_allowed_there_is_no_number() -> None:
    schema = type("Numbers", (dy.Schema,), {"n": dy.Int64(min=1, max=9, check=lambda n: n > 9)})

    with pytest.raises(ValueError, match=r"Numbers\.n allows none"):
        spread(schema, "n", 3)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"winds": [1]}, "winds: the columns are name, wind"),
        ({"name": ["a"], "wind": [1, 2]}, "columns of one length are needed"),
    ],
)
def test_what_makes_no_rows_is_named(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rows(Sensors, {"name": "a", "wind": 5.0}, **columns)


def test_a_column_that_may_be_null_needs_no_usual_value() -> None:
    class Newer(Sensors):
        gust = dy.Float64(nullable=True)

    row = rows(Newer, {"name": "a", "wind": 5.0, "gone": 1})

    assert row.row(0, named=True) == {"name": "a", "wind": 5.0, "gust": None}


def test_a_column_without_a_usual_value_is_named_with_its_file() -> None:
    class Newer(Sensors):
        height = dy.Float64()

    with pytest.raises(ValueError, match=r"^tests/builders\.py: give height of Newer an ordinary"):
        rows(Newer, {"name": "a", "wind": 5.0})


def test_a_pipeline_runs_on_tables_that_a_test_gives() -> None:
    pipeline = Pipeline(PROJECT, *SMALL, tables=season(), root=REPOSITORY).run()

    assert len(pipeline.examples()) == 200
    assert list(pipeline.scores()) == ["auc", "average_precision", "log_loss", "calibration_error"]
    assert pipeline.model().probability(pipeline.examples()).is_between(0, 1).all()


def test_a_pipeline_stops_where_a_test_wants_it() -> None:
    times = [NOON + timedelta(hours=n) for n in range(200)]
    weather = table("weather", time_hour=times, wind_speed=[1048.0] + [10.0] * 199)
    pipeline = Pipeline(PROJECT, tables=season() | {"weather": weather}, root=REPOSITORY)

    pipeline.run("validate")

    assert len(pipeline.used("weather")) == 199
    assert pipeline.set_aside("weather")["reasons"].to_list() == ["wind_speed|max"]
    with pytest.raises(UserError, match=r"examples\.parquet is missing"):
        pipeline.examples()


def test_a_stage_is_not_run_twice() -> None:
    pipeline = Pipeline(PROJECT, tables=season(), root=REPOSITORY).run("prepare")
    before = pipeline.examples()

    assert pipeline.run("prepare").examples().equals(before)


def test_a_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(UserError, match=r"model\.trees is 0"):
        Pipeline(PROJECT, "model.trees=0", root=REPOSITORY)


def test_a_model_is_trained_once_for_all_tests() -> None:
    one, other = trained(PROJECT, REPOSITORY), trained(PROJECT, REPOSITORY)

    some = one.test_examples.head(5)

    assert one.probability(some).to_list() == other.probability(some).to_list()
    assert set(EXAMPLE) == set(some.columns)
