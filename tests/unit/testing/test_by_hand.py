"""Rows worked out by hand: they hold or say what is wrong, and what is missing is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from builders import NOON, PROJECT, ROWS
from tasks import task_project

from keel.project.columns import afterwards, ahead
from keel.project.description import Project, Tables
from keel.project.errors import UserError
from keel.project.features import Features
from keel.testing.asked import Asked
from keel.testing.by_hand import ByHand, Draft, HandWork

LATE = ByHand("sixteen minutes are late", {"flights": {"arr_delay": 16}}, late=True)
PUNCTUAL = ByHand("fifteen are not", {"flights": {"arr_delay": 15}}, late=False)
ORDER = {"orders": {"order": 1, "town": "Bern", "weight": 2.0, "outcome": None, "day": NOON}}


def run(
    *cases: ByHand, project: Project = PROJECT, usual: Mapping[str, Any] = ROWS
) -> dict[str, str]:
    """What came of each check: nothing, what it failed with, or "asked" where it was skipped."""
    work = HandWork(project, list(cases), usual)
    return {name: outcome(check) for name, check in [*work.checks(), *Asked(work).checks()]}


def outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except AssertionError as error:
        return str(error)
    except pytest.skip.Exception:
        return "asked"
    return ""


def asked(*cases: ByHand, project: Project = PROJECT, usual: Mapping[str, Any] = ROWS) -> set[str]:
    """What is asked for."""
    came = run(*cases, project=project, usual=usual)
    return {name.partition(": ")[2] for name, said in came.items() if said == "asked"}


def said(case: ByHand, project: Project = PROJECT) -> str:
    """What comes of a case."""
    return run(case, project=project)[f"by hand: {case.why}"]


def built(change: Callable[[pl.LazyFrame, Tables], pl.LazyFrame]) -> Project:
    return replace(PROJECT, build=lambda tables: change(PROJECT.build(tables), tables))


# --- Cases ------------------------------------------------------------------------------------

HOLDING = [
    LATE,
    ByHand("who never arrives is neither", {"flights": {"arr_delay": None}}, late=None),
    ByHand("a list is for many", {"flights": [{"flight": 2}, {"flight": 1}]}, flight_number=[1, 2]),
    ByHand("none come of none", {"flights": []}, late=[]),
    ByHand("a join finds nothing", {"planes": []}, aircraft_built=None, aircraft_age=None),
    ByHand("a feature by its name", {"planes": {"year": 2010}}, aircraft_age=3),
    ByHand("a third in some digits", {"flights": {"sched_arr_time": 20}}, arrival_hour=0.3333333),
]


@pytest.mark.parametrize("case", HOLDING, ids=lambda case: case.why)
def test_a_case_holds_that_comes_out_as_it_says(case: ByHand) -> None:
    assert said(case) == ""


WRONG = [
    (ByHand("so it is", {}, late=True), "so it is: late is False, and by hand True"),
    (ByHand("so it is", {}, late=[False] * 2), "late is False, and by hand [False, False]"),
    (ByHand("none", {"flights": []}, late=None), "late is [], and by hand None"),
    (ByHand("too late", {"flights": {"arr_delay": 9999}}, late=True), "set aside: arr_delay is"),
    (ByHand("a word", {"flights": {"arr_delay": "x"}}, late=True), "takes no arr_delay = ['x']"),
    (ByHand("misspelt", {"flights": {"delay": 1}}, late=True), "flights has no delay"),
    (ByHand("misspelt", {"flight": {}}, late=True), "flight is no table"),
    (ByHand("misspelt", {}, delayed=True), "delayed is neither a column of the examples nor"),
]


@pytest.mark.parametrize(("case", "message"), WRONG)
def test_a_case_that_does_not_hold_says_what_is_wrong(case: ByHand, message: str) -> None:
    assert message in said(case)


def test_a_label_that_is_turned_around_is_noticed() -> None:
    inverted = built(lambda examples, _: examples.with_columns(~pl.col("late")))

    assert "late is False, and by hand True: see" in said(LATE, inverted)


def test_an_example_that_can_not_be_made_is_told_with_the_place() -> None:
    broken = built(lambda examples, _: examples.with_columns(late=pl.col("nowhere")))

    assert "test_by_hand.py" in said(LATE, broken)


def test_a_label_of_two_words_is_told_by_what_it_means() -> None:
    yes = ByHand("yes is what is predicted", {"orders": {"outcome": "yes"}}, outcome=True)

    came = run(yes, project=task_project("yes or no"), usual=ORDER)

    assert came["by hand: yes is what is predicted"] == ""


def test_two_cases_have_words_of_their_own() -> None:
    with pytest.raises(UserError, match="words of its own: 'sixteen"):
        run(LATE, LATE)


def test_a_table_without_a_usual_row_is_named() -> None:
    came = run(LATE, usual={name: ROWS[name] for name in ("flights", "weather")})

    assert came["by hand: sixteen minutes are late"].endswith("a usual row of planes")


# --- What is asked for ------------------------------------------------------------------------

LABEL = {f"a row whose late is {word}" for word in ("true", "false", "unknown")}
JOINS = {
    *(f"a value that comes from {table}" for table in ("weather", "planes")),
    *(f"a row for which {table} has nothing" for table in ("weather", "planes")),
}
CLOSE = "rows close to where late changes, on both sides"
DERIVED = ("departure_hour", "arrival_hour", "weekday", "aircraft_age", "dew_point_spread")


def test_all_that_only_a_person_can_say_is_asked_for_even_of_a_project_without_rows() -> None:
    features = {f"the feature {name}" for name in DERIVED}

    assert asked(usual={}) == {CLOSE} | LABEL | JOINS | features


ANSWERS: list[tuple[ByHand, set[str]]] = [
    (LATE, {"a row whose late is true"}),
    (PUNCTUAL, {"a row whose late is false"}),
    (HOLDING[1], {"a row whose late is unknown"}),
    (ByHand("found", {}, temperature=55.0), {"a value that comes from weather"}),
    (
        ByHand("missed", {"weather": {"origin": "JFK"}}, pressure=None),
        {"a row for which weather has nothing"},
    ),
    (ByHand("a column of its own", {}, carrier="UA"), set()),
    (
        ByHand("found by a feature", {}, aircraft_age=10),
        {"a value that comes from planes", "the feature aircraft_age"},
    ),
    (
        ByHand("without the register", {"planes": []}, aircraft_built=None),
        {"a row for which planes has nothing"},
    ),
]


@pytest.mark.parametrize(("case", "answered"), ANSWERS, ids=lambda part: getattr(part, "why", ""))
def test_a_case_answers_what_it_expects_and_no_more(case: ByHand, answered: set[str]) -> None:
    assert asked() - asked(case) == answered


def test_what_a_draft_says_has_to_be_read() -> None:
    draft = Draft("sixteen minutes are late", {"flights": {"arr_delay": 16}}, late=True)

    assert asked(draft) - asked() == {
        "drafts of `keel start`, 1 in all: read each, and make it ByHand"
    }


FAR = ByHand("an hour is late", {"flights": {"arr_delay": 60}}, late=True)


@pytest.mark.parametrize(
    ("cases", "is_asked"), [([FAR, PUNCTUAL], True), ([FAR, PUNCTUAL, LATE], False), ([FAR], True)]
)
def test_a_limit_is_to_be_told_from_both_sides(cases: list[ByHand], is_asked: bool) -> None:
    assert (CLOSE in asked(*cases)) is is_asked


def test_a_number_that_does_not_decide_has_no_limit() -> None:
    cases = [
        ByHand(
            str(late),
            {"flights": {"arr_delay": 15 + late, "distance": 100 + 900 * late}},
            late=late,
        )
        for late in (True, False)
    ]

    assert CLOSE not in asked(*cases)


class Loans(dy.Schema):
    loan = dy.Int64(primary_key=True, metadata=ahead())
    back = dy.Date(metadata=afterwards())
    code = dy.Int64(is_in=[-1, 1], metadata=afterwards())
    late = dy.Bool(metadata=afterwards())


def loans(label: pl.Expr) -> Project:
    return Project(
        tables={"loans": Loans},
        examples=Loans,
        build=lambda tables: tables["loans"].with_columns(late=label),
        label="late",
        features=Features(Loans).plain("loan"),
        models={},
    )


@pytest.mark.parametrize(("day", "is_asked"), [(1, False), (28, True)])
def test_a_limit_may_be_a_day(day: int, is_asked: bool) -> None:
    usual = {"loans": {"loan": 1, "back": date(2026, 1, 1), "code": 1, "late": False}}
    cases = [
        ByHand("late", {"loans": {"back": date(2026, 2, day)}}, late=True),
        ByHand("not", {"loans": {"back": date(2026, 1, 31)}}, late=False),
    ]
    project = loans(pl.col("back") > date(2026, 1, 31))

    assert (CLOSE in asked(*cases, project=project, usual=usual)) is is_asked


def test_numbers_that_stand_for_yes_and_no_have_nothing_between_them() -> None:
    usual = {"loans": {"loan": 1, "back": date(2026, 1, 1), "code": 1, "late": False}}
    cases = [ByHand(str(n), {"loans": {"code": n}}, late=n > 0) for n in (-1, 1)]

    assert asked(*cases, project=loans(pl.col("code") > 0), usual=usual) == set()


@pytest.mark.parametrize(
    ("kind", "values", "missing"),
    [
        ("one of several", ["home", "shop", None], {"is office", "is box"}),
        ("a number", [1.0, 2.0], {"is unknown"}),
        ("a number", [1.0, None], {"2 rows of different outcome"}),
    ],
)
def test_each_task_has_answers_of_its_own(kind: str, values: list[Any], missing: set[str]) -> None:
    cases = [ByHand(f"{v}", {"orders": {"outcome": v}}, outcome=v) for v in values]

    found = asked(*cases, project=task_project(kind), usual=ORDER)

    assert {name.removeprefix("a row whose outcome ") for name in found} == missing
