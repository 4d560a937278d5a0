import json
from pathlib import Path
from typing import Any

import pytest
from repositories import Repository

from keel.quality.change import code as measures
from keel.quality.change.code import measure
from keel.quality.records.figures import Figure, State
from keel.quality.records.settings import Code

KNOT = (
    "def knot(a):\n"
    + "".join(f"{'    ' * n}for b{n} in a:\n" for n in range(1, 7))
    + " " * 28
    + "pass\n"
)  # 1 + 2 + … + 6, since nesting counts


def suite(tests: int, seconds: float, skipped: int = 0) -> str:
    """A report of so many tests that took so long together, some of them skipped."""
    ran = f'<testcase name="a" time="{seconds / (tests - skipped)}"/>' * (tests - skipped)
    skips = '<testcase name="b"><skipped/></testcase>' * skipped
    return f'<testsuites><testsuite timestamp="2026-11-23">{ran}{skips}</testsuite></testsuites>'


def report(root: Path, name: str, content: object) -> None:
    file = root / "reports" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def code(name: str, *changes: tuple[str, ...], **files: str) -> Figure:
    now = {f"src/{file}.py": measure(text) for file, text in files.items()}
    found = measures.figures(now, changes, Code())
    return next(one for one in found if one.name == name)


def shown(root: Path, name: str) -> Figure:
    found = measures.of_tests(root, "ml", Code())
    return next(one for one in found if one.name == name)


def test_nesting_makes_a_function_complex() -> None:
    assert measure(KNOT) == [("knot", 21)]


@pytest.mark.parametrize("source", ["def f(:", "a = 1\0", "(" * 1000])
def test_what_is_no_python_is_left_out_and_named(source: str) -> None:
    found = code("code.complexity", a=source, b="def f() -> None: ...")

    assert found.value == 0
    assert "src/a.py is not Python that can be read" in found.notes


def test_a_hotspot_is_complex_and_changed_often() -> None:
    often = [("src/knot.py", "src/plain.py") for _ in range(6)]

    found = code("code.hotspots", *often, knot=KNOT, plain="a = 1", calm=KNOT)

    assert (found.value, found.state) == (1, State.WATCH)
    assert found.details == ["src/knot.py: complexity 21, 6 changes"]


def test_a_change_of_everything_makes_no_hotspot() -> None:
    sweeps = [("src/knot.py", *(f"src/{n}.py" for n in range(50))) for _ in range(6)]

    assert code("code.hotspots", *sweeps, knot=KNOT).state == State.UNKNOWN


def test_each_figure_says_what_it_can_not_tell() -> None:
    found = measures.figures({}, [], Code())

    assert all(one.notes for one in found)
    assert {one.state for one in found} == {State.UNKNOWN}


def test_the_code_is_what_stands_below_the_paths(tmp_path: Path) -> None:
    for name in ("src/ml/a.py", "src/ml/a.sql", "srcs/b.py", "tests/unit/test_a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("def f(): ...\n")

    assert list(measures.read(tmp_path, ["src", "tests/"])) == [
        "src/ml/a.py",
        "tests/unit/test_a.py",
    ]


def test_the_pyramid_is_what_ran(tmp_path: Path) -> None:
    report(tmp_path, "tests/unit.xml", suite(9, 1.5, skipped=1))
    report(tmp_path, "tests/behaviour.xml", suite(4, 2))
    report(tmp_path, "tests/acceptance/TESTS-a.xml", suite(3, 1))
    report(tmp_path, "tests/acceptance/TESTS-b.xml", suite(1, 1))

    shape = shown(tmp_path, "code.pyramid")

    assert (shape.value, shape.state, shape.events) == (0.5, State.GOOD, 16)
    assert shape.details[0] == "unit: 8 tests in 1.5 seconds"
    assert "Not run in the last check: integration." in shape.notes


def test_a_layer_that_the_team_has_added_counts(tmp_path: Path) -> None:
    report(tmp_path, "tests/unit.xml", suite(3, 1))
    report(tmp_path, "tests/everywhere.xml", suite(1, 2))

    found = shown(tmp_path, "code.pyramid")

    assert found.value == 0.75
    assert found.details[-1] == "everywhere: 1 test in 2.0 seconds"


def test_a_report_that_was_cut_off_takes_away_its_layer_only(tmp_path: Path) -> None:
    report(tmp_path, "tests/unit.xml", suite(8, 1))
    report(tmp_path, "tests/integration.xml", "<testsuites><tests")

    found = shown(tmp_path, "code.pyramid")

    assert found.value == 1
    assert "reports/tests/integration.xml can't be read" in found.notes[-1]


def test_without_reports_nothing_is_known(tmp_path: Path) -> None:
    found = measures.of_tests(tmp_path, "ml", Code())

    assert {one.state for one in found} == {State.UNKNOWN}
    assert all("uv run" in one.text for one in found)


def test_mutants_say_when_they_were_made_and_what_changed_since(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    made = repository.commit("2026-10-01", files={"src/a.py": "1"})
    repository.commit("2026-10-02", files={"src/a.py": "2"})
    facts = {"mutants": 200, "killed": 140, "measured_at": "2026-10-01T12:00:00", "commit": made}
    report(tmp_path, "mutation.json", facts)

    found = shown(tmp_path, "code.mutants")

    assert (found.text, found.state) == ("70% of 200, on 2026-10-01", State.WATCH)
    assert "The ML has had 1 commit since: measure again." in found.notes


def test_mutants_of_a_commit_that_is_gone_still_count(tmp_path: Path) -> None:
    facts = {"mutants": 10, "killed": 9, "measured_at": "2026-10-01", "commit": "f" * 40}
    report(tmp_path, "mutation.json", facts)

    assert shown(tmp_path, "code.mutants").value == 0.9


@pytest.mark.parametrize("content", ["{", "[]", {"mutants": "many"}, ""])
def test_a_broken_report_is_not_counted(tmp_path: Path, content: object) -> None:
    report(tmp_path, "mutation.json", content)

    assert shown(tmp_path, "code.mutants").text.startswith("not counted: reports/mutation.json")


def test_coverage_is_that_of_the_ml(tmp_path: Path) -> None:
    def lines(covered: int, of: int) -> dict[str, Any]:
        return {"summary": {"covered_lines": covered, "num_statements": of}}

    files = {
        "src/ml/features.py": lines(6, 10),
        "tests/unit/test_a.py": lines(9, 9),
    }
    report(tmp_path, "coverage.json", {"files": files})

    found = shown(tmp_path, "code.coverage")

    assert (found.value, found.state) == (0.6, State.BAD)
    assert found.details == ["src/ml/features.py: 4 not run"]
