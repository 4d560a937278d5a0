"""What `keel start` says, and when it writes."""

from pathlib import Path

import plans
import pytest
import rendered

from keel.cli import run
from keel.repository import setup
from keel.start.writing import write as writing
from keel.start.writing.measured import Measured
from keel.start.writing.write import Written


@pytest.fixture
def table(tmp_path: Path) -> str:
    return str(plans.put("customers", tmp_path).source.files[0])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = rendered.project(tmp_path / "churn")
    monkeypatch.chdir(folder)
    return folder


def files(root: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_a_look_says_what_the_table_is_taken_for_and_writes_nothing(
    root: Path, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(root)

    code = run(["start", table, "--target", "churned", "--look"])

    said = capsys.readouterr().out
    assert code == 0
    assert "churned is predicted: yes or no, yes means yes" in said
    assert "customer_id" in said
    assert files(root) == before


def test_without_a_terminal_nothing_is_asked_and_that_is_said(
    root: Path,  # noqa: ARG001 -- is where it runs
    table: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run(["start", table])

    said = capsys.readouterr()
    assert code == 1
    assert "no terminal to ask at" in said.out
    assert "say what is predicted, with a target such as churned" in said.err


def test_a_column_that_is_not_there_is_named(
    root: Path,  # noqa: ARG001 -- is where it runs
    table: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run(["start", table, "--target", "churn", "--yes"])

    assert code == 1
    assert "churned" in capsys.readouterr().err


def test_outside_of_a_project_it_says_where_to_run(
    tmp_path: Path,
    table: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(["start", table, "--target", "churned"]) == 1
    assert "run this in the folder of a project made with Keel" in capsys.readouterr().err


def test_a_second_table_is_left_to_the_how_to(
    root: Path, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(root)

    code = run(["start", table, "--target", "churned", "--join", "more.csv", "--on", "id", "--yes"])

    assert code == 1
    assert "then join more.csv on id in examples.py: docs/how-to.md" in capsys.readouterr().err
    assert files(root) == before


@pytest.mark.usefixtures("root")
def test_a_first_run_that_fails_is_said_first_and_gives_an_exit_code(
    table: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = Written([], [], [], Measured(), "customers: 9 of 9 rows break their schema")
    monkeypatch.setattr(writing, "write", lambda *_, **__: written)
    for name in ("track", "lock"):
        monkeypatch.setattr(writing, name, lambda _: "")
    monkeypatch.setattr(setup, "set_up", lambda _: [])

    code = run(["start", table, "--target", "churned", "--yes"])

    whole = capsys.readouterr().out
    said = whole.partition("error: a first run failed")[2]
    assert code == 1
    assert "Still to do: `uv run keel check --accept`" in whole
    assert "9 of 9 rows break their schema" in said.partition("Wrote")[0]
    assert "Next:" not in said
