"""What a feature is worth, and what the naive guess of a forecast is, both worked out by hand."""

from datetime import UTC, datetime
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest
from tasks import orders, task_project

from keel import Features, Project, afterwards, ahead
from keel.data.split import Labelled
from keel.judge.importance import importance
from keel.judge.judgement import Part, naive
from keel.judge.metrics.numbers import METRICS
from keel.model.predictor import Predictor
from keel.project.learning import Predictions


class Weight:
    """A model that says what the weight is, and looks at nothing else."""

    def predict(self, features: pl.DataFrame) -> Predictions:
        return features["weight"].to_numpy()

    def to_text(self) -> str:
        return ""


def test_a_feature_is_worth_what_the_model_loses_when_its_values_go_to_other_rows() -> None:
    project = task_project("a number")
    rows = orders(project).with_columns(outcome="weight")  # so that the model is never wrong
    predictor = Predictor(Weight(), project.features, {"town": ["Basel", "Bern"]}, project.task)

    worth = importance([(predictor, Labelled(rows, rows["outcome"], 0))], METRICS["mae"], seed=1)

    weight = rows["weight"].to_numpy()
    at_random = np.mean(np.abs(weight[:, np.newaxis] - weight))  # of any two rows
    assert list(worth) == ["weight", "town"]  # the worst first
    assert worth["weight"].value == pytest.approx(at_random, rel=0.1)
    assert (worth["town"].value, worth["town"].low, worth["town"].high) == (0, 0, 0)


class Prices(dy.Schema):
    shop = dy.String(primary_key=True, metadata=ahead())
    day = dy.Datetime(primary_key=True, time_zone="UTC", metadata=ahead())
    price = dy.Float64(metadata=afterwards())


def prices(*rows: tuple[str, int, float]) -> Labelled:
    frame = pl.DataFrame(
        [(shop, datetime(2025, 1, day, tzinfo=UTC), price) for shop, day, price in rows],
        schema={"shop": pl.String, "day": pl.Datetime("us", "UTC"), "price": pl.Float64},
        orient="row",
    )
    return Labelled(frame, frame["price"], 0)


def test_the_guess_of_a_forecast_is_the_last_price_of_the_same_shop() -> None:
    project = Project(
        tables={"prices": Prices},
        examples=Prices,
        build=lambda tables: tables["prices"],
        label="price",
        time="day",
        features=Features(Prices).plain("shop"),
        models={},
    )
    learnt = prices(("A", 1, 1.0), ("B", 1, 10.0), ("A", 2, 2.0), ("B", 2, 20.0))
    judged = prices(("A", 3, 3.0), ("B", 3, 30.0), ("A", 4, 4.0), ("C", 4, 100.0))
    nobody: Any = None

    guess = naive(project, Part(nobody, nobody, learnt, judged))

    assert guess.to_list() == [2, 20, 3, 8.25]  # of a new shop the mean of what was learnt
