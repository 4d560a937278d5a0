"""What percentages mean in hours."""

from datetime import timedelta

import pytest

from keel.quality.budgets.budgets import as_days, as_time, hours, lasting


def test_a_target_is_told_as_hours_of_a_year_and_of_a_month() -> None:
    assert as_time(99.5) == "at most 43 h 50 min in a year, 3 h 39 min in a month out of order"
    assert as_time(99.99) == "at most 52 min 36 s in a year, 4 min 23 s in a month out of order"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (157_788, "43 h 50 min"),
    ],
)
def test_times_are_written_as_people_do(seconds: int, words: str) -> None:
    assert hours(timedelta(seconds=seconds)) == words


def test_long_times_are_days() -> None:
    assert lasting(timedelta(days=2.5)) == "2.5 days"
    assert lasting(timedelta(hours=30)) == "30 h 0 min"


@pytest.mark.parametrize(
    ("target", "least", "said"),
    [(90, 1, "at most 2 bad days in 28"), (99, 1, "at most 1 bad day in 28"), (75, 0, "at most 7")],
)
def test_a_target_of_days_is_said_in_days(target: float, least: int, said: str) -> None:
    assert as_days(target, 28, least).startswith(said)
