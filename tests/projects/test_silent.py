"""The bank of silent bugs fits the project; `nox -s silent` tries them."""

import sys

import pytest
from rendering import TEMPLATE, Render

sys.path.append(str(TEMPLATE / "tests/silent"))
from bank import BUGS
from bug import FLIGHTS, LIBRARY, Bug
from harmless import CHANGES
from projects import misfits

HERE = [bug for bug in (*BUGS, *CHANGES) if bug.edits and bug.project in (FLIGHTS, LIBRARY)]


def test_there_are_about_a_hundred_and_a_third_are_in_the_data() -> None:
    in_data = [bug for bug in BUGS if bug.data]

    assert len(BUGS) >= 100
    assert len(in_data) >= len(BUGS) / 3


def test_no_two_are_the_same() -> None:
    assert len({(bug.project, bug.kind, bug.what) for bug in BUGS}) == len(BUGS)


def test_each_changes_the_code_or_the_data() -> None:
    assert [bug.what for bug in (*BUGS, *CHANGES) if bool(bug.edits) == bool(bug.data)] == []


@pytest.mark.parametrize("bug", HERE, ids=lambda bug: f"{bug.kind}: {bug.what}")
def test_what_a_bug_replaces_is_there_once(bug: Bug, rendered: Render) -> None:
    project = rendered(package_name="flight_delay")

    assert list(misfits(bug, TEMPLATE / "src" if bug.project == LIBRARY else project)) == []
