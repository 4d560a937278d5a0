from collections.abc import Callable

import polars as pl
import pytest
from builders import PROJECT, REPOSITORY

from keel.model.logistic import LogisticModel
from keel.testing import about_learners
from keel.testing.about_learners import Subject

MODEL = LogisticModel(
    means={"wind": 10.0},
    deviations={"wind": 5.0},
    weights={"wind": 2.0},
    category_weights={"carrier": {"UA": 1.0, "AA": -1.0}},
    intercept=-1.0,
)
CARRIERS = pl.Enum(["UA", "AA"])
LOGISTIC = Subject(PROJECT, REPOSITORY, "logistic")  # as its settings say


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
    row = pl.DataFrame(
        {"wind": [wind], "carrier": [carrier]}, {"wind": pl.Float64, "carrier": CARRIERS}
    )

    assert MODEL.predict(row) == pytest.approx(probability)


@pytest.mark.parametrize("holds", about_learners.CHECKS, ids=lambda holds: holds.__name__)
def test_it_keeps_what_every_model_has_to(holds: Callable[[Subject], None]) -> None:
    holds(LOGISTIC)
