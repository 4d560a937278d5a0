"""What the tests of the last check said: the reports that pytest and behave left."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from keel.project.errors import UserError

TESTS = "reports/tests"
BY_HAND = "by hand: "  # before what `keel.testing` asks a person for
NOT_JUDGED = "not judged: "  # before what a check of Keel could not look at, and why
NOT_YET = "not yet: write it in tests/by_hand.py"  # why that is skipped


@dataclass(frozen=True)
class Case:
    """A test of the last check, or one case of a parametrised test or a scenario outline."""

    file: str
    name: str  # of the test or the scenario
    flaw: str = ""  # that it failed, or was skipped
    case: str = ""  # the name with the id of the case, such as test_it[no feature is null]
    seconds: float = 0.0
    reason: str = ""  # why it was skipped


@dataclass(frozen=True)
class Report:
    """A file of pytest's or of behave's."""

    layer: str  # such as unit
    started: float  # seconds since 1970
    cases: list[Case]


def reports(root: Path) -> Iterator[Report | UserError]:
    """All of them, and an error in place of each that can't be read."""
    folder = root / TESTS
    for file in sorted(folder.rglob("*.xml")):
        name = file.relative_to(folder)
        try:
            report = ET.parse(file)  # noqa: S314 -- the project's own tests wrote it
            times = [suite.attrib["timestamp"] for suite in report.iter("testsuite")]
            started = min(datetime.fromisoformat(time).timestamp() for time in times)
            cases = [_case(case, file) for case in report.iter("testcase")]
            yield Report(name.with_suffix("").parts[0], started, cases)
        except (ET.ParseError, KeyError, ValueError, OSError) as error:
            yield UserError(
                f"{TESTS}/{name.as_posix()} can't be read ({error}): `uv run keel check` makes it "
                "anew"
            )


def asked_for(root: Path) -> list[str]:
    """What only a person can say and nobody did, by the checks of the project."""
    return asked_in(case for report in reports(root) for case in getattr(report, "cases", ()))


def asked_in(cases: Iterable[Case]) -> list[str]:
    """The same, by these cases."""
    asked = (case for case in cases if case.reason.startswith(NOT_YET))
    return [case.case.partition(BY_HAND)[2].removesuffix("]") for case in asked]


def not_judged(root: Path) -> list[str]:
    """What checks of Keel could not look at, and why."""
    cases = (case for report in reports(root) for case in getattr(report, "cases", ()))
    reasons = (case.reason for case in cases if case.reason.startswith(NOT_JUDGED))
    return [reason.removeprefix(NOT_JUDGED) for reason in dict.fromkeys(reasons)]


def _case(case: ET.Element, report: Path) -> Case:
    """A test of pytest's, which says its file, or of behave's, which names a report after it."""
    feature = report.stem.removeprefix("TESTS-").replace(".", "/")
    file = case.get("file", f"tests/acceptance/{feature}.feature")
    full, seconds = case.attrib["name"], float(case.get("time", 0))
    name = full.partition("[" if "file" in case.attrib else " -- @")[0]
    marks = {mark.tag: mark.get("message", "") for mark in case}
    flaw = "was skipped" if "skipped" in marks else ""
    flaw = "failed" if marks.keys() & {"failure", "error"} else flaw
    return Case(file, name, flaw, full, seconds, marks.get("skipped", ""))
