"""Which examples train a model, and which test it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import polars as pl
import pytest
from builders import PROJECT, examples
from small import small_project, visits

from keel.data import split as splits
from keel.data.split import Labelled, folds, share
from keel.project.errors import UserError
from keel.project.settings import Split

SPLIT = Split(test_from=date(2013, 7, 1))
to_train = partial(splits.training, project=PROJECT, split=SPLIT)
to_judge = partial(splits.test, project=PROJECT, split=SPLIT)
PERIODS: dict[str, Callable[[pl.LazyFrame], Labelled]] = {"train on": to_train, "test on": to_judge}


def june(day: int, hour: int) -> datetime:
    """A moment in June; day 31 is the first of July."""
    return datetime(2013, 6 + day // 31, day % 31 + day // 31, hour, tzinfo=UTC)


def rows(**columns: list[Any]) -> pl.LazyFrame:
    """Examples whose flight numbers count from 1."""
    return examples(**columns).lazy()


def numbers(period: Labelled) -> list[int]:
    return period.examples["flight_number"].to_list()


def test_the_first_test_day_begins_at_local_midnight() -> None:
    # New York is four hours behind: its July begins at 4:00.
    times = [june(30, 1), june(30, 23), june(31, 3), june(31, 4), june(31, 5)]
    moments = rows(decision_time=times, late=[True, False, True, False, True])

    assert numbers(to_train(moments)) == [1, 2, 3]
    assert numbers(to_judge(moments)) == [4, 5]


def test_what_is_held_out_of_the_training_by_time_is_the_last_fifth() -> None:
    times = [june(day, 12) for day in (9, 1, 10, 2, 3, 8, 4, 5, 6, 7)]
    learnt = to_train(rows(decision_time=times, late=[True, False] * 5))

    most, last = splits.held_out(learnt, PROJECT, SPLIT)

    assert numbers(last) == [1, 3]
    assert sorted([*numbers(most), 1, 3]) == numbers(learnt)
    assert last.label.to_list() == [True, True]


def test_examples_without_a_label_are_left_out_and_counted() -> None:
    moments = rows(late=[True, None, False, None, None])

    period = to_train(moments)

    assert (numbers(period), period.unlabelled) == ([1, 3], 3)
    assert period.label.to_list() == [True, False]


@pytest.mark.parametrize(
    ("use", "times"),
    [("train on", [june(31, 12), june(31, 13)]), ("test on", [june(12, 12), june(14, 2)])],
)
def test_a_period_without_examples_names_the_setting_and_the_days_there_are(
    use: str, times: list[datetime]
) -> None:
    moments = rows(decision_time=times, late=[True, False])

    with pytest.raises(UserError) as error:
        PERIODS[use](moments)

    days = {"train on": "2013-07-01 to 2013-07-01", "test on": "2013-06-12 to 2013-06-13"}[use]
    assert str(error.value) == (
        f"split.test_from = 2013-07-01: that leaves no examples to {use}; "
        f"there are some from {days}"
    )


@pytest.mark.parametrize("read", PERIODS.values(), ids=PERIODS)
def test_no_examples_at_all_are_said_to_be_none(
    read: Callable[[pl.LazyFrame], Labelled],
) -> None:
    with pytest.raises(UserError, match=r"split\.test_from = 2013-07-01: .* there are none at all"):
        read(examples().clear().lazy())


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([True, True], r"to train on, all 2 labels are True; a model needs both"),
        ([False, None], r"to train on, all 1 labels are False; a model needs both"),
        ([None, None], r"to train on, no example has a label"),
    ],
)
def test_labels_that_are_all_equal_are_refused(labels: list[bool | None], message: str) -> None:
    moments = rows(late=labels)

    with pytest.raises(UserError, match=message):
        to_train(moments)


# --- By key and by group --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (["C00001"], 0.5895949344),
        ([1], 0.8477321561),
        (["Zürich", None], 0.9225456829),
        ([date(2025, 1, 31)], 0.0580215544),
        ([datetime(2025, 1, 31, 12, tzinfo=UTC), 2.5, True], 0.5853093748),
    ],
)
def test_a_key_is_drawn_by_the_same_number_for_ever(key: list[object], place: float) -> None:
    """Another number would move customers from training to test in every project."""
    assert share(key) == pytest.approx(place, abs=1e-10)


BY_KEY = Split(by="key", test_share=0.25)


def test_a_share_of_the_keys_tests_and_the_others_train() -> None:
    rows = visits(4000).lazy()

    learnt, judged = (
        read(rows, small_project(), BY_KEY).examples for read in (splits.training, splits.test)
    )

    assert len(learnt) + len(judged) == 4000
    assert not set(learnt["visit"]) & set(judged["visit"])
    assert len(judged) == pytest.approx(1000, abs=100)


def test_a_key_stays_on_its_side_whatever_else_there_is() -> None:
    few, many = (
        splits.test(visits(rows).lazy(), small_project(), BY_KEY).examples["visit"]
        for rows in (500, 4000)
    )

    assert [key for key in many if key < 500] == few.to_list()


def test_a_group_is_on_one_side_only() -> None:
    rows = visits(400).with_columns(shop=(pl.col("visit") // 10).cast(pl.String)).lazy()
    by_shop = Split(by="group", column="shop", test_share=0.3)

    learnt, judged = (
        read(rows, small_project(), by_shop).examples for read in (splits.training, splits.test)
    )

    assert not set(learnt["shop"]) & set(judged["shop"])
    assert len(judged)


def test_each_example_is_in_one_fold_and_learnt_from_in_all_others() -> None:
    rows, five = visits(300).lazy(), Split(by="key", folds=5)

    parts = list(folds(rows, small_project(), five))

    judged = [key for _, part in parts for key in part.examples["visit"]]
    assert sorted(judged) == list(range(300))
    for learnt, part in parts:
        assert len(learnt.examples) + len(part.examples) == 300
        assert not set(learnt.examples["visit"]) & set(part.examples["visit"])


def test_the_model_in_use_learns_from_all_folds() -> None:
    learnt = splits.training(visits(300).lazy(), small_project(), Split(by="key", folds=5))

    assert len(learnt.examples) == 300


def test_a_group_that_is_no_column_is_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"split\.column is 'customer', which is no column"):
        splits.test(
            visits().lazy(), small_project(), Split(by="group", column="customer", test_share=0.3)
        )


def test_an_example_without_its_group_is_refused() -> None:
    rows = visits().with_columns(shop=pl.when(pl.col("visit") > 5).then("shop"))

    with pytest.raises(UserError, match=r"shop is null in 6 examples"):
        splits.test(rows.lazy(), small_project(), Split(by="group", column="shop", test_share=0.3))


def test_a_split_by_time_needs_a_time() -> None:
    with pytest.raises(UserError, match=r"set split to \{by: key, test_share: 0\.2\}"):
        splits.training(visits().lazy(), small_project(time=None), SPLIT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"by": "key"},
        {"by": "key", "test_from": date(2025, 1, 1)},
        {"by": "time", "test_share": 0.2},
        {"by": "group", "test_share": 0.2},
        {"by": "key", "column": "shop", "folds": 5},
        {"by": "key", "folds": 1},
        {"by": "key", "test_share": 1.0},
        {"by": "chance", "test_share": 0.2},
    ],
)
def test_a_split_says_what_it_needs(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"by|folds|test_share"):
        Split(**wrong)


# --- Labels that are rare -------------------------------------------------------------------------


def few_buyers(rows: int = 60) -> pl.LazyFrame:
    """Visits of which four end in a purchase: some folds have none of them."""
    return visits(rows).with_columns(bought=pl.col("visit").is_in([3, 17, 30, 41])).lazy()


def test_a_fold_may_be_judged_without_each_label() -> None:
    parts = list(folds(few_buyers(), small_project(), Split(by="key", folds=10)))

    assert any(not part.label.any() for _, part in parts)
    assert sum(len(part.examples) for _, part in parts) == 60


def test_a_fold_without_examples_is_left_out() -> None:
    by_shop = Split(by="group", column="shop", folds=20)  # of two shops

    parts = list(folds(visits(100).lazy(), small_project(), by_shop))

    assert [len(part.examples) for _, part in parts] == [50, 50]


def test_what_is_learnt_from_has_each_label_in_each_fold() -> None:
    one = visits(60).with_columns(bought=pl.col("visit") == 3).lazy()

    with pytest.raises(UserError, match=r"to train on, all \d+ labels are False; .*split\.folds"):
        list(folds(one, small_project(), Split(by="key", folds=5)))
