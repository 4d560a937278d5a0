"""The interval of a predicted number: how sure it is, and where there is none."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from tasks import LABELS, orders, task_project

from keel.data.split import Labelled
from keel.model.fitting import fit, interval
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.learning import Predictions
from keel.project.settings import Choice, Split

LINEAR = Choice.model_validate({"name": "linear", "regularisation": 1.0, "iterations": 20})
BY_TIME, BY_KEY = Split(by="time", test_from=date(2030, 1, 1)), Split(by="key", test_share=0.2)


class Zero:
    """A learner, its settings and its model: it predicts nothing but 0."""

    def fit(self, *_: object) -> "Zero":
        return self

    def predict(self, features: pl.DataFrame) -> Predictions:
        return np.zeros(len(features))

    def to_text(self) -> str:
        return ""


def labelled(project: Project, rows: pl.DataFrame) -> Labelled:
    return Labelled(rows, project.task.labels(rows[project.label]), 0)


def counting(rows: int) -> tuple[Project, Labelled]:
    """A project whose model predicts 0, and rows whose labels are 1, 2, 3 and so on by time."""
    models: Any = {"linear": lambda **_: Zero()}
    project = replace(task_project("a number"), models=models)
    label = pl.int_range(1, rows + 1).cast(pl.Float64).alias("outcome")
    return project, labelled(project, orders(project, rows, 1).with_columns(label))


@pytest.mark.parametrize("wanted", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("time", "split"), [("time", BY_TIME), (None, BY_KEY)])
def test_about_as_many_new_rows_as_are_asked_for_lie_within(
    time: str | None, split: Split, wanted: float
) -> None:
    project = task_project("a number", time)
    before, after = orders(project, 800).head(4_000), orders(project, 800).tail(4_000)
    learnt = labelled(project, before)

    told = interval(project, LINEAR, learnt, split, wanted)

    (model,) = fit(project, learnt, LINEAR)
    within = (model.predict(after) - after["outcome"]).abs() <= told["reach"]
    error = (wanted * (1 - wanted) / 800) ** 0.5  # of a share of the fifth
    assert told["share"] == wanted
    assert within.mean() == pytest.approx(wanted, abs=3 * error)


@pytest.mark.parametrize(("wanted", "reach"), [(0.5, 46), (0.8, 49), (0.9, 50)])
def test_it_is_the_quantile_of_one_row_more_than_the_last_fifth_has(
    wanted: float, reach: float
) -> None:
    project, learnt = counting(50)  # of which the last ten are off by 41 to 50

    told = interval(project, LINEAR, learnt, BY_TIME, wanted)

    assert told == {"share": wanted, "reach": reach}


def test_too_few_rows_tell_no_interval() -> None:
    project, learnt = counting(50)

    with pytest.raises(UserError, match=r"interval is 0.95: 10 rows are too few to tell it: set a"):
        interval(project, LINEAR, learnt, BY_TIME, 0.95)


@pytest.mark.parametrize("kind", [kind for kind in LABELS if kind != "a number"])
def test_what_is_no_number_has_no_interval(kind: str) -> None:
    project = task_project(kind)
    learnt = labelled(project, orders(project))

    with pytest.raises(UserError, match=rf"interval is 0.9: set it to null .*outcome is {kind}"):
        interval(project, LINEAR, learnt, BY_TIME, 0.9)
