"""DORA's five, of a history made by hand whose answers were worked out on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from keel.quality.delivery.dora import delivered, figures
from keel.quality.delivery.incidents import Incident, Incidents
from keel.quality.records.figures import Figure, State
from keel.quality.records.history import Commit, Deployment
from keel.quality.records.settings import Delivery

NOW = datetime(2026, 11, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def noon(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def changes(at: datetime, **days: float) -> tuple[Commit, ...]:
    """Commits that are so many days older than their deployment."""
    return tuple(Commit(sha, at - before * DAY) for sha, before in days.items())


def incident(start: datetime, hours: float, **facts: str) -> Incident:
    restored = start + timedelta(hours=hours)
    return Incident(title="Down", started=start, restored=restored, **facts)  # type: ignore[arg-type]


# The paper. Seven deployments in the 90 days before 30 November; the first one is older.
#
#   no.  when      commits, days before it                 went
#   1    31 Aug    start (the first: what it brought began long before)
#   2    10 Sep    a 1, b 3
#   3    20 Sep    c 2
#   4     1 Oct    d 4, e 5 on a branch, m merges it       failed: incident of 1 Oct, 13:00
#   5     2 Oct    f 0.5                                   unplanned: ended it on 2 Oct, 13:00
#   6    20 Oct    g 10                                    failed: gone back from
#   7    21 Oct    back to f                               unplanned
#   8    10 Nov    h 6
DATES = {
    1: noon(8, 31),
    2: noon(9, 10),
    3: noon(9, 20),
    4: noon(10, 1),
    5: noon(10, 2),
    6: noon(10, 20),
    7: noon(10, 21),
    8: noon(11, 10),
}
BROUGHT: dict[int, dict[str, float]] = {
    2: {"a": 1, "b": 3},
    3: {"c": 2},
    4: {"d": 4, "e": 5},
    5: {"f": 0.5},
    6: {"g": 10},
    8: {"h": 6},
}
HEADS = dict(enumerate(["start", "b", "c", "m", "f", "g", "f", "h"], 1))
PAST = [
    Deployment(
        f"model#production#{number}", HEADS[number], at, changes(at, **BROUGHT.get(number, {}))
    )
    for number, at in DATES.items()
]
HOUR = timedelta(hours=1)
INCIDENTS = {
    "march": incident(noon(3, 1), 1),
    "may": incident(noon(5, 1), 3),
    "june": incident(noon(6, 1), 5),
    "july": incident(noon(7, 1), 12),
    "october": incident(noon(10, 1) + HOUR, 24, caused_by="model#production#4"),
}


def on_paper(
    past: Sequence[Deployment] = PAST,
    incidents: Mapping[str, Incident] = INCIDENTS,
    now: datetime = NOW,
) -> dict[str, Figure]:
    found = figures(past, Incidents(incidents), Delivery(), now)
    return {figure.name.removeprefix("delivery."): figure for figure in found}


def test_frequency_is_deployments_by_time() -> None:
    figure = on_paper()["frequency"]

    # 7 in 90 days is 7 / 90 x 7 = 0.544 a week, and one in 12.9 days: above 7, below 30.
    # Days between two: 10, 11, 1, 18, 1, 20; sorted 1, 1, 10, 11, 18, 20; median 10.5.
    assert figure.value == pytest.approx(0.5444, abs=1e-4)
    assert figure.text == "0.5 a week; half of them within 10.5 days of the one before"
    assert (figure.state, figure.events) == (State.WATCH, 7)


def test_the_trend_of_the_frequency_is_by_month() -> None:
    trend = on_paper()["frequency"].trend

    # August 1, September 2, October 4, November 1, by the 31 / 7, 30 / 7, … weeks of the month.
    assert [month for month, _ in trend] == [date(2026, month, 1) for month in (8, 9, 10, 11)]
    values = [value for _, value in trend]
    assert values == pytest.approx([7 / 31, 14 / 30, 28 / 31, 7 / 30])


@pytest.mark.parametrize(
    ("days", "state", "said"),
    [
        ([1, 22, 44, 66, 88], State.WATCH, "0.4 a week"),
        ([3, 25, 47, 69], State.WATCH, "0.4 a week"),
        ([100, 105, 110, 115, 120, 125], State.BAD, "0.0 a week; none for 100 days"),
        ([35, 36, 37, 38, 39, 40, 41], State.BAD, "none for 35 days"),
        ([40], State.BAD, "none for 40 days"),
        ([3], State.UNKNOWN, "not enough data yet"),
        ([1, 2, 3, 4, 5], State.GOOD, "5.0 a week"),
    ],
)
def test_silence_is_a_figure(days: list[int], state: State, said: str) -> None:
    past = [Deployment(f"model#production#{n}", str(n), NOW - n * DAY) for n in days]

    figure = on_paper(sorted(past, key=lambda each: each.at), {})["frequency"]

    assert figure.state == state
    assert said in figure.text


def test_months_without_a_deployment_are_zero() -> None:
    past = [Deployment(f"model#production#{n}", str(n), NOW - n * DAY) for n in (95, 94, 5)]

    values = [
        value for _, value in on_paper(sorted(past, key=lambda d: d.at), {})["frequency"].trend
    ]

    assert [value > 0 for value in values] == [True, False, False, True]


def test_lead_time_is_from_the_commit_to_its_first_deployment() -> None:
    figure = on_paper()["lead_time"]

    # Sorted: 0.5 1 2 3 4 5 6 10. Median (3 + 4) / 2 = 3.5.
    # 90th percentile: place 0.9 x 7 = 6.3, so 6 + 0.3 x (10 - 6) = 7.2.
    assert figure.value == 3.5
    assert figure.text == "half within 3.5 days, nine in ten within 7.2 days"
    assert (figure.state, figure.events) == (State.GOOD, 8)
    # September 1 2 3, October 0.5 4 5 10, November 6.
    assert [value for _, value in figure.trend] == [2, 4.5, 6]


def test_a_deployment_failed_if_an_incident_names_it_or_it_was_gone_back_from() -> None:
    figure = on_paper()["failure_rate"]

    # The fourth and the sixth, of 7: 28.57 %, above 15 and below 30.
    assert figure.value == pytest.approx(28.571, abs=1e-3)
    assert figure.text == "29 %: 2 of 7 deployments"
    assert (figure.state, figure.events) == (State.WATCH, 7)
    assert [value for _, value in figure.trend] == [0, 0, 50, 0]


def test_rework_is_what_an_incident_or_a_way_back_made_necessary() -> None:
    figure = on_paper()["rework_rate"]

    # The fifth and the seventh, of 7, above 20 %.
    assert figure.text == "29 %: 2 of 7 deployments"
    assert figure.state == State.BAD


def test_time_to_restore_is_from_start_to_end() -> None:
    figure = on_paper()["time_to_restore"]

    # Sorted: 1 3 5 12 24 h. Median 5, mean 9; 90th percentile: place 3.6, 12 + 0.6 x 12 = 19.2.
    assert figure.value == 5
    assert figure.text == (
        "half within 5 h 0 min, nine in ten within 19 h 12 min, 9 h 0 min in the mean"
    )
    assert (figure.state, figure.events) == (State.GOOD, 5)


def test_four_deployments_are_not_enough() -> None:
    figure = on_paper(PAST[4:])["failure_rate"]

    assert figure.value is None
    assert figure.text == ("not enough data yet: 4 deployments in 90 days, and 5 are needed")
    assert figure.state == State.UNKNOWN


@pytest.mark.parametrize("name", ["frequency", "lead_time", "failure_rate", "rework_rate"])
def test_a_project_without_tags_has_no_figures_yet(name: str) -> None:
    assert on_paper([], {})[name].state == State.UNKNOWN


def test_an_incident_that_goes_on_is_bad_after_a_week() -> None:
    started = Incident(title="Stale weather", started=NOW - 8 * DAY)

    figure = on_paper(incidents={**INCIDENTS, "now": started})["time_to_restore"]

    assert figure.notes == ["still going on: Stale weather, for 8.0 days"]
    assert (figure.value, figure.state) == (5, State.BAD)


def test_an_incident_without_a_deployment_fails_none() -> None:
    without = {**INCIDENTS, "october": incident(noon(10, 1), 24)}

    assert on_paper(incidents=without)["failure_rate"].text == "14 %: 1 of 7 deployments"


def test_overlapping_incidents_of_one_deployment_make_it_fail_once() -> None:
    twice = {
        **INCIDENTS,
        "again": incident(noon(10, 1) + 2 * HOUR, 20, caused_by="model#production#4"),
    }

    assert on_paper(incidents=twice)["failure_rate"].text == "29 %: 2 of 7 deployments"
    assert on_paper(incidents=twice)["rework_rate"].text == "29 %: 2 of 7 deployments"


def test_an_incident_may_name_the_deployment_that_ended_it() -> None:
    named = incident(
        noon(10, 1) + HOUR, 24, caused_by="model#production#4", restored_by="model#production#8"
    )

    found = delivered(PAST, [named])

    assert [one.unplanned for one in found] == [False] * 6 + [True, True]


def test_a_deployment_whose_tag_was_deleted_is_named() -> None:
    gone = incident(noon(11, 1), 1, caused_by="model#production#9")

    figure = on_paper(PAST, {**INCIDENTS, "november": gone})["failure_rate"]

    assert figure.text == "29 %: 2 of 7 deployments"
    assert figure.notes == ["incidents name deployments that are not known: model#production#9"]


def test_a_change_that_a_wrong_clock_puts_after_its_deployment_is_not_counted() -> None:
    skewed = replace(PAST[7], changes=changes(DATES[8], h=-2))

    assert on_paper([*PAST[:7], skewed])["lead_time"].events == 7


def test_a_deployment_in_the_future_is_not_counted() -> None:
    early = on_paper(now=noon(11, 1))["frequency"]

    assert early.events == 7


def test_time_zones_do_not_matter() -> None:
    tokyo = timezone(9 * HOUR)
    there = {
        name: replace_times(one, one.started.astimezone(tokyo)) for name, one in INCIDENTS.items()
    }

    assert on_paper(incidents=there) == on_paper()


def replace_times(one: Incident, started: datetime) -> Incident:
    return one.model_copy(update={"started": started})


def test_a_change_that_is_taken_back_later_fails_its_deployment() -> None:
    last = replace(PAST[7], changes=(Commit("h", DATES[8], reverts=("c",)),))

    found = delivered([*PAST[:7], last], [])

    assert [one.failed for one in found] == [False, False, True, False, False, True, False, False]
    assert [one.unplanned for one in found] == [False] * 6 + [True, True]


def test_a_change_that_is_taken_back_before_it_is_deployed_fails_nothing() -> None:
    both = (Commit("b", DATES[2], reverts=("a",)), Commit("a", DATES[2]))

    found = delivered([PAST[0], replace(PAST[1], changes=both)], [])

    assert not found[1].failed


def test_going_forward_again_after_a_way_back_is_no_way_back() -> None:
    found = delivered([*PAST[:7], replace(PAST[7], commit="g")], [])

    assert not found[6].failed
    assert not found[7].unplanned


def test_nothing_knows_a_person() -> None:
    assert not {"author", "email", "by", "committer", "person"} & {
        name for kind in (Commit, Deployment, Figure) for name in kind.__dataclass_fields__
    }
