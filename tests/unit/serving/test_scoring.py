from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import polars as pl
from builders import NOON, PROJECT, examples, table
from hypothesis import given
from hypothesis import strategies as st

from keel.model.inputs import categories, model_inputs
from keel.model.predictor import InUse, Predictor
from keel.project.description import Tables
from keel.project.learning import Predictions
from keel.serving.problems import WrongField
from keel.serving.scoring import Answer, Prediction, Scorer


class Counting:
    """A model that says how much of the day the departure leaves."""

    def predict(self, features: pl.DataFrame) -> Predictions:
        return (features["departure_hour"].to_numpy() / 24).astype(float)

    def to_text(self) -> str:
        return ""


FLIGHTS = table(
    "flights",
    time_hour=[NOON + timedelta(hours=hour) for hour in (5, 1, 3, 2, 4)],
    flight=[1, 2, 3, 4, 5],
)
LOOKUPS = {name: table(name).lazy() for name in ("weather", "planes")}
Build = Callable[[Tables], pl.LazyFrame]
build: Build = PROJECT.build


class Answers:
    """The predictions and what is wrong, by their rows."""

    def __init__(self, answers: list[Answer]) -> None:
        good = {row: a for row, a in enumerate(answers) if isinstance(a, Prediction)}
        self.rows = list(good)
        self.examples = [answer.example for answer in good.values()]
        self.probability = [answer.said["probability"] for answer in good.values()]
        self.unseen = [answer.said["unseen"] for answer in good.values()]
        self.wrong = {row: a for row, a in enumerate(answers) if isinstance(a, WrongField)}


def answers(build: Build, rows: pl.DataFrame = FLIGHTS) -> Answers:
    known = categories(PROJECT.features, examples())
    predictor = Predictor(Counting(), PROJECT.features, known, PROJECT.task)
    scorer = Scorer(InUse(predictor, {}), replace(PROJECT, build=build), "flights")
    return Answers(scorer.answer(rows, LOOKUPS))


def numbers(found: Answers) -> list[int]:
    return [example["flight_number"] for example in found.examples]


def test_answers_come_in_the_order_of_the_rows_however_build_sorts() -> None:
    found = answers(lambda tables: build(tables).sort("flight_number", descending=True))

    assert found.rows == [0, 1, 2, 3, 4]
    assert numbers(found) == [1, 2, 3, 4, 5]
    assert [round(value * 24) for value in found.probability] == [17, 13, 15, 14, 16]


@given(st.permutations(range(1, 40)), st.integers(1, 39))
def test_any_number_of_rows_in_any_order_find_their_examples(order: list[int], rows: int) -> None:
    flights = table("flights", flight=order[:rows])

    found = answers(build, flights)

    assert numbers(found) == order[:rows]
    assert found.rows == list(range(rows))


def test_a_row_that_build_leaves_out_is_said_so() -> None:
    found = answers(lambda tables: build(tables).filter(pl.col("flight_number") != 3))

    assert found.rows == [0, 1, 3, 4]
    assert numbers(found) == [1, 2, 4, 5]
    assert found.wrong[2].reason == "examples.py: `build` makes 0 examples of it, and not one"


def test_a_row_that_build_makes_two_examples_of_is_said_so() -> None:
    def twice(tables: Tables) -> pl.LazyFrame:
        made = build(tables)
        late = pl.col("scheduled_departure") + pl.duration(minutes=1)
        return pl.concat([made, made.filter(pl.col("flight_number") == 2).with_columns(late)])

    found = answers(twice)

    assert numbers(found) == [1, 3, 4, 5]
    assert found.wrong[1].reason == "examples.py: `build` makes 2 examples of it, and not one"


def test_examples_that_their_key_does_not_tell_apart_find_their_rows() -> None:
    found = answers(lambda tables: build(tables).with_columns(flight_number=pl.lit(9, pl.Int32)))

    assert [round(value * 24) for value in found.probability] == [17, 13, 15, 14, 16]


def test_a_row_that_build_fails_with_leaves_the_others_their_answers() -> None:
    def strict(tables: Tables) -> pl.LazyFrame:
        number = pl.when(pl.col("flight_number") == 4).then(pl.lit("four"))
        return build(tables).with_columns(
            flight_number=number.otherwise(pl.col("flight_number").cast(pl.String)).cast(pl.Int32)
        )

    found = answers(strict)

    assert found.rows == [0, 1, 2, 4]
    assert "`build` fails with it: conversion from `str` to `i32` failed" in found.wrong[3].reason


def test_an_example_that_breaks_its_schema_is_refused_by_column_and_value() -> None:
    wild = pl.when(pl.col("flight_number") == 5).then(pl.lit(1_000.0)).otherwise(pl.lit(1.0))

    found = answers(lambda tables: build(tables).with_columns(wind_speed=wild))

    assert found.rows == [0, 1, 2, 3]
    assert (found.wrong[4].field, found.wrong[4].value) == ("wind_speed", 1_000.0)


def test_a_category_that_training_did_not_see_is_named_and_counts_as_unknown() -> None:
    rows = table("flights", carrier=["UA", "XX"], dest=["ORD", "ZZZ"], flight=[1, 2])

    found = answers(build, rows)

    assert found.unseen == [[], ["carrier", "destination"]]
    inputs = model_inputs(
        PROJECT.features,
        pl.DataFrame(found.examples),
        categories(PROJECT.features, examples()),
    )
    assert inputs["carrier"].to_list() == ["UA", None]
