"""Scores of slices, their intervals, and the floors they miss."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from keel.judge.metrics.yes_no import METRICS
from keel.judge.scores import Score, evaluate, missed
from keel.project.settings import Evaluation
from keel.project.task import YesNo


def judged(
    label: list[bool] | pl.Series,
    model: list[float] | pl.Series,
    *,
    baseline: list[float] | None = None,
    resamples: int = 50,
    slices: Mapping[str, list[str | None]] = {},
) -> list[Score]:
    """All scores of these predictions."""
    predictions = pl.DataFrame(
        {
            "label": label,
            "model": model,
            "baseline": baseline or model,
            "naive": 0.5,
            "month": "2013-07",
            **slices,
        }
    )
    return evaluate(
        YesNo("late"), predictions, floors(slices=list(slices), resamples=resamples), METRICS
    )


def floors(
    whole: Mapping[str, float] = {},
    of_slices: Mapping[str, float] = {},
    *,
    smallest_slice: int = 1,
    slices: Sequence[str] = (),
    resamples: int = 50,
) -> Evaluation:
    return Evaluation(
        slices=list(slices),
        smallest_slice=smallest_slice,
        resamples=resamples,
        seed=1,
        floors=dict(whole),
        slice_floors=dict(of_slices),
    )


def score(metric: str, result: float | None, **where: Any) -> Score:
    about = {"slice": "all", "value": "all", "rows": 100, "model": "model", **where}
    return Score(metric=metric, score=result, low=result, high=result, **about)


def misses(scores: list[Score], settings: Evaluation) -> list[str]:
    return list(missed(scores, settings, METRICS))


@given(
    rows=st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 1.0]) | st.floats(0, 1)),
        min_size=1,
        max_size=40,
    )
)
def test_an_interval_contains_its_score(rows: list[tuple[bool, float]]) -> None:
    label, probability = (list(values) for values in zip(*rows, strict=True))

    for found in judged(label, probability):
        if found.score is None or found.low is None or found.high is None:
            assert found.metric in ("auc", "average_precision")  # they need labels of both kinds
        else:
            assert 0 <= found.low <= found.score <= found.high, found
            assert found.high <= 1 or found.metric == "log_loss", found


def test_an_interval_contains_the_score_of_a_calibrated_model() -> None:
    random = np.random.default_rng(2)

    for rows in [50] * 20 + [1000, 20_000]:
        probability = random.beta(1, 4, rows)
        label = random.random(rows) < probability
        for found in judged(pl.Series(label), pl.Series(probability), resamples=200):
            assert 0 <= (found.low or 0) <= (found.score or 0) <= (found.high or 0), found
            assert (found.high or 0) <= 1 or found.metric == "log_loss", found


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("auc", roc_auc_score),
        ("average_precision", average_precision_score),
        ("log_loss", log_loss),
    ],
)
def test_an_interval_is_about_that_of_a_plain_bootstrap_of_rows(
    name: str, oracle: Callable[..., Any]
) -> None:
    random = np.random.default_rng(3)
    probability = random.beta(1, 4, 3000)
    label = random.random(3000) < probability
    plain = [
        oracle(label[rows], probability[rows])
        for rows in (random.integers(0, 3000, 3000) for _ in range(200))
    ]

    all_scores = judged(pl.Series(label), pl.Series(probability), resamples=400)

    found = next(one for one in all_scores if one.metric == name)
    low, high = np.quantile(plain, [0.025, 0.975])
    width = high - low
    assert found.low == pytest.approx(low, abs=0.2 * width)
    assert found.high == pytest.approx(high, abs=0.2 * width)


def test_the_same_predictions_have_the_same_intervals() -> None:
    label, probability = [True, False] * 10, [n / 20 for n in range(20)]

    assert judged(label, probability) == judged(label, probability)


def test_a_metric_that_is_not_defined_has_no_number() -> None:
    found = {one.metric: one for one in judged([True, True], [0.2, 0.3])}

    assert (found["auc"].score, found["auc"].low, found["auc"].high) == (None, None, None)


def test_model_and_baseline_are_judged_side_by_side() -> None:
    scores = judged([True, False], [0.9, 0.1], baseline=[0.1, 0.9])

    auc = {one.model: one.score for one in scores if one.metric == "auc" and one.slice == "all"}
    assert auc == {"model": 1, "baseline": 0, "naive": 0.5}


@given(values=st.lists(st.sampled_from(["UA", "B6", "AA", None]), min_size=1, max_size=30))
def test_slices_add_up_to_all_rows(values: list[str | None]) -> None:
    label = [n % 2 == 0 for n in range(len(values))]

    scores = judged(label, [0.5] * len(values), slices={"carrier": values})

    rows = {
        one.value: one.rows
        for one in scores
        if (one.slice, one.model, one.metric) == ("carrier", "model", "log_loss")
    }
    assert sum(rows.values()) == len(values)
    assert rows.get("unknown", 0) == values.count(None)


def test_a_slice_is_judged_on_its_own_rows() -> None:
    scores = judged(
        [True, False, True, False],
        [0.9, 0.1, 0.1, 0.9],
        slices={"carrier": ["UA", "UA", None, None]},
    )

    auc = {
        one.value: one.score
        for one in scores
        if (one.slice, one.model, one.metric) == ("carrier", "model", "auc")
    }
    assert auc == {"UA": 1, "unknown": 0}


def test_a_floor_for_all_rows_that_is_missed_says_by_how_much() -> None:
    found = misses([score("auc", 0.65)], floors({"auc": 0.7}))

    assert found == ["AUC on all rows is 0.6500: 0.0500 below evaluation.floors.auc = 0.7"]


def test_a_floor_of_a_metric_whose_low_values_are_good_is_a_ceiling() -> None:
    found = misses([score("log_loss", 0.65)], floors({"log_loss": 0.5}))

    assert found == [
        "log loss on all rows is 0.6500: 0.1500 above evaluation.floors.log_loss = 0.5"
    ]


@pytest.mark.parametrize(("metric", "value"), [("auc", 0.7), ("log_loss", 0.7), ("auc", None)])
def test_a_floor_that_is_met_or_not_defined_is_not_missed(metric: str, value: float | None) -> None:
    assert misses([score(metric, value)], floors({metric: 0.7})) == []


def test_a_floor_of_slices_names_the_slice_that_misses_it() -> None:
    scores = [
        score("auc", 0.5),
        score("auc", 0.7, slice="carrier", value="UA"),
        score("auc", 0.55, slice="carrier", value="unknown"),
    ]

    found = misses(scores, floors(of_slices={"auc": 0.6}))

    assert found == [
        "AUC on carrier = unknown is 0.5500: 0.0500 below evaluation.slice_floors.auc = 0.6"
    ]


@pytest.mark.parametrize(("rows", "judged_rows"), [(99, 0), (100, 1)])
def test_a_slice_is_judged_from_the_smallest_size_on(rows: int, judged_rows: int) -> None:
    small = score("auc", 0.1, slice="carrier", value="UA", rows=rows)

    assert len(misses([small], floors(of_slices={"auc": 0.6}, smallest_slice=100))) == judged_rows


def test_the_baseline_has_no_floors() -> None:
    scores = [score("auc", 0.1, model="baseline")]

    assert misses(scores, floors({"auc": 0.6}, {"auc": 0.6})) == []
