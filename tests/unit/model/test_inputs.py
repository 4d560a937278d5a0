from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
import pytest
from builders import NOON, examples, feature, store
from flight_delay.examples import Examples

from keel.data.store import Store
from keel.model import inputs
from keel.model.inputs import Period, categories, model_inputs
from keel.project.errors import UserError
from keel.project.settings import Split

SPLIT = Split(test_from=date(2013, 7, 1))
PERIODS = {"train on": inputs.training, "test on": inputs.test}


def june(day: int, hour: int) -> datetime:
    """A moment in June; day 31 is the first of July."""
    return datetime(2013, 6 + day // 31, day % 31 + day // 31, hour, tzinfo=UTC)


def stored(folder: Path, **columns: list[Any]) -> Store:
    """A folder with these examples, whose flight numbers count from 1."""
    kept = store(folder)
    kept.write_table(kept.examples, examples(**columns))
    return kept


def numbers(period: Period) -> list[int]:
    return period.examples["flight_number"].to_list()


def test_the_first_test_day_begins_at_local_midnight(tmp_path: Path) -> None:
    # New York is four hours behind: its July begins at 4:00.
    times = [june(30, 1), june(30, 23), june(31, 3), june(31, 4), june(31, 5)]
    kept = stored(tmp_path, decision_time=times, late=[True, False, True, False, True])

    assert numbers(inputs.training(kept, SPLIT)) == [1, 2, 3]
    assert numbers(inputs.test(kept, SPLIT)) == [4, 5]


def test_examples_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    kept = stored(tmp_path, late=[True, None, False, None, None])

    period = inputs.training(kept, SPLIT)

    assert (numbers(period), period.unlabelled) == ([1, 3], 3)
    assert period.label.to_list() == [True, False]


@pytest.mark.parametrize(
    ("use", "times"),
    [("train on", [june(31, 12), june(31, 13)]), ("test on", [june(12, 12), june(14, 2)])],
)
def test_a_period_without_examples_names_the_setting_and_the_days_there_are(
    tmp_path: Path, use: str, times: list[datetime]
) -> None:
    kept = stored(tmp_path, decision_time=times, late=[True, False])

    with pytest.raises(UserError) as error:
        PERIODS[use](kept, SPLIT)

    days = {"train on": "2013-07-01 to 2013-07-01", "test on": "2013-06-12 to 2013-06-13"}[use]
    assert str(error.value) == (
        f"split.test_from is 2013-07-01: that leaves no examples to {use}; "
        f"there are some from {days}"
    )


@pytest.mark.parametrize("read", PERIODS.values(), ids=PERIODS)
def test_no_examples_at_all_are_said_to_be_none(
    tmp_path: Path, read: Callable[[Store, Split], Period]
) -> None:
    kept = store(tmp_path)
    kept.write_table(kept.examples, examples().clear())

    with pytest.raises(
        UserError, match=r"split\.test_from is 2013-07-01: .* there are none at all"
    ):
        read(kept, SPLIT)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([True, True], r"to train on, all 2 labels are True; a model needs both"),
        ([False, None], r"to train on, all 1 labels are False; a model needs both"),
        ([None, None], r"to train on, no example has a label; a model needs both"),
    ],
)
def test_labels_that_are_all_equal_are_refused(
    tmp_path: Path, labels: list[bool | None], message: str
) -> None:
    kept = stored(tmp_path, late=labels)

    with pytest.raises(UserError, match=message):
        inputs.training(kept, SPLIT)


def test_missing_examples_are_named_with_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data/examples\.parquet is missing: `uv run poe run`"):
        inputs.training(store(tmp_path), SPLIT)


def test_text_becomes_the_categories_that_training_saw() -> None:
    seen = categories(examples(carrier=["UA", "B6", "UA"]))
    assert seen["carrier"] == ["B6", "UA"]

    matrix = model_inputs(examples(carrier=["UA", "ZZ"]), seen)

    assert matrix["carrier"].to_list() == ["UA", None]
    assert matrix.schema["carrier"] == pl.Enum(["B6", "UA"])


def test_text_that_is_always_missing_has_no_categories() -> None:
    with feature("gate", pl.lit(None, pl.String)):
        seen = categories(examples(carrier=["UA"]))
        matrix = model_inputs(examples(), seen)

    assert seen["gate"] == []
    assert matrix["gate"].to_list() == [None]


def test_a_number_that_is_not_finite_counts_as_unknown() -> None:
    rows = examples(humidity=[50.0, 50.0, 0.0], wind_speed=[10.0, 0.0, 0.0])

    with feature("ratio", Examples.humidity.col / Examples.wind_speed.col):
        matrix = model_inputs(rows, categories(rows))

    assert matrix["ratio"].to_list() == [5.0, None, None]


REFUSED = {
    "the label": (pl.col("late"), "bad reads late, which is known only after the prediction"),
    "the label, hidden": (
        pl.col("humidity").mean().over("late"),
        "bad reads late, which is known only after the prediction",
    ),
    "the label, as a condition": (pl.when("late").then(1).otherwise(0), "bad reads late"),
    "a column that is not there": (pl.col("altitude"), "reads altitude, which Examples does not"),
    "a pattern": (pl.col("^la.*$"), "bad picks columns by a pattern: name each of them"),
    "a type": (cs.boolean(), "bad picks columns by a pattern"),
    "a position": (pl.last(), "bad picks columns by a pattern"),
    "everything": (pl.sum_horizontal(pl.all()), "bad picks columns by a pattern"),
}


@pytest.mark.parametrize(("expression", "message"), REFUSED.values(), ids=REFUSED)
def test_a_feature_is_refused_that_reads(expression: pl.Expr, message: str) -> None:
    with feature("bad", expression), pytest.raises(UserError, match=rf"features\.py: .*{message}"):
        categories(examples())


def test_a_feature_is_refused_that_reads_a_column_of_unknown_time() -> None:
    column = Examples.columns()["humidity"]
    known = column.metadata
    column.metadata = None
    try:
        with pytest.raises(UserError, match=r"humidity reads humidity, which is known at a time"):
            model_inputs(examples(), {})
    finally:
        column.metadata = known


def test_a_feature_may_read_nothing_but_the_number_of_the_row() -> None:
    with feature("constant", pl.lit(NOON.year)):
        matrix = model_inputs(examples(), {})

    assert matrix["constant"].to_list() == [2013]
