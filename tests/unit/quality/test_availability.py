"""What percentages mean in hours."""

from datetime import timedelta
from decimal import Decimal

import pytest

from keel.cli import run
from keel.project.errors import UserError
from keel.quality.budgets.availability import (
    SPANS,
    chain,
    downtime,
    explain,
    hours,
    lasting,
    percent,
)


@pytest.mark.parametrize(
    ("share", "a_year"),
    [("99", 87.66), ("99.5", 43.83), ("99.9", 8.766), ("99.95", 4.383), ("99.99", 0.8766)],
)
def test_hours_of_downtime_in_a_year_of_365_and_a_quarter_days(share: str, a_year: float) -> None:
    found = downtime(Decimal(share), SPANS["a year"]) / timedelta(hours=1)

    assert found == pytest.approx(a_year)


def test_it_is_told_by_year_month_and_week() -> None:
    assert explain([percent("99.5")]).splitlines() == [
        "99.5 % of the time may be out of order for",
        "    43 h 50 min a year",
        "     3 h 39 min a month",
        "    50 min 24 s a week",
    ]


def test_a_chain_is_worse_than_its_weakest_part() -> None:
    assert chain([Decimal("99.5"), Decimal("99.9")]) == Decimal("99.4005")
    assert "A chain of 99.5 %, 99.9 % that fail independently: 99.4005 %." in (
        explain([Decimal("99.5"), Decimal("99.9")])
    )


def test_always_is_no_target() -> None:
    assert "Nothing is always there" in explain([Decimal(100)])


@pytest.mark.parametrize("text", ["99,5", "", "many", "NaN", "Infinity", "0", "-1", "100.1", "1e9"])
def test_what_is_no_share_of_the_time_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"is not a number of percent|is no share of the time"):
        percent(text)


def test_the_verb_wants_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["availability", "99.9%"]) == 0
    assert run(["availability"]) == 1
    assert "say how many percent: `uv run keel availability 99.5`" in capsys.readouterr().err


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
