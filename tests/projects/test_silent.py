"""The bank of silent bugs fits the project; `nox -s silent` tries them."""

import sys

import pytest
from rendering import TEMPLATE, Render

sys.path.append(str(TEMPLATE / "tests/silent"))
from bank import BUGS, KEEL, Bug

KINDS = {
    "leakage", "join", "time", "unit", "null", "category", "label", "training", "evaluation",
    "serving", "data",
}  # fmt: skip


def test_there_are_many_of_each_kind() -> None:
    assert len(BUGS) >= 40
    assert {bug.kind for bug in BUGS} == KINDS


def test_no_two_are_the_same() -> None:
    assert len({(bug.kind, bug.what) for bug in BUGS}) == len(BUGS)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.kind}: {bug.what}")
def test_what_a_bug_replaces_is_there_once(bug: Bug, rendered: Render) -> None:
    project = rendered(package_name="flight_delay")

    for file, edits in {bug.file: bug.edits, **bug.more}.items():
        place = TEMPLATE / "src" if file.startswith(KEEL) else project
        text = (place / file).read_text("utf-8") if file else ""
        assert [old for old in edits if text.count(old) != 1] == []
    assert bool(bug.file) != bool(bug.data)
