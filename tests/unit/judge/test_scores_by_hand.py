"""The numbers are worked out by hand on four rows: late at 0.8 and 0.3, on time at 0.6 and 0.1."""

import math

import numpy as np
import polars as pl
import pytest

from keel.judge.metrics import yes_no
from keel.judge.metrics.sample import Sample
from keel.judge.metrics.yes_no import (
    METRICS,
    Tally,
    auc,
    average_precision,
    calibration_error,
    log_loss,
)
from keel.judge.scores import Score, evaluate, missed
from keel.project.settings import Evaluation
from keel.project.task import YesNo

TASK = YesNo("late")

LABEL = pl.Series([True, False, True, False])
PROBABILITY = pl.Series([0.8, 0.6, 0.3, 0.1])
SETTINGS = Evaluation(
    slices=["carrier"],
    smallest_slice=2,
    resamples=50,
    seed=1,
    floors={"auc": 0.7},
    slice_floors={"auc": 0.6},
)


def tally(label: pl.Series, probability: pl.Series, groups: int | None = None) -> Tally:
    """The tally of all rows."""
    one = np.ones(len(label))
    rows = label.cast(pl.Float64).to_numpy(), probability.to_numpy()
    return yes_no.tally(*rows, np.zeros(len(label), np.int64), one, groups)


def predictions(**columns: list[object]) -> pl.DataFrame:
    ordinary = {
        "month": ["2013-07"] * 4,
        "label": LABEL,
        "model": PROBABILITY,
        "baseline": [0.2] * 4,
        "naive": [0.5] * 4,
        "carrier": ["UA"] * 4,
    }
    return pl.DataFrame(ordinary | columns)


def score(**fields: object) -> Score:
    ordinary = {
        "slice": "all",
        "value": "all",
        "rows": 10,
        "model": "model",
        "metric": "auc",
        "score": 0.65,
        "low": 0.6,
        "high": 0.7,
    }
    return Score(**(ordinary | fields))  # type: ignore[arg-type]


def scores_by_metric(rows: pl.DataFrame, settings: Evaluation = SETTINGS) -> dict[str, Score]:
    """The scores of the model on all rows."""
    whole = (
        s for s in evaluate(TASK, rows, settings, METRICS) if (s.slice, s.model) == ("all", "model")
    )
    return {score.metric: score for score in whole}


def test_groups_are_about_equal_and_as_many_as_asked_for() -> None:
    label, probability = pl.Series([True] * 10), pl.Series([n / 10 for n in range(10)])

    counts = tally(label, probability, groups=5)

    assert counts.rows.tolist() == [[2, 2, 2, 2, 2]]


def test_rare_rows_are_told_apart_by_their_groups() -> None:
    label = pl.Series([n in (970, 980, 990) for n in range(1000)])

    counts = tally(label, pl.Series([n / 1000 for n in range(1000)]), groups=10)

    assert counts.positive.max() == 1


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    assert auc(tally(LABEL, PROBABILITY)) == pytest.approx(3 / 4)


def test_auc_counts_a_tie_as_half_a_pair() -> None:
    assert auc(tally(LABEL, pl.Series([0.5] * 4))) == pytest.approx(0.5)


def test_auc_is_not_defined_for_one_label_only() -> None:
    assert math.isnan(auc(tally(pl.Series([True, True]), pl.Series([0.1, 0.2])))[0])


def test_average_precision_is_the_mean_precision_where_a_positive_is_found() -> None:
    assert average_precision(tally(LABEL, PROBABILITY)) == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_average_precision_flags_together_what_is_equally_probable() -> None:
    counts = tally(LABEL, pl.Series([0.8, 0.8, 0.8, 0.1]))

    assert average_precision(counts) == pytest.approx(2 / 3)  # two of the three that are flagged


def test_log_loss_is_the_mean_surprise() -> None:
    surprise = -(math.log(0.8) + math.log(0.4) + math.log(0.3) + math.log(0.9))

    assert log_loss(tally(LABEL, PROBABILITY)) == pytest.approx(surprise / 4)


def test_a_mistake_that_was_thought_impossible_has_a_large_log_loss_and_no_infinite_one() -> None:
    counts = tally(pl.Series([True, False]), pl.Series([0.0, 1.0]))

    assert log_loss(counts) == pytest.approx(15 * math.log(10), rel=0.01)  # as if 1e-15


def test_calibration_error_is_the_mean_distance_of_predicted_and_observed_shares() -> None:
    distances = 0.2 + 0.6 + 0.7 + 0.1

    assert calibration_error(tally(LABEL, PROBABILITY)) == pytest.approx(distances / 4)


@pytest.mark.parametrize(
    ("late", "error"),
    [
        (1, 0.2),  # 1 of 10 is late in each tenth, and 3 were expected
        (6, 0.3),
    ],
)
def test_calibration_is_judged_by_tenths_of_the_rows(late: int, error: float) -> None:
    label = pl.Series(([True] * late + [False] * (10 - late)) * 10)
    probability = pl.Series([0.3 + n / 1e6 for n in range(100)])

    assert calibration_error(tally(label, probability)) == pytest.approx(error, abs=1e-3)


def test_many_rows_with_one_probability_are_one_group_of_the_calibration_error() -> None:
    # Half of the rows are at 0.2, 4 of 10 late; the others at about 0.7, in each tenth 1 of 2 late.
    label = pl.Series([True] * 4 + [False] * 6 + [False, True] * 5)
    probability = pl.Series([0.2] * 10 + [0.7 + n / 1e6 for n in range(10)])

    error = calibration_error(tally(label, probability))

    assert error == pytest.approx((10 * 0.2 + 10 * 0.2) / 20, abs=1e-3)


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_of_many_resamples_is_the_metric_of_each(metric: str) -> None:
    probability = np.array([0.1, 0.3, 0.6, 0.8])
    positive = np.array([[0.0, 1, 0, 2], [1, 2, 1, 1]])
    rows = np.array([1.0, 2, 2, 3])

    both = METRICS[metric].of(Tally(probability, positive, rows - positive))

    each = [
        METRICS[metric].of(Tally(probability, drawn, rows - drawn))[0]
        for drawn in (positive[:1], positive[1:])
    ]
    assert both == pytest.approx(each)


def test_a_resample_draws_about_as_many_rows_as_there_are() -> None:
    counts = tally(pl.Series([True, False] * 500), pl.Series([n / 1000 for n in range(1000)]), 10)

    drawn = counts.drawn(np.random.default_rng(1).poisson(1.0, (200, 1)).astype(float))

    assert drawn.probability is counts.probability
    assert drawn.positive.shape == drawn.negative.shape == (200, 10)
    assert drawn.rows.sum(axis=1).mean() == pytest.approx(1000, rel=0.2)


def test_two_predictions_of_the_same_rows_draw_the_same() -> None:
    label = pl.Series([True, False] * 500)
    samples = [Sample(TASK, label, pl.Series([value] * 1000)) for value in (0.2, 0.3)]

    one, other = (sample.resamples(METRICS["calibration_error"], 50, 1) for sample in samples)

    assert one - other == pytest.approx([0.1] * 50)  # the share that came is the same in both


def test_each_slice_is_scored_with_its_own_rows() -> None:
    rows = predictions(carrier=["UA", "UA", "AA", "AA"])

    by_slice = {
        (s.slice, s.value): s
        for s in evaluate(TASK, rows, SETTINGS, METRICS)
        if s.metric == "auc" and s.model == "model"
    }

    assert by_slice["all", "all"].rows == 4
    assert by_slice["carrier", "AA"].score == 1.0
    assert by_slice["carrier", "UA"].rows == 2


def test_a_slice_without_a_value_is_unknown() -> None:
    scores = evaluate(TASK, predictions(carrier=["UA", None, "UA", None]), SETTINGS, METRICS)

    assert {s.value for s in scores if s.slice == "carrier"} == {"UA", "unknown"}


def test_slices_are_in_the_order_of_their_values_and_the_unknown_one_is_last() -> None:
    scores = evaluate(TASK, predictions(carrier=["UA", None, "AA", None]), SETTINGS, METRICS)

    values = dict.fromkeys(s.value for s in scores if s.slice == "carrier")
    assert list(values) == ["AA", "UA", "unknown"]


def test_a_score_has_six_digits_and_none_where_it_is_not_defined() -> None:
    defined = scores_by_metric(predictions())["average_precision"]
    undefined = scores_by_metric(predictions(label=[True] * 4))["auc"]

    assert defined.score == 0.833333  # (1 / 1 + 2 / 3) / 2
    assert (undefined.score, undefined.low, undefined.high) == (None, None, None)


def test_an_interval_is_about_two_standard_errors_to_each_side() -> None:
    # Half of 400 rows that were all said to be late with 0.8. A row's loss is 0.223 or 1.609:
    # 0.916 on average, with a standard deviation of 0.693.
    rows = pl.DataFrame({"label": [True, False] * 200, "model": 0.8, "baseline": 0.8, "naive": 0.5})
    settings = SETTINGS.model_copy(update={"slices": [], "resamples": 1000})

    score = scores_by_metric(rows, settings)["log_loss"]

    error = 1.96 * 0.693 / math.sqrt(400)
    assert score.low == pytest.approx(0.916 - error, abs=error / 5)
    assert score.high == pytest.approx(0.916 + error, abs=error / 5)


def test_what_can_not_vary_has_no_interval_around_it() -> None:
    rows = predictions(model=[0.5] * 4)  # each row's loss is log 2, whatever its label

    score = scores_by_metric(rows)["log_loss"]

    assert score.low == score.score == score.high == 0.693147


def test_a_missed_floor_is_told_with_the_place_and_by_how_much() -> None:
    (sentence,) = missed([score(score=0.65)], SETTINGS, METRICS)

    assert sentence == "AUC on all rows is 0.6500: 0.0500 below evaluation.floors.auc = 0.7"


def test_a_weak_slice_is_told() -> None:
    small, enough = (score(slice="carrier", value="HA", rows=rows, score=0.5) for rows in (1, 2))

    (sentence,) = missed([small, enough], SETTINGS, METRICS)

    assert sentence.startswith(
        "AUC on carrier = HA is 0.5000: 0.1000 below evaluation.slice_floors.auc"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"score": 0.7},  # just reached
        {"model": "baseline", "score": 0.1},
        {"slice": "carrier", "rows": 1, "score": 0.1},  # too small to judge
        {"score": None},
    ],
)
def test_what_is_good_enough_or_can_not_be_judged_misses_nothing(fields: dict[str, object]) -> None:
    assert not list(missed([score(**fields)], SETTINGS, METRICS))
