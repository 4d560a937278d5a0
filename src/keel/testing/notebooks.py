"""Notebooks that run: one that nobody has opened for a while is soon wrong."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from keel.experiments.opened import FOLDER
from keel.quality.records.junit import NOT_JUDGED
from keel.testing.failing import require
from keel.testing.pipeline import Quick

NEEDED = ("altair", "marimo")
MOST = 1500  # characters of an error


def of(root: Path) -> Iterator[Path]:
    """The notebooks of marimo's; those of Jupyter are text for people."""
    for file in sorted((root / "notebooks").glob("*.py")):
        if "marimo.App(" in file.read_text("utf-8"):
            yield file


def runs(run: Quick, file: Path) -> None:
    """On the quick data, from its first cell to its last. Skipped where marimo is not installed."""
    if not all(map(importlib.util.find_spec, NEEDED)):
        import pytest

        pytest.skip(
            f"{NOT_JUDGED}whether {file.name} runs: `uv sync --group notebook` installs marimo"
        )
    found = problem(file, run.store.repository, run.store.root)
    require(not found, f"notebooks/{file.name} fails:\n{found}")


def problem(file: Path, root: Path, folder: Path) -> str:
    """What a notebook says when it fails on the run in a folder; "" if all its cells run."""
    done = subprocess.run(
        [sys.executable, str(file)],
        cwd=root,
        env={**os.environ, FOLDER: str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.stderr.strip()[-MOST:] or "no word" if done.returncode else ""
