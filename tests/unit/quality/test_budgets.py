"""Error budgets, with answers that were worked out on paper."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from keel.quality.budgets.budgets import Budget, Objective, as_days, as_time, hours, lasting
from keel.quality.budgets.events import Day

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


def ago(days: int) -> date:
    return TODAY - days * DAY


def budget(
    bad: Mapping[int, float],
    *,
    target: float = 99,
    window: int = 10,
    of: float = 100,
    back: int = 30,
) -> Budget:
    """Of so many events on each day; `bad` says how many were bad how many days ago."""
    days = {ago(n): Day(of - bad.get(n, 0), bad.get(n, 0)) for n in range(back)}
    return Budget(target, window, TODAY, days)


def test_the_budget_is_what_the_target_leaves() -> None:
    # 10 days of 100 events: 1,000, of which 1 % may be bad.
    assert budget({}).allowed(TODAY) == 10
    assert budget({}, target=99.9).allowed(TODAY) == 1
    assert budget({}, target=99.95, of=200).allowed(TODAY) == 1


def test_what_was_bad_is_taken_from_it() -> None:
    # 3 + 1 bad ones in the window of 10 days, those of 10 days ago outside of it: 4 of 10.
    one = budget({0: 3, 9: 1, 10: 50})

    assert one.spent(TODAY) == 0.4
    assert one.left == pytest.approx(0.6)
    assert one.since is None


def test_a_budget_that_is_used_up_exactly_is_not_exceeded() -> None:
    assert budget({3: 10}).since is None
    assert budget({3: 10.1}).since == ago(3)
    assert budget({3: 1}, target=99.9).since is None  # in floats, 1 - 0.999 is a bit less


def test_it_is_spent_since_the_day_on_which_it_was_exceeded() -> None:
    # 6 bad ones five days ago, 6 more two days ago: 12 of 10 since then.
    assert budget({5: 6, 2: 6}).since == ago(2)


def test_an_earlier_freeze_that_is_over_does_not_count() -> None:
    # 20 bad ones on day -25 leave the window of 10 days on day -15.
    assert budget({25: 20}).since is None
    assert budget({25: 20, 1: 11}).since == ago(1)


def test_a_freeze_ends_when_the_bad_days_have_left_the_window() -> None:
    # Of 6 + 6, the first 6 were on day -5: the window of 10 days ends without them on day +5.
    assert budget({5: 6, 2: 6}).ends == ago(-5)
    # 12 on one day stay until the window has passed that day: day -2 + 10.
    assert budget({2: 12}).ends == ago(-8)


def test_the_burn_rate_is_the_share_of_bad_ones_by_that_of_the_budget() -> None:
    # In the last 7 days 14 of 700: 2 %, by 1 %.
    assert budget(dict.fromkeys(range(7), 2.0)).burn == pytest.approx(2)
    # At a rate of 1 the budget lasts as long as its window.
    assert budget(dict.fromkeys(range(30), 1.0)).burn == pytest.approx(1)


def test_it_runs_out_when_the_days_ahead_are_like_the_last_ones() -> None:
    # 1 bad one a day for 3 days: 3 in 7 days, 0.429 a day, and at most 3 + 7 x 0.429 = 6 together.
    assert budget({0: 1, 1: 1, 2: 1}).runs_out is None
    # 2 a day for 4 days: 8, and 8 / 7 = 1.143 a day from now on: 9.14, 10.29 on day +2.
    assert budget({0: 2, 1: 2, 2: 2, 3: 2}).runs_out == ago(-2)


def test_a_rate_of_one_never_runs_out() -> None:
    assert budget(dict.fromkeys(range(30), 1.0)).runs_out is None


def test_the_first_days_count_by_what_a_whole_window_will_have() -> None:
    # 3 days of 100 events: 1,000 are expected in 10 days, so 10 may be bad, not 3.
    first = budget({0: 4}, back=3)

    assert first.allowed(TODAY) == pytest.approx(10)
    assert first.since is None


def test_days_without_events_are_no_reason() -> None:
    days = {ago(20): Day(100, 0), ago(3): Day(97, 3), ago(0): Day(100, 0)}
    one = Budget(99, 10, TODAY, days)

    # 200 events in the window, 2 may be bad, 3 were: no traffic in between is just that.
    assert one.spent(TODAY) == 1.5
    assert one.spent(ago(5)) is None


def test_a_daily_objective_counts_days() -> None:
    # Of 28 days 90 % have to be good: 2.8 days may be bad.
    three = budget({1: 1, 2: 1, 3: 1}, target=90, window=28, of=1)

    assert three.allowed(TODAY) == pytest.approx(2.8)
    assert three.since == ago(1)


def test_what_an_incident_cost_is_its_days_by_the_budget() -> None:
    assert budget({3: 4, 4: 1, 8: 2}).cost(ago(4), ago(3)) == pytest.approx(0.5)


@pytest.mark.parametrize("target", [100, 100.5, 0, -1])
def test_a_target_that_leaves_no_budget_is_refused(target: float) -> None:
    with pytest.raises(ValidationError, match="target"):
        Objective.model_validate(
            {
                "title": "Always",
                "of": "service",
                "target": target,
                "source": {"indicator": "a"},
                "meaning": "-",
            }
        )


@given(
    st.dictionaries(
        st.integers(0, 60), st.tuples(st.integers(0, 99), st.integers(0, 9)), min_size=1
    ),
    st.floats(50, 99.99),
    st.integers(1, 40),
)
def test_a_freeze_always_has_a_beginning_and_an_end(
    days: dict[int, tuple[int, int]], target: float, window: int
) -> None:
    known = {ago(n): Day(*counts) for n, counts in days.items() if sum(counts)}
    if not known:
        return
    one = Budget(target, window, max(known), known)

    since = one.since
    if since:
        assert not one.exceeded(since - DAY)
        assert min(known) <= since <= one.day
        assert one.day < one.ends <= one.day + window * DAY
    else:
        assert one.left >= 0


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
