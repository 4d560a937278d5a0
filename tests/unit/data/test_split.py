"""Which examples train a model, and which test it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import polars as pl
import pytest
from builders import PROJECT, examples

from keel.data import periods
from keel.data.periods import Period
from keel.project.errors import UserError
from keel.project.settings import Split

SPLIT = Split(test_from=date(2013, 7, 1))
to_train = partial(periods.training, project=PROJECT, split=SPLIT)
to_judge = partial(periods.test, project=PROJECT, split=SPLIT)
PERIODS: dict[str, Callable[[pl.LazyFrame], Period]] = {"train on": to_train, "test on": to_judge}


def june(day: int, hour: int) -> datetime:
    """A moment in June; day 31 is the first of July."""
    return datetime(2013, 6 + day // 31, day % 31 + day // 31, hour, tzinfo=UTC)


def rows(**columns: list[Any]) -> pl.LazyFrame:
    """Examples whose flight numbers count from 1."""
    return examples(**columns).lazy()


def numbers(period: Period) -> list[int]:
    return period.examples["flight_number"].to_list()


def test_the_first_test_day_begins_at_local_midnight() -> None:
    # New York is four hours behind: its July begins at 4:00.
    times = [june(30, 1), june(30, 23), june(31, 3), june(31, 4), june(31, 5)]
    moments = rows(decision_time=times, late=[True, False, True, False, True])

    assert numbers(to_train(moments)) == [1, 2, 3]
    assert numbers(to_judge(moments)) == [4, 5]


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
        f"split.test_from is 2013-07-01: that leaves no examples to {use}; "
        f"there are some from {days}"
    )


@pytest.mark.parametrize("read", PERIODS.values(), ids=PERIODS)
def test_no_examples_at_all_are_said_to_be_none(
    read: Callable[[pl.LazyFrame], Period],
) -> None:
    with pytest.raises(
        UserError, match=r"split\.test_from is 2013-07-01: .* there are none at all"
    ):
        read(examples().clear().lazy())


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([True, True], r"to train on, all 2 labels are True; a model needs both"),
        ([False, None], r"to train on, all 1 labels are False; a model needs both"),
        ([None, None], r"to train on, no example has a label; a model needs both"),
    ],
)
def test_labels_that_are_all_equal_are_refused(labels: list[bool | None], message: str) -> None:
    moments = rows(late=labels)

    with pytest.raises(UserError, match=message):
        to_train(moments)
