"""Notebooks that run, and notebooks that don't."""

from pathlib import Path

from keel.testing.notebooks import of, problem

CELLS = """\
import marimo

app = marimo.App()


@app.cell
def _():
    import os

    assert os.environ["KEEL_RUN"].endswith("a-run"), "another run"
    {line}
    return


if __name__ == "__main__":
    app.run()
"""


def notebook(root: Path, line: str) -> Path:
    file = root / "notebooks/mine.py"
    file.parent.mkdir()
    file.write_text(CELLS.format(line=line))
    return file


def test_one_that_runs_has_no_problem(tmp_path: Path) -> None:
    file = notebook(tmp_path, "1 + 1")

    assert problem(file, tmp_path, tmp_path / "a-run") == ""


def test_one_that_fails_says_where(tmp_path: Path) -> None:
    file = notebook(tmp_path, "{}['no_such_column']")

    assert "KeyError: 'no_such_column'" in problem(file, tmp_path, tmp_path / "a-run")


def test_only_notebooks_of_marimo_are_run(tmp_path: Path) -> None:
    file = notebook(tmp_path, "1 + 1")
    (tmp_path / "notebooks/paired.py").write_text("# %%\n1 / 0\n")

    assert list(of(tmp_path)) == [file]
