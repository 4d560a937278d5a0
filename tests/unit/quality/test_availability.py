"""What percentages mean in hours."""

from datetime import timedelta

import pytest

from keel.quality.budgets.availability import as_time, hours, lasting


def test_a_target_is_told_as_hours_of_a_year_and_of_a_month() -> None:
    assert as_time(99.5) == "43 h 50 min a year, 3 h 39 min a month"
    assert as_time(99.99) == "52 min 36 s a year, 4 min 23 s a month"


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
