"""The goals, measured: a table in Markdown. `python run.py`, or `python run.py copy idle`.

Ratios compare two things that ran in turn. Each figure is a median, with the least and the
greatest in brackets.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from measure import Cost, FailedError, cost, pairs, ratio, spread

HERE = Path(__file__).parent
TEMPLATE = HERE.parent
STAGES = ("ingest", "validate", "prepare", "train", "evaluate")
MADE = ("dvc.lock", "settings.yaml", "data", "model", "reports", ".dvc/cache")  # by a run
RUN = ("uv", "run", "keel", "run")
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

    def render(self, template: Path, name: str, *answers: str) -> Cost:
        """Render a template into the folder of this name, anew."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        command = (sys.executable, "-m", "copier", "copy", "--vcs-ref=HEAD", "--defaults")
        return cost(self.folder, *command, *answers, "--quiet", template, name)

    @cached_property
    def project(self) -> Path:
        """A project with its environment, whose pipeline has run."""
        self.render(self.template, "project")
        cost(self.folder / "project", *RUN)
        return self.folder / "project"


def sizes(bench: Bench) -> Iterator[Row]:
    """How much there is: in a project, and in the library."""
    for maturity, most in (("product", 75), ("proof-of-concept", 55)):
        bench.render(bench.template, maturity, f"--data=maturity={maturity}")
        folder = bench.folder / maturity
        files = sum(path.is_file() for path in folder.rglob("*"))
        yield Row(f"files of a {maturity}", f"≤ {most}", str(files), "–", reached=files <= most)
        if maturity == "product":
            lines = lines_of(folder.rglob("*.py"))
            yield Row("lines of Python in it", "≤ 2,500", f"{lines:,}", "–", reached=lines <= 2_500)
    lines = lines_of((bench.template / "src").rglob("*.py"))
    yield Row("lines of the library", "≤ 12,000", f"{lines:,}", "–", reached=lines <= 12_000)


def a_release(bench: Bench) -> Iterator[Row]:
    """What a reviewer reads when Keel goes a release further: the diff of the project."""
    template, project = bench.folder / "releases", bench.folder / "quiet"
    git(bench.folder, "clone", "--quiet", str(TEMPLATE), str(template))
    made = re.findall(
        r"^(\w+) Release (\S+)$", git(template, "log", "--format=%H %s"), re.MULTILINE
    )
    for commit_id, version in made[:2]:
        git(template, "tag", "--force", f"v{version}", commit_id)
    new, old = (f"v{version}" for _, version in made[:2])
    copier = (sys.executable, "-m", "copier")
    cost(bench.folder, *copier, "copy", f"--vcs-ref={old}", "--defaults", template, project)
    commit(project)
    cost(project, *copier, "update", f"--vcs-ref={new}", "--defaults", "--skip-answered")
    git(project, "add", "--all")
    counted = git(project, "diff", "--cached", "--numstat").splitlines()
    lines = sum(int(count) for line in counted for count in line.split("\t")[:2])
    files = ", ".join(line.split("\t")[2] for line in counted)
    yield Row(
        f"lines that a reviewer reads from {old} to {new}",
        "≤ 100",
        f"{lines} in {len(counted)} files",
        files,
        reached=lines <= 100,
    )


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
        "≤ 1.8×",
        f"{times}×; {spread(CPU(ours) for ours, _ in measured)} s",
        f"a template of one file: {spread(CPU(other) for _, other in measured)} s",
        reached=times.median <= 1.8,
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
        "≤ 20 s",
        f"{seconds} s; CPU {spread(map(CPU, measured))} s",
        "–",
        reached=seconds.median <= 20,
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
        "≤ 1.5×",
        f"{times}×; {spread(CPU(ours) for ours, _ in measured)} s; wall {ratio(measured, WALL)}×",
        f"one bare script with the same AUC: {spread(CPU(other) for _, other in measured)} s",
        reached=times.median <= 1.5,
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
            "≤ 1.2×",
            f"{times}×; {spread(of(ours) for ours, _ in measured)} s",
            f"`dvc repro` without stages: {spread(of(other) for _, other in measured)} s",
            reached=times.median <= 1.2,
        )


def checking(bench: Bench) -> Iterator[Row]:
    """How long `check` takes, second time."""
    project = bench.project

    def check() -> float:
        return cost(project, "uv", "run", "keel", "check").wall

    once = check()
    seconds = spread(check() for _ in range(3))
    yield Row(
        "`check`, second time, wall",
        "≤ 10 s",
        f"{seconds} s",
        f"the first time: {once:.1f} s",
        reached=seconds.median <= 10,
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
            *("uv", "run", "keel", "run"),
            f"hydra.run.dir={bench.folder}/flow-{years}",
            f"data.source='{bench.folder}/rows-{years}/{{table}}.parquet'",
            f"split.test_from={HALF[years]}",
        )

    flow(1)  # the first one writes byte code
    measured = pairs(lambda: flow(10), lambda: flow(1), times=2)

    for name, goal, unit, of in (("wall", 4, "s", WALL), ("peak memory", 3, "MB", MEMORY)):
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
            command = ("uv", "run", "keel", "stage", stage)
            peaks[stage, years] = cost(bench.project, *command).memory
    lines += [f"| {s} | {peaks[s, 1]:,.0f} MB | {peaks[s, 10]:,.0f} MB |" for s in STAGES]
    return "\n".join(lines)


def lines_of(files: Iterable[Path]) -> int:
    """How many lines the files have together."""
    return sum(len(file.read_text("utf-8").splitlines()) for file in files)


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
    "sizes": sizes,
    "release": a_release,
    "copy": copying,
    "first": first_model,
    "pipeline": pipeline,
    "idle": nothing_to_do,
    "check": checking,
    "rows": ten_times_the_rows,
}

if __name__ == "__main__":
    main(sys.argv[1:])
