"""The goals, measured: a table in Markdown. `python run.py`, or `python run.py copy idle`.

Ratios compare two things that ran in turn. Each figure is a median, with the least and the
greatest in brackets.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from measure import Cost, FailedError, cost, pairs, ratio, spread

HERE = Path(__file__).parent
TEMPLATE = HERE.parent
PACKAGE = "flight_delay"
STAGES = ("ingest", "validate", "prepare", "train", "evaluate")
MADE = ("dvc.lock", "settings.yaml", "data", "model", "reports", ".dvc/cache")  # by a run
RUN = ("uv", "run", "poe", "run")
HALF = {1: date(2013, 7, 1), 10: date(2013, 1, 1) - 4 * timedelta(weeks=53)}  # trains the model

WALL, CPU, MEMORY = attrgetter("wall"), attrgetter("cpu"), attrgetter("memory")


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    goal: str
    measured: str
    compared: str
    reached: bool


def main(chosen: list[str]) -> None:
    """Print the rows that are asked for, or all."""
    unknown = set(chosen) - set(ROWS)
    if unknown:
        sys.exit(f"error: {', '.join(unknown)} is not measured: there is {', '.join(ROWS)}")
    print("| what | goal | measured | compared with | reached |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder))
        for name in chosen or ROWS:
            try:
                for row in ROWS[name](bench):
                    reached = "yes" if row.reached else "**no**"
                    cells = (row.what, row.goal, row.measured, row.compared, reached)
                    print(f"| {' | '.join(cells)} |", flush=True)
            except FailedError as error:
                print(f"| {name} | – | failed, see below | – | **no** |", flush=True)
                bench.notes.append(f"{name}: {error}")
        for note in bench.notes:
            print(f"\n{note}")


class Bench:
    """A folder to measure in: the template as it stands, and projects rendered from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self.template = folder / "template"
        listed = git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in filter(None, listed.split("\0")):
            if (TEMPLATE / name).is_file():
                (self.template / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(TEMPLATE / name, self.template / name)
        commit(self.template)

    def render(self, template: Path, name: str) -> Cost:
        """Render a template into the folder of this name, anew."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        command = (sys.executable, "-m", "copier", "copy", "--vcs-ref=HEAD", "--defaults")
        return cost(self.folder, *command, "--quiet", template, name)

    @cached_property
    def project(self) -> Path:
        """A project with its environment, whose pipeline has run."""
        self.render(self.template, "project")
        cost(self.folder / "project", *RUN)
        return self.folder / "project"


def copying(bench: Bench) -> Iterator[Row]:
    """What `copier copy` costs."""
    single = bench.folder / "single"
    single.mkdir()
    (single / "README.md").write_text("A project.\n")
    commit(single)

    measured = pairs(
        lambda: bench.render(bench.template, "copy"), lambda: bench.render(single, "one"), times=8
    )[1:]  # the first one writes byte code

    files = sum(path.is_file() for path in (bench.folder / "copy").rglob("*"))
    times = ratio(measured, CPU)
    yield Row(
        f"`copier copy` of {files} files, CPU",
        "≤ 1.5×",
        f"{times}×; {spread(CPU(ours) for ours, _ in measured)} s",
        f"a template of one file: {spread(CPU(other) for _, other in measured)} s",
        reached=times.median <= 1.5,
    )


def first_model(bench: Bench) -> Iterator[Row]:
    """How long it takes to the first trained model."""
    _ = bench.project  # the package cache is warm now

    def anew() -> Cost:
        bench.render(bench.template, "first")
        return cost(bench.folder / "first", *RUN)

    measured = [anew() for _ in range(3)]
    seconds = spread(map(WALL, measured))
    yield Row(
        "first trained model, from a rendered project, wall",
        "≤ 25 s",
        f"{seconds} s; CPU {spread(map(CPU, measured))} s",
        "–",
        reached=seconds.median <= 25,
    )


def pipeline(bench: Bench) -> Iterator[Row]:
    """What the whole pipeline costs."""
    project, out = bench.project, bench.folder / "bare"

    def whole() -> Cost:
        for name in MADE:
            remove(project / name)
        return cost(project, *RUN)

    def bare() -> Cost:
        return cost(bench.folder, project / ".venv/bin/python", HERE / "bare.py", out)

    bare()  # the first one writes byte code
    measured = pairs(whole, bare, times=3)

    auc = json.loads((project / "reports/metrics.json").read_text())["auc"]
    bare_auc = json.loads((out / "metrics.json").read_text())["auc"]
    if abs(auc - bare_auc) > 0.0005:
        raise FailedError(f"bare.py does other work: its AUC is {bare_auc}, the pipeline's {auc}")
    times = ratio(measured, CPU)
    yield Row(
        "the whole pipeline, CPU",
        "≤ 1.6×",
        f"{times}×; {spread(CPU(ours) for ours, _ in measured)} s; wall {ratio(measured, WALL)}×",
        f"one bare script with the same AUC: {spread(CPU(other) for _, other in measured)} s",
        reached=times.median <= 1.6,
    )


def nothing_to_do(bench: Bench) -> Iterator[Row]:
    """What the pipeline costs when nothing has changed."""
    project, empty = bench.project, bench.folder / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet")
    dvc = ("uv", "run", "--project", project, "dvc")
    cost(empty, *dvc, "init")
    shutil.copy2(project / ".dvc/config", empty / ".dvc/config")
    (empty / "dvc.yaml").write_text("stages: {}\n")

    measured = pairs(lambda: cost(project, *RUN), lambda: cost(empty, *dvc, "repro"), times=12)[1:]

    for name, of in (("CPU", CPU), ("wall", WALL)):
        times = ratio(measured, of)
        yield Row(
            f"the pipeline with nothing to do, {name}",
            "≤ 1.3×",
            f"{times}×; {spread(of(ours) for ours, _ in measured)} s",
            f"`dvc repro` without stages: {spread(of(other) for _, other in measured)} s",
            reached=times.median <= 1.3,
        )


def checking(bench: Bench) -> Iterator[Row]:
    """How long `check` takes, second time."""
    project = bench.project

    def check() -> float:
        return cost(project, "uv", "run", "poe", "check").wall

    once = check()
    seconds = spread(check() for _ in range(3))
    yield Row(
        "`check`, second time, wall",
        "≤ 15 s",
        f"{seconds} s",
        f"the first time: {once:.1f} s",
        reached=seconds.median <= 15,
    )


def ten_times_the_rows(bench: Bench) -> Iterator[Row]:
    """What ten years of flights cost, all stages in one process."""
    project = bench.project
    for years in HALF:
        script = (project / ".venv/bin/python", HERE / "tenfold.py")
        cost(project, *script, bench.folder / f"rows-{years}", str(years))

    def flow(years: int) -> Cost:
        return cost(
            project,
            *("uv", "run", "python", "-m", PACKAGE),
            f"hydra.run.dir={bench.folder}/flow-{years}",
            f"data.source='{bench.folder}/rows-{years}/{{table}}.parquet'",
            f"split.test_from={HALF[years]}",
        )

    flow(1)  # the first one writes byte code
    measured = pairs(lambda: flow(10), lambda: flow(1), times=2)

    for name, goal, unit, of in (("wall", 10, "s", WALL), ("peak memory", 4, "MB", MEMORY)):
        times = ratio(measured, of)
        yield Row(
            f"ten times the rows, {name}",
            f"≤ {goal}×",
            f"{times}×; {spread(of(ten) for ten, _ in measured)} {unit}",
            f"one year of flights: {spread(of(one) for _, one in measured)} {unit}",
            reached=times.median <= goal,
        )
        if name != "wall" and times.median > goal:
            bench.notes.append(stage_peaks(bench))


def stage_peaks(bench: Bench) -> str:
    """The peak memory of each stage in a process of its own, as a table."""
    lines = ["| stage | one year | ten years |", "|---|---|---|"]
    peaks = {}
    for years in HALF:
        shutil.copy2(bench.folder / f"flow-{years}/settings.yaml", bench.project)
        for stage in STAGES:
            command = ("uv", "run", "python", "-m", f"{PACKAGE}.chassis", stage)
            peaks[stage, years] = cost(bench.project, *command).memory
    lines += [f"| {s} | {peaks[s, 1]:,.0f} MB | {peaks[s, 10]:,.0f} MB |" for s in STAGES]
    return "\n".join(lines)


def git(folder: Path, *arguments: str) -> str:
    """What a Git command prints."""
    return subprocess.run(
        ("git", *arguments), cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def commit(folder: Path) -> None:
    """Make the folder a Git repository with all that is in it, since Copier clones one."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    person = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    git(folder, *person, "commit", "--quiet", "--message", "All")


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


# What each name on the command line measures; the last ones change the project.
ROWS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "copy": copying,
    "first": first_model,
    "pipeline": pipeline,
    "idle": nothing_to_do,
    "check": checking,
    "rows": ten_times_the_rows,
}

if __name__ == "__main__":
    main(sys.argv[1:])
