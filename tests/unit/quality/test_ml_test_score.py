import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from behave.parser import parse_file
from builders import PROJECT, REPOSITORY
from flights import TEMPLATE
from hypothesis import given
from hypothesis import strategies as st

from keel.cli import run
from keel.judge.gates import Verdict
from keel.project import commands
from keel.project.settings import Waiver
from keel.quality.records.junit import NOT_YET, Case
from keel.quality.score import ml_test_score as score
from keel.quality.score.ml_test_score import (
    IDS,
    PARTS,
    Answer,
    Evidence,
    Facts,
    Row,
    judge,
    parts,
    reading,
)
from keel.testing.asked import Asked
from keel.testing.by_hand import HandWork
from keel.testing.checks import all_checks

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def points(*evidence: dict[str, Any], reviewed: date | None = None, **facts: Any) -> float:
    return verdict(*evidence, reviewed=reviewed, **facts).points


def verdict(*evidence: dict[str, Any], reviewed: date | None = None, **facts: Any) -> Answer:
    named = [Evidence.model_validate(one) for one in evidence]
    return judge(Row(asks="?", evidence=named, reviewed=reviewed), Facts(TODAY, **facts))


def case(name: str, flaw: str = "", file: str = "tests/unit/test_a.py") -> Case:
    return Case(file, name, flaw)


def gate(name: str, *, passed: bool, until: str | None = None) -> Verdict:
    day = date.fromisoformat(until) if until else None
    waiver = Waiver(why="a trial", owner="Ada", until=day) if day else None
    return Verdict(name, passed=passed, sentence="it is too weak", waiver=waiver)


# --- The points of a row ----------------------------------------------------------------------


def test_a_test_that_passed_gives_a_point() -> None:
    assert points({"test": "test_a"}, cases=[case("test_a")]) == 1


@pytest.mark.parametrize(
    ("cases", "why"),
    [
        ([], "test_a did not run in the last check"),
        ([case("test_b")], "test_a did not run in the last check"),
        ([case("test_a", "failed")], "test_a failed"),
        ([case("test_a", "was skipped")], "test_a was skipped"),
        ([case("test_a"), case("test_a", "failed"), case("test_a")], "test_a failed"),
    ],
)
def test_a_test_that_is_missing_failed_or_skipped_gives_none(cases: list[Case], why: str) -> None:
    assert verdict({"test": "test_a"}, cases=cases) == Answer(0, [why])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("test_a.py::test_it", 1),
        ("tests/unit/test_a.py::test_it", 1),
        ("test_a.py::*", 1),
        ("test_b.py::test_it", 0),
        ("test_b.py::*", 0),
        ("test_*", 0),  # the one of test_b, too
        ("test_c.py::*", 0),  # which means none
    ],
)
def test_a_name_may_say_its_file_and_stand_for_several(wanted: str, expected: float) -> None:
    cases = [case("test_it"), case("test_it", "failed", file="tests/unit/test_b.py")]

    assert points({"test": wanted}, cases=cases) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("test_it [a is null]", 1),
        ("tests/unit/test_a.py::test_it[a is null]", 1),
        ("test_a.py::[a is null]", 1),
        ("test_it[a *]", 1),
        ("test_it [b is null]", 0),  # which failed
        ("test_it", 0),
        ("test_it [c]", 0),  # which means none
        ("It works [always]", 1),  # a scenario's own name
    ],
)
def test_a_name_with_an_id_means_one_case_of_a_test(wanted: str, expected: float) -> None:
    file = "tests/unit/test_a.py"
    cases = [
        Case(file, "test_it", "", "test_it[a is null]"),
        Case(file, "test_it", "failed", "test_it[b is null]"),
        Case("tests/acceptance/b.feature", "It works [always]", "", "It works [always]"),
    ]

    assert points({"test": wanted}, cases=cases) == expected


@given(st.lists(st.sampled_from(["", "failed", "was skipped"]), min_size=1))
def test_there_is_a_point_when_all_passed_and_only_then(flaws: list[str]) -> None:
    cases = [case(f"test_{n}", flaw) for n, flaw in enumerate(flaws)]

    found = points(*({"test": one.name} for one in cases), cases=cases)

    assert found == (1 if not any(flaws) else 0)


def test_tests_of_other_code_give_none() -> None:
    result = verdict({"test": "test_a"}, {"test": "test_b"}, cases=[case("test_a")], untested="old")

    assert result == Answer(0, ["old"])  # said once


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"stages": {"train"}}, 1),
        ({"stages": {"ingest"}}, 0),
        ({"stages": {"train"}, "outdated": "ingest changed"}, 0),
    ],
)
def test_a_stage_counts_that_ran_in_a_pipeline_that_is_up_to_date(
    facts: dict[str, Any], expected: float
) -> None:
    assert points({"stage": "train"}, **facts) == expected


@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ([gate("feature.seats", passed=True)], 1),
        ([gate("feature.seats", passed=True), gate("feature.origin", passed=False)], 0),
        ([gate("feature.seats", passed=False, until="2026-11-23")], 1),
        ([gate("feature.seats", passed=False, until="2026-11-22")], 0),
        ([gate("floors", passed=True)], 0),
        ([], 0),
    ],
)
def test_all_gates_that_fit_must_be_passed_or_waived(gates: list[Verdict], expected: float) -> None:
    assert points({"gate": "feature.*"}, gates=gates) == expected


def test_a_gate_that_failed_says_why() -> None:
    (why,) = verdict({"gate": "floors"}, gates=[gate("floors", passed=False)]).why

    assert why == "the gate floors failed: it is too weak"


def test_a_gate_of_an_older_run_gives_none() -> None:
    assert points({"gate": "floors"}, gates=[gate("floors", passed=True)], outdated="old") == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"score": 0.8}, 1),
        ({"score": 0.79}, 0),
        ({"score": None}, 0),
        ({"score": float("nan")}, 0),
        ({}, 0),
    ],
)
def test_the_values_of_a_report_must_reach_the_least(
    values: dict[str, float | None], expected: float
) -> None:
    evidence = {"report": "reports/m.json", "least": {"score": 0.8}}

    assert points(evidence, reports={"reports/m.json": values}) == expected


def test_a_report_that_can_not_be_used_gives_none() -> None:
    evidence = {"report": "reports/m.json", "least": {"score": 0.8}}

    assert points(evidence, unusable={"reports/m.json": "it is missing"}) == 0


@pytest.mark.parametrize(
    ("days_ago", "expected"), [(0, 0.5), (365, 0.5), (366, 0), (-1, 0), (None, 0)]
)
def test_a_document_of_the_last_year_gives_half_a_point(
    days_ago: int | None, expected: float
) -> None:
    reviewed = None if days_ago is None else TODAY - timedelta(days=days_ago)

    assert points({"document": "docs/a.md"}, reviewed=reviewed) == expected


def test_a_document_that_is_missing_gives_none() -> None:
    unusable = {"docs/a.md": "docs/a.md is missing"}

    assert points({"document": "docs/a.md"}, reviewed=TODAY, unusable=unusable) == 0


def test_a_document_does_not_stand_in_for_a_test_that_failed() -> None:
    evidence: list[dict[str, Any]] = [{"test": "test_a"}, {"document": "docs/a.md"}]

    assert points(*evidence, reviewed=TODAY, cases=[case("test_a", "failed")]) == 0
    assert points(*evidence, cases=[case("test_a")]) == 1


def test_nothing_gives_none() -> None:
    assert verdict() == Answer(0, ["nothing tests this yet"])


# --- The score --------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([0, 0.5, 1]), min_size=28, max_size=28))
def test_a_part_is_the_sum_of_its_seven_rows(values: list[float]) -> None:
    found = parts({name: Answer(value, []) for name, value in zip(IDS, values, strict=True)})

    assert list(found.values()) == [sum(values[n : n + 7]) for n in (0, 7, 14, 21)]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "research"),
        (0.5, "some of it"),
        (1, "some of it"),
        (1.5, "a first step"),
        (2.5, "reasonably"),
        (3.5, "strong"),
        (5, "strong"),
        (5.5, "exceptional"),
        (7, "exceptional"),
    ],
)
def test_a_score_is_read_by_the_bands_of_the_paper(number: float, text: str) -> None:
    assert reading(number).startswith(text)


# --- What is read -----------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two files of tests, and the 28 rows, edited an hour ago."""
    write(tmp_path / "tests/unit/test_a.py", PYTEST)
    write(tmp_path / "tests/acceptance/b.feature", FEATURE)
    write(tmp_path / "tests/acceptance/steps/b.py", STEPS)
    rows()(tmp_path)
    return tmp_path


PYTEST = """
import pytest

def test_passes(): pass
def test_fails(): assert 0
@pytest.mark.skip
def test_skips(): pass
@pytest.mark.parametrize("n", [0, 1])
def test_once(n): assert n
@pytest.fixture
def broken():
    yield
    raise ValueError
def test_ends_badly(broken): pass
"""
FEATURE = """Feature: All
  Rule: One
    Scenario: It works [always]
      Given 1
    Scenario: It does not
      Given 0
    @skip
    Scenario: It is left out
      Given 1
    Scenario Outline: It is <n>
      Given <n>
      Examples:
        | n |
        | 1 |
        | 0 |
"""
STEPS = """from behave import given
@given("{n:d}")
def step(context, n): assert n
"""
BEHAVE = ("behave", "tests/acceptance", "--tags=not @skip", "--show-skipped", "--junit")


def write(file: Path, text: str, *, at: datetime = NOW - timedelta(hours=1)) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    os.utime(file, (at.timestamp(), at.timestamp()))


def leave_report(project: Path, at: datetime = NOW) -> None:
    """What pytest leaves of one test that passed."""
    text = f"""<testsuites><testsuite timestamp="{at.isoformat()}">
        <testcase file="tests/unit/test_a.py" name="test_a[1]"/></testsuite></testsuites>"""
    write(project / "reports/tests/unit.xml", text)


def facts(project: Path, *evidence: dict[str, Any]) -> Facts:
    named = [Evidence.model_validate(one) for one in evidence]
    return score.gather(project, {"D1": Row(asks="?", evidence=named)}, TODAY)


def test_what_pytest_and_behave_leave_is_understood(project: Path) -> None:
    for command in (
        ("pytest", "-o", "junit_family=xunit1", "--junit-xml=reports/tests/unit.xml"),
        (*BEHAVE, "--junit-directory=reports/tests/acceptance"),
    ):
        subprocess.run([sys.executable, "-m", *command], cwd=project, check=False)

    found: dict[tuple[str, str], set[str]] = {}
    for one in facts(project).cases:
        found.setdefault((Path(one.file).name, one.name), set()).add(one.flaw)

    assert facts(project).untested == ""
    assert {"test_once[0]", "test_once[1]"} <= {one.case for one in facts(project).cases}
    assert found == {
        ("test_a.py", "test_passes"): {""},
        ("test_a.py", "test_fails"): {"failed"},
        ("test_a.py", "test_skips"): {"was skipped"},
        ("test_a.py", "test_once"): {"", "failed"},
        ("test_a.py", "test_ends_badly"): {"failed"},
        ("b.feature", "It works [always]"): {""},
        ("b.feature", "It does not"): {"failed"},
        ("b.feature", "It is left out"): {"was skipped"},
        ("b.feature", "It is 1"): {""},
        ("b.feature", "It is 0"): {"failed"},
    }


def test_a_check_counts_until_the_code_is_edited(project: Path) -> None:
    leave_report(project)
    before = facts(project).untested

    write(project / "src/a.py", "", at=NOW + timedelta(seconds=1))

    assert before == ""
    assert facts(project).untested == "src/a.py is newer than the last check: `uv run keel check`"


def test_what_was_edited_while_the_tests_ran_is_newer(project: Path) -> None:
    leave_report(project, at=NOW - timedelta(hours=2))  # when they started

    assert "is newer than the last check" in facts(project).untested


def test_byte_code_is_not_code(project: Path) -> None:
    leave_report(project)

    write(project / "src/__pycache__/a.pyc", "", at=NOW + timedelta(hours=1))

    assert facts(project).untested == ""


def test_a_test_whose_file_is_gone_does_not_count(project: Path) -> None:
    leave_report(project)

    (project / "tests/unit/test_a.py").unlink()

    assert facts(project).cases == []


def test_without_a_check_and_a_run_it_says_what_to_do(project: Path) -> None:
    found = facts(project)

    assert found.untested == "no check has run: `uv run keel check`"
    assert found.outdated == "no pipeline has run: `uv run keel run`"


def test_a_report_counts_until_the_code_is_edited(project: Path) -> None:
    name = "reports/m.json"
    evidence = {"report": name, "least": {"score": 0.8}}
    write(project / name, '{"score": 0.9}', at=NOW)
    before = facts(project, evidence)

    write(project / "conf/a.yaml", "", at=NOW)

    assert before.reports == {name: {"score": 0.9}}
    assert facts(project, evidence).unusable == {name: f"{name} is older than conf/a.yaml"}


GATES = '[{"gate": "floors", "passed": true, "sentence": "", "waiver": null}]'
STAGE = """stages:
  judge:
    cmd: cp a.json reports/gates.json
    deps: [a.json]
    outs: [reports/gates.json: {cache: false}]
"""


def test_a_run_counts_until_what_it_read_changes(project: Path) -> None:
    write(project / ".dvc/config", "[core]\n    no_scm = true\n")
    write(project / "dvc.yaml", STAGE)
    write(project / "a.json", GATES)
    (project / "reports").mkdir()
    commands.must(project, "dvc", "repro", "--quiet")
    before = facts(project)

    write(project / "a.json", "[]")

    after = facts(project)
    assert (before.stages, before.outdated) == ({"judge"}, "")
    assert [one.gate for one in before.gates] == ["floors"]
    assert after.outdated == "judge changed since the last run: `uv run keel run`"


def test_gates_that_no_run_made_do_not_count(project: Path) -> None:
    write(project / "reports/gates.json", GATES)

    assert facts(project).gates == []


def rows(**changed: object) -> Callable[[Path], None]:
    """Write the 28 rows, without evidence but for some that are changed."""
    content = {name: {"asks": "?", "evidence": []} for name in IDS} | changed
    return lambda root: write(root / score.ROWS, yaml.safe_dump(content))


def rest_on(*evidence: object) -> Callable[[Path], None]:
    return rows(D2={"asks": "?", "evidence": list(evidence)})


def missing(root: Path) -> None:
    (root / score.ROWS).unlink()


def say(file: str, text: str) -> Callable[[Path], None]:
    return lambda root: write(root / file, text)


MISTAKES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no file": (missing, f"{score.ROWS} is missing: `git restore {score.ROWS}`"),
    "an empty file": (say(score.ROWS, ""), f"{score.ROWS} has no D1, D2"),
    "no YAML": (say(score.ROWS, "D1: ["), f"{score.ROWS}:1: it is not YAML"),
    "another row": (rows(D8={"asks": "?", "evidence": []}), "D8 is no row of the ML Test Score"),
    "no row": (say(score.ROWS, "{}"), f"{score.ROWS} has no D1, D2"),
    "no evidence": (rows(D2={"asks": "?"}), "D2.evidence is missing"),
    "another key": (rows(D2={"asks": "?", "evidence": [], "points": 1}), "D2.points is not known"),
    "no date": (rows(D2={"asks": "?", "evidence": [], "reviewed": "soon"}), "reviewed is 'soon'"),
    "two names": (rest_on({"test": "a", "gate": "b"}), "D2.evidence.0 it names one test"),
    "an empty name": (rest_on({"test": ""}), "it names one test, stage, gate, report or"),
    "another kind": (rest_on({"proof": "a"}), "D2.evidence.0.proof is not known"),
    "no least": (rest_on({"report": "reports/m.json"}), "a report, and nothing else, has `least"),
    "least of a test": (rest_on({"test": "a", "least": {"a": 1}}), "nothing else, has `least"),
    "half a report": (say("reports/tests/a.xml", "<a"), "reports/tests/a.xml can't be read"),
}


@pytest.mark.parametrize(("make", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_in_a_sentence(
    project: Path,
    make: Callable[[Path], None],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(project)

    with contextlib.chdir(project):
        code = run(["score"])

    said = capsys.readouterr().err
    assert code == 1
    assert said.startswith("error: ")
    assert message in said
    assert not (project / "reports/ml-test-score.json").exists()


def test_what_only_a_person_can_say_is_not_yet_tested_until_somebody_did() -> None:
    ids = ("test_it[asked for by hand: a row whose late is true]", "test_it[asked for by hand: b]")
    missing = [Case("tests/test_it.py", "test_it", "was skipped", id_, 0, NOT_YET) for id_ in ids]
    asked = {name: Row(asks="?", evidence=[Evidence(test="test_a")]) for name in IDS}

    before, after = (
        score.judge_all(asked, Facts(TODAY, cases=[case("test_a"), *cases]))
        for cases in (missing, [])
    )

    assert {name for name in IDS if before[name].points < after[name].points} == {"D7", "I3"}
    assert before["D7"].why == [
        "to be worked out by hand, in tests/by_hand.py: a row whose late is true; b"
    ]


# --- What is shown ----------------------------------------------------------------------------


@pytest.fixture
def shown(project: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `score` prints of a project with one point and a long story."""
    leave_report(project)
    story = "<i>" + "so it goes " * 20
    point = {"asks": story, "evidence": [{"test": "test_a"}]}
    none = {"asks": "?", "evidence": [{"document": "docs/" + "a" * 60 + ".md"}]}
    rows(D1=point, D2=none)(project)
    with contextlib.chdir(project):
        assert run(["score"]) == 0
    return capsys.readouterr().out


def test_the_table_fits_100_columns(shown: str) -> None:
    table = shown.partition("\nThe page: ")[0]

    assert max(map(len, table.splitlines())) <= 100


def test_the_table_has_each_row_and_the_score(shown: str) -> None:
    assert shown.startswith("0 of 7, the lowest of four parts: research")
    assert re.findall(r"^([A-Z]\d)", shown, re.MULTILINE) == IDS
    assert "features and data: 1 of 7" in shown


def test_the_score_is_left_as_json(shown: str, project: Path) -> None:
    found = json.loads((project / "reports/ml-test-score.json").read_text())

    assert found["score"] == 0
    assert found["parts"] == {"D": 1, "M": 0, "I": 0, "O": 0}
    assert found["rows"]["D1"] == {"points": 1, "why": []}
    assert shown


def test_the_page_has_each_row_and_needs_no_network(shown: str, project: Path) -> None:
    page = (project / "reports/ml-test-score.html").read_text(encoding="utf-8")

    assert [name for name in IDS if f">{name}<" not in page] == []
    assert [title for title in PARTS.values() if title not in page] == []
    assert "&lt;i&gt;so it goes" in page
    assert "http" not in page
    assert shown


# --- What a project is given ------------------------------------------------------------------


SHIPPED = score.rows(REPOSITORY)
TESTS = [
    Case(file.relative_to(TEMPLATE).as_posix(), name)
    for file in (TEMPLATE / "tests").rglob("*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
]
SCENARIOS = [
    Case(file.relative_to(TEMPLATE).as_posix(), scenario.name.partition(" -- @")[0])
    for file in (TEMPLATE / "tests/acceptance").glob("*.feature")
    for scenario in parse_file(str(file)).walk_scenarios()  # type: ignore[no-untyped-call]
]
SENTENCES = [check.sentence for check in all_checks(PROJECT, REPOSITORY)]
ASKED = [sentence for sentence, _ in Asked(HandWork(PROJECT, [], {})).checks()]
CHECKS = [
    Case("tests/test_what_holds_everywhere.py", "test_it", "", f"test_it[{sentence}]")
    for sentence in [*SENTENCES, *ASKED]
]


def test_all_28_rows_are_shipped() -> None:
    assert list(SHIPPED) == [f"{part}{n}" for part in "DMIO" for n in range(1, 8)]


@pytest.mark.parametrize(
    "name", sorted({one.test for row in SHIPPED.values() for one in row.evidence if one.test})
)
def test_each_test_that_is_named_exists(name: str) -> None:
    assert verdict({"test": name}, cases=[*TESTS, *SCENARIOS, *CHECKS]).why == []


def test_nobody_has_reviewed_what_is_shipped() -> None:
    assert [name for name, row in SHIPPED.items() if row.reviewed] == []
