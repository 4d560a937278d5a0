import json
from typing import Any

import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from keel.model.parameters import meaning, parameters, strayed, unseen


class Fitted:
    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator


STORED: list[tuple[str, object, dict[str, float]]] = [
    ("tree\n\nparameters:\n[num_leaves: 31]\n[boosting: gbdt]\n", Fitted(), {"num_leaves": 31}),
    (
        json.dumps({"trees": [{"depth": 3}], "model": {"params": {"boosting": {"depth": 6}}}}),
        Fitted(),
        {"depth": 6},
    ),
    (json.dumps({"weights": {"depth": 2.0}, "verbose": True}), Fitted(), {}),
]


@pytest.mark.parametrize(("text", "model", "numbers"), STORED)
def test_the_numbers_of_its_parameters_are_read(
    text: str, model: object, numbers: dict[str, float]
) -> None:
    assert parameters(text, model) == numbers


def test_an_estimator_tells_its_own() -> None:
    found = parameters("{}", Fitted(RandomForestClassifier(40, min_samples_leaf=7)))

    assert (found["n_estimators"], found["min_samples_leaf"]) == (40, 7)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("trees", "num_iterations"),
        ("trees", "n_estimators"),
        ("iterations", "max_iter"),
        ("leaves", "num_leaves"),
        ("leaves", "max_leaf_nodes"),
        ("rows_per_leaf", "min_data_in_leaf"),
        ("rows_per_leaf", "min_child_samples"),
        ("rows_per_category", "min_data_per_group"),
        ("rate", "learning_rate"),
        ("learning_rate", "eta"),
        ("depth", "max_depth"),
        ("seed", "random_state"),
        ("l2", "lambda_l2"),
    ],
)
def test_names_that_mean_the_same_are_known(setting: str, name: str) -> None:
    assert meaning(setting) == meaning(name)


def test_names_that_differ_in_meaning_are_told_apart() -> None:
    names = ["trees", "leaves", "rows_per_leaf", "depth", "seed", "bagging_seed", "max_bin"]

    assert len({meaning(name) for name in names}) == len(names)


GIVEN = {"leaves": 15, "rows_per_leaf": 21}


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"num_leaves": 15, "min_data_in_leaf": 21}, []),
        (
            {"num_leaves": 21, "min_data_in_leaf": 15},
            [
                "leaves = 15 arrives as num_leaves = 21, the value of rows_per_leaf",
                "rows_per_leaf = 21 arrives as min_data_in_leaf = 15, the value of leaves",
            ],
        ),
        ({"num_leaves": 150}, ["leaves = 15 arrives as num_leaves = 150"]),
        ({"max_iter": 7, "eta": 0.1}, []),
    ],
)
def test_a_setting_that_arrives_as_another_number_is_told(
    stored: dict[str, float], words: list[str]
) -> None:
    assert list(strayed(GIVEN, stored)) == words


def test_what_nothing_is_called_like_only_has_to_be_somewhere() -> None:
    stored = parameters("", Fitted(LogisticRegression(C=1 / 0.7)))

    assert unseen({"regularisation": 0.7, "smoothing": 0.3, "seed": 5}, stored) == ["smoothing"]


def test_of_two_that_mean_the_same_one_is_enough() -> None:
    stored = parameters("", Fitted(HistGradientBoostingRegressor(max_iter=7, n_iter_no_change=3)))

    assert not list(strayed({"trees": 7}, stored))
