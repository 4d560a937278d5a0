"""What is predicted follows from the label's column, and so does how it is written."""

from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest

from keel import afterwards
from keel.project.errors import UserError
from keel.project.task import Classes, Number, Task, YesNo, task

KINDS = ["low", "middle", "high"]
CLASSES = Classes("label", tuple(KINDS))
TASKS: list[Task] = [YesNo("label"), CLASSES, Number("label")]
PREDICTED = {
    YesNo: np.array([0.2, 0.9]),
    Classes: np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]),
    Number: np.array([-3.5, 178.3]),
}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (dy.Bool(), YesNo("label")),
        (dy.Enum(["no", "yes"], metadata=afterwards(true="yes")), YesNo("label", "yes")),
        (dy.Int8(min=0, max=1, metadata=afterwards(true=1)), YesNo("label", 1)),
        (dy.Int8(is_in=[1, 2], metadata=afterwards(true=2)), YesNo("label", 2)),
        (dy.Enum(KINDS), CLASSES),
        (dy.Int64(), Number("label")),
        (dy.Float64(), Number("label")),
        (dy.Decimal(10, 2), Number("label")),
    ],
)
def test_the_task_follows_from_the_type(column: dy.Column, expected: Task) -> None:
    assert task("label", column) == expected


@pytest.mark.parametrize(
    ("column", "cure"),
    [
        (dy.Enum(["no", "yes"]), r"metadata=afterwards\(true='yes'\)"),
        (dy.Enum(["no", "yes"], metadata=afterwards(true="Yes")), r"which are 'no', 'yes'"),
        (dy.Int8(min=0, max=1, metadata=afterwards(true="1")), r"true='1'\) is none of its values"),
        (dy.Int8(metadata=afterwards(true=1)), r"a third would count as no: make it a dy\.Enum"),
        (dy.Int8(min=0, max=2, metadata=afterwards(true=1)), r"with min and max, such as 0 and 1"),
        (dy.String(metadata=afterwards(true="Y")), r"a third would count as no"),
        (dy.String(), r"a dy\.Enum of its classes"),
        (dy.Datetime(time_zone="UTC"), r"dy\.Bool, a dy\.Enum of its classes, or a number"),
        (dy.List(dy.Int8()), r"or a number; it is List"),
    ],
)
def test_what_can_not_be_predicted_is_refused_with_the_cure(column: dy.Column, cure: str) -> None:
    with pytest.raises(UserError, match=cure):
        task("label", column)


@pytest.mark.parametrize(
    ("true", "values", "expected"),
    [
        ("yes", ["no", "yes", None], [False, True, None]),
        (1, [0, 1, None], [False, True, None]),
        (2, [1, 2, 2], [False, True, True]),
        (True, [True, False, None], [True, False, None]),
    ],
)
def test_yes_is_the_value_that_the_schema_calls_true(
    true: object, values: list[Any], expected: list[bool | None]
) -> None:
    assert YesNo("label", true).labels(pl.Series(values)).to_list() == expected


def test_a_class_is_its_place_in_the_schema() -> None:
    labels = CLASSES.labels(pl.Series(["high", "low"]))

    assert CLASSES.numbers(labels).tolist() == [2, 0]


@pytest.mark.parametrize("of", TASKS, ids=lambda of: of.kind)
def test_an_answer_is_read_back_as_what_was_predicted(of: Task) -> None:
    predictions = of.predictions(PREDICTED[type(of)])

    logged = pl.DataFrame(of.answers(predictions), schema=dict(of.fields))

    assert logged.select(of.read()).to_series().to_list() == predictions.to_list()


def test_an_answer_of_several_names_the_likeliest() -> None:
    answers = CLASSES.answers(CLASSES.predictions(PREDICTED[Classes]))

    assert [answer["prediction"] for answer in answers] == ["high", "low"]
    assert answers[0]["probabilities"] == {"low": 0.1, "middle": 0.2, "high": 0.7}


@pytest.mark.parametrize(
    ("of", "predicted", "message"),
    [
        (YesNo("label"), np.array([0.2, 178.3]), r"a probability of 178\.3"),
        (YesNo("label"), np.array([-0.1]), r"a probability of -0\.1"),
        (YesNo("label"), np.array([[0.2, 0.8]]), r"the shape \(rows,\), not \(1, 2\)"),
        (CLASSES, np.array([0.2, 0.8]), r"the shape \(rows, 3\), not \(2,\)"),
        (CLASSES, np.array([[0.2, 0.8, np.nan]]), r"not finite"),
        (Number("label"), np.array([np.inf]), r"not finite"),
    ],
)
def test_what_is_no_prediction_is_refused(of: Task, predicted: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        of.predictions(predicted)


@pytest.mark.parametrize(
    ("of", "labels", "message"),
    [
        (YesNo("label"), [True, True], "all 2 labels are True; a model needs both"),
        (CLASSES, ["low", "high"], "none of 2 is 'middle'"),
        (Number("label"), [3.0, 3.0], "all 2 labels are 3.0"),
        (Number("label"), [3.0, float("inf")], "not finite"),
        (YesNo("label"), [True, False], ""),
        (CLASSES, KINDS, ""),
        (Number("label"), [3.0, 4.0], ""),
    ],
)
def test_labels_that_teach_nothing_are_said_to(of: Task, labels: list[Any], message: str) -> None:
    problem = of.problem(of.labels(pl.Series(labels)))

    assert message in problem
    assert bool(problem) is bool(message)


@pytest.mark.parametrize(
    ("of", "labels", "guess"),
    [
        (YesNo("label"), [True, False, False, False], 0.25),
        (CLASSES, ["low", "low", "high", "middle"], [0.5, 0.25, 0.25]),
        (Number("label"), [1.0, 2.0, 6.0], 3.0),
    ],
)
def test_the_naive_guess_is_the_same_for_all(of: Task, labels: list[Any], guess: Any) -> None:
    assert of.naive(of.labels(pl.Series(labels))).to_list() == [guess]


@pytest.mark.parametrize("of", TASKS, ids=lambda of: of.kind)
def test_what_is_watched_are_numbers_for_each_row(of: Task) -> None:
    scores = of.scores(of.predictions(PREDICTED[type(of)]))

    assert {(score.dtype, len(score)) for score in scores.values()} == {(pl.Float64(), 2)}
