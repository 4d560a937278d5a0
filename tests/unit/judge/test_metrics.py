"""Metrics of each task beside scikit-learn's, with weights, and in resamples."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from keel import metric
from keel.judge.metrics import numbers, one_of_several, yes_no
from keel.judge.metrics.known import METRICS
from keel.judge.metrics.sample import Sample
from keel.judge.metrics.sums import Array, Counted
from keel.project.task import Classes, Number, Task, YesNo

KINDS = ("a", "b", "c")
TASKS: dict[str, Task] = {
    "yes or no": YesNo("label"),
    "classes": Classes("label", KINDS),
    "number": Number("label"),
}
Oracle = Callable[..., Any]
Rows = tuple[Array, Array, Array]  # label, prediction, weight


def likeliest(function: Oracle, **options: Any) -> Oracle:
    return lambda label, predicted, **weights: function(
        label, predicted.argmax(axis=1), **weights, **options
    )


def bias(label: Array, predicted: Array, sample_weight: Array) -> float:
    return abs(float(np.average(predicted - label, weights=sample_weight)))


ORACLES: list[tuple[str, Counted, Oracle]] = [
    ("yes or no", yes_no.METRICS["auc"], sklearn.roc_auc_score),
    ("yes or no", yes_no.METRICS["average_precision"], sklearn.average_precision_score),
    ("yes or no", yes_no.METRICS["log_loss"], sklearn.log_loss),
    (
        "classes",
        one_of_several.METRICS["log_loss"],
        lambda *rows, **weights: sklearn.log_loss(*rows, labels=[0, 1, 2], **weights),
    ),
    ("classes", one_of_several.METRICS["macro_f1"], likeliest(sklearn.f1_score, average="macro")),
    (
        "classes",
        one_of_several.METRICS["balanced_accuracy"],
        likeliest(sklearn.balanced_accuracy_score),
    ),
    ("number", numbers.METRICS["mae"], sklearn.mean_absolute_error),
    ("number", numbers.METRICS["rmse"], sklearn.root_mean_squared_error),
    ("number", numbers.METRICS["r2"], sklearn.r2_score),
    ("number", numbers.METRICS["bias"], bias),
]
ALL = list(TASKS.items())


def named(part: object) -> str:
    """What a case is called: its task, or its metric."""
    return part.title if isinstance(part, Counted) else part if isinstance(part, str) else "oracle"


def rows_of(task: str) -> st.SearchStrategy[Rows]:
    """Rows with few different predictions, some of weight 0, in which all metrics are defined."""
    return st.integers(0, 2**32 - 1).flatmap(
        lambda seed: st.integers(6, 60).map(lambda rows: drawn(task, seed, rows))
    )


def drawn(task: str, seed: int, rows: int) -> Rows:
    random = np.random.default_rng(seed)
    weight = random.integers(0, 4, rows).astype(float)
    weight[:3] = 1.0
    if task == "number":
        number = random.normal(100, 10, rows).round(1)
        number[:2] = 90, 110
        return number, (number + random.normal(0, 5, rows)).round(1), weight
    if task == "classes":
        label = random.integers(0, 3, rows)
        label[:3] = 0, 1, 2
        return label.astype(float), random.dirichlet([1, 1, 1], rows).round(3) + 1e-4, weight
    label = random.integers(0, 2, rows)
    label[:2] = 0, 1
    predicted = random.choice([0.01, 0.1, 0.25, 0.3, 0.5, 0.9], rows)
    return label.astype(float), predicted, weight


@pytest.mark.parametrize(("task", "of", "oracle"), ORACLES, ids=named)
@given(data=st.data())
def test_a_metric_equals_that_of_scikit_learn(
    task: str, of: Counted, oracle: Oracle, data: st.DataObject
) -> None:
    label, predicted, weight = data.draw(rows_of(task))
    if task == "classes":
        predicted = predicted / predicted.sum(axis=1, keepdims=True)

    wanted = oracle(label, predicted, sample_weight=weight)

    assert of.score(label, predicted, weight) == pytest.approx(wanted, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("task", "of", "oracle"), ORACLES[:3], ids=named)
def test_also_on_many_rows(task: str, of: Counted, oracle: Oracle) -> None:
    random = np.random.default_rng(1)
    probability = random.beta(1, 4, 20_000).round(3).clip(0.001, 0.999)
    label = pl.Series(random.random(20_000) < probability)

    score = Sample(TASKS[task], label, pl.Series(probability)).score(of)

    assert score == pytest.approx(oracle(label.to_numpy(), probability))


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, kind in ALL for name in METRICS[type(kind)]]
)
@given(data=st.data())
def test_a_row_of_weight_two_counts_as_two_rows(task: str, name: str, data: st.DataObject) -> None:
    of = METRICS[type(TASKS[task])][name]
    label, predicted, weight = data.draw(rows_of(task))
    if name == "calibration_error":
        weight = np.full(len(label), 2.0)  # tenths are those of the rows
    twice = np.repeat(np.arange(len(label)), weight.astype(int))

    weighted = of.score(label, predicted, weight)

    repeated = of.score(label[twice], predicted[twice], np.ones(len(twice)))
    assert weighted == pytest.approx(repeated, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, kind in ALL for name in METRICS[type(kind)]]
)
def test_an_interval_is_as_wide_as_chance_makes_it(task: str, name: str) -> None:
    """Compared with how far the scores of many samples of the same kind lie apart."""
    kind, of = TASKS[task], METRICS[type(TASKS[task])][name]
    scores, reaches = [], []
    for seed in range(40):
        label, predicted, _ = drawn(task, seed, 3000)
        sample = Sample(kind, column(kind, label), pl.Series(predicted, dtype=kind.dtype))
        scores.append(sample.score(of))
        reaches.append(sample.resamples(of, 100, seed).std())

    assert 0.6 < np.mean(reaches) / np.std(scores) < 1.6


def column(task: Task, label: Array) -> pl.Series:
    """The label as the task has it."""
    if task.classes:
        return pl.Series(np.array(KINDS)[label.astype(int)], dtype=pl.Enum(KINDS))
    return pl.Series(label) if isinstance(task, Number) else pl.Series(label > 0)


def test_the_calibration_error_of_classes_is_how_far_confidence_is_from_being_right() -> None:
    label = np.array([0.0, 0, 1, 2])
    sure = np.array([[0.8, 0.1, 0.1]] * 4)  # right for two of four

    error = one_of_several.METRICS["calibration_error"].score(label, sure, np.ones(4))

    assert error == pytest.approx(0.3)


def test_a_class_that_nobody_has_or_expects_does_not_count() -> None:
    label, predicted = np.array([0.0, 1.0]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])

    for name in ("macro_f1", "balanced_accuracy"):
        assert one_of_several.METRICS[name].score(label, predicted, np.ones(2)) == 1


def test_labels_that_are_all_the_same_have_no_r2() -> None:
    label = np.array([5.0, 5.0])

    assert math.isnan(numbers.METRICS["r2"].score(label, label + 1, np.ones(2)))


def test_a_metric_of_one_s_own_is_not_asked_about_no_rows() -> None:
    mean = metric("mean", higher_is_better=True)(
        lambda _, prediction, weight: float(np.average(prediction, weights=weight))
    )

    scores = Sample(YesNo("label"), pl.Series([True]), pl.Series([0.25])).resamples(
        mean, 50, seed=1
    )

    known = scores[np.isfinite(scores)]
    assert 0 < len(known) < 50
    assert (known == 0.25).all()


def test_it_draws_the_same_rows_as_keel_s_own() -> None:
    random = np.random.default_rng(2)
    label, predicted = pl.Series(random.normal(0, 1, 900)), pl.Series(random.normal(0, 1, 900))
    own = metric("mine", higher_is_better=False)(
        lambda label, prediction, weight: float(np.average(abs(label - prediction), weights=weight))
    )
    sample = Sample(Number("label"), label, predicted)

    assert sample.resamples(own, 20, 1) == pytest.approx(
        sample.resamples(numbers.METRICS["mae"], 20, 1)
    )
