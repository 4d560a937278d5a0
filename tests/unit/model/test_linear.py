import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from builders import REPOSITORY
from sklearn.linear_model import LogisticRegression, Ridge
from tasks import task_project

from keel import Linear
from keel.model.linear import LinearModel
from keel.testing import about_learners
from keel.testing.about_learners import Subject

CARRIERS = pl.Enum(["UA", "AA"])
TOWNS = pl.Enum(["Basel", "Bern", "Zug"])
SIZES = pl.Enum(["small", "middle", "large"])
KINDS = ("yes or no", "one of several", "a number")
SETTINGS = Linear(regularisation=1.0, iterations=200)
MODEL = LinearModel(
    link="logit",
    means={"wind": 10.0},
    deviations={"wind": 5.0},
    weights={"wind": [2.0]},
    category_weights={"carrier": {"UA": [1.0], "AA": [-1.0]}},
    intercepts=[-1.0],
)
BEFORE_TASKS = {  # as 0.5 wrote a model
    "means": {"wind": 10.0},
    "deviations": {"wind": 5.0},
    "weights": {"wind": 2.0},
    "category_weights": {"carrier": {"UA": 1.0, "AA": -1.0}},
    "intercept": -1.0,
}


def flight(wind: float | None, carrier: str | None) -> pl.DataFrame:
    carriers = pl.Series("carrier", [carrier], CARRIERS)
    return pl.DataFrame([pl.Series("wind", [wind], pl.Float64), carriers])


def orders(count: int = 400) -> pl.DataFrame:
    """A weight and a town, and a flag."""
    random = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "weight": random.uniform(0, 10, count),
            "town": random.choice(TOWNS.categories.to_list(), count),
            "express": random.uniform(0, 1, count) < 0.3,
        },
        schema_overrides={"town": TOWNS},
    )


def label(rows: pl.DataFrame, kind: str) -> pl.Series:
    random = np.random.default_rng(2)
    noise = pl.Series(random.normal(0, 1, len(rows)))
    amount = rows["weight"] + 2 * rows["town"].to_physical() + noise
    if kind == "a number":
        return amount
    if kind == "yes or no":
        return amount > 7
    size = pl.when(amount < 5).then(pl.lit("small")).when(amount < 9).then(pl.lit("middle"))
    return pl.select(size.otherwise(pl.lit("large")).cast(SIZES)).to_series()


def fit(rows: pl.DataFrame, labels: pl.Series, **changes: float) -> LinearModel:
    return SETTINGS.model_copy(update=changes).fit(rows, labels, lambda _done, _of: None)


def standard_columns(rows: pl.DataFrame) -> Any:
    """The same columns by hand: standardised numbers, and a flag for each town."""
    numbers = rows.select(pl.col("weight", "express").cast(pl.Float64))
    scaled = numbers.select((pl.all() - pl.all().mean()) / pl.all().std())
    return np.hstack([scaled.to_numpy(), np.eye(3)[rows["town"].to_physical().to_numpy()]])


@pytest.mark.parametrize(
    ("wind", "carrier", "probability"),
    [
        (10.0, "UA", 0.5),  # -1 + 0 + 1 = 0
        (None, "UA", 0.5),  # an unknown number counts as the mean
        (15.0, None, 0.7310586),  # -1 + 2 + 0 = 1; an unknown category weighs nothing
    ],
)
def test_the_probability_follows_from_the_weights(
    wind: float | None, carrier: str | None, probability: float
) -> None:
    assert MODEL.predict(flight(wind, carrier)) == pytest.approx(probability)


def test_a_number_is_what_the_weights_sum_up_to() -> None:
    assert replace(MODEL, link="identity").predict(flight(20.0, "AA")) == pytest.approx(2)


def test_the_probabilities_of_classes_are_as_their_powers() -> None:
    model = LinearModel(
        "softmax", {}, {}, {}, {"carrier": {"UA": [0.0, 1.0, 2.0]}}, [0.0, 0.0, 0.0]
    )

    powers = np.exp([0.0, 1.0, 2.0])
    assert model.predict(flight(None, "UA"))[0] == pytest.approx(powers / powers.sum())


def test_a_model_that_was_saved_before_there_were_tasks_is_read() -> None:
    assert SETTINGS.from_text(json.dumps(BEFORE_TASKS)) == MODEL


@pytest.mark.parametrize("strength", [1.0, 30.0])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_scikit_learn_fits(kind: str, strength: float) -> None:
    rows = orders()
    labels, columns = label(rows, kind), standard_columns(rows)
    truth = labels.to_physical().to_numpy()
    if kind == "a number":
        expected = Ridge(strength).fit(columns, truth).predict(columns)
    else:
        logistic = LogisticRegression(C=1 / strength, max_iter=5_000, tol=1e-8).fit(columns, truth)
        shares = logistic.predict_proba(columns)
        expected = shares[:, 1] if kind == "yes or no" else shares

    fitted = fit(rows, labels, regularisation=strength)
    assert fitted.predict(rows) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "weight",
    [
        pl.lit(3.0),
        pl.lit(None, pl.Float64),
        pl.col("weight") * 1e300,
        pl.col("weight") * 1e306 + 1e308,
        pl.col("weight") * 1e-300,
        pl.col("weight") + 1e9,
        pl.when(pl.int_range(pl.len()) % 2 == 0).then("weight"),
    ],
    ids=["constant", "unknown", "huge", "too huge", "tiny", "far away", "half unknown"],
)
def test_it_stands_a_number_that_is(kind: str, weight: pl.Expr) -> None:
    rows = orders().with_columns(weight=weight)

    predicted = fit(rows, label(orders(), kind)).predict(rows)

    assert np.isfinite(predicted).all()
    assert len(np.unique(predicted)) > 2  # the towns count


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("names", [["weight"], ["town"], ["express"]])
def test_one_feature_is_enough(kind: str, names: list[str]) -> None:
    rows = orders().select(names)

    assert np.isfinite(fit(rows, label(orders(), kind)).predict(rows)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_town_that_training_did_not_have_counts_as_unknown(kind: str) -> None:
    more = pl.Enum([*TOWNS.categories, "Chur"])
    model = fit(orders(), label(orders(), kind))

    rows = pl.DataFrame({"weight": [5.0] * 2, "express": [True] * 2, "town": ["Chur", None]})
    unseen, unknown = model.predict(rows.cast({"town": more}))

    assert unseen == pytest.approx(unknown)


def test_a_number_of_any_size_is_predicted_as_well() -> None:
    labels = label(orders(), "a number")

    usual = fit(orders(), labels).predict(orders())

    for factor in (1e200, 1e-200):
        scaled = fit(orders(), labels * factor).predict(orders()) / factor
        assert scaled == pytest.approx(usual, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("holds", about_learners.CHECKS, ids=lambda holds: holds.__name__)
def test_it_keeps_what_every_model_has_to(holds: Callable[[Subject], None], kind: str) -> None:
    project = replace(task_project(kind), models={"logistic": Linear})

    holds(Subject(project, REPOSITORY, "logistic"))  # as its settings say
