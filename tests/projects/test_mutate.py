"""Mutation testing of a project whose tests are weak in one place."""

import json
import shutil
from pathlib import Path

import pytest
from rendering import commit, must, run

KEEL = ("uv", "run", "--quiet", "keel")


@pytest.fixture
def weak(project: Path, tmp_path: Path) -> Path:
    """A copy with an environment of its own, in which no test looks at the hour of arrival."""
    folder = tmp_path / "project"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns(".venv"), symlinks=True)
    tests = folder / "tests/unit/test_features.py"
    text = tests.read_text("utf-8")
    assert "== 21.25" in text
    tests.write_text(text.replace("== 21.25", "!= 0"), "utf-8")
    rows = folder / "tests/by_hand.py"
    text, told = rows.read_text("utf-8"), "        arrival_hour=13.75,\n"
    assert told in text
    rows.write_text(text.replace(told, ""), "utf-8")
    settings = folder / "pyproject.toml"
    text, other = settings.read_text("utf-8"), '"src/flight_delay/examples.py", '
    assert other in text
    settings.write_text(text.replace(other, ""), "utf-8")
    commit(folder, "Weak tests")
    return folder


def test_a_change_that_no_test_notices_is_told_and_nothing_else_is_left(weak: Path) -> None:
    printed = must(weak, *KEEL, "mutate")

    assert "return Examples.arrival_minute.col * 60" in printed
    report = json.loads((weak / "reports/mutation.json").read_text("utf-8"))
    assert {found["function"] for found in report["survivors"]} == {"arrival_hour"}
    assert report["killed"] == report["mutants"] - len(report["survivors"]) > 0
    assert must(weak, "git", "status", "--porcelain") == ""


def test_tests_that_fail_without_a_change_are_mended_first(weak: Path) -> None:
    tests = weak / "tests/unit/test_features.py"
    tests.write_text(tests.read_text("utf-8").replace("!= 0", "== 0"), "utf-8")

    done = run(weak, *KEEL, "mutate")

    assert done.returncode == 1
    assert "the tests have to pass: `uv run keel check unit`" in done.stderr
    assert "Traceback" not in done.stderr
