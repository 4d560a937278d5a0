"""How easily the code can be changed: hotspots, complex functions, and what its tests are like."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import complexipy
from pydantic import AliasPath, BaseModel, Field

from keel.project.commands import output
from keel.project.errors import UserError
from keel.quality.records.documents import Files, plural
from keel.quality.records.figures import Figure, Limits, about, goal, state
from keel.quality.records.history import files
from keel.quality.records.junit import BY_HAND, Case, reports
from keel.quality.records.settings import Code

SHOWN = 10  # of the worst
MONTHS = 12  # whose changes are counted
CHANGES = 6  # of a complex file, from which it is a hotspot
SWEEP = 50  # files: a change of more says nothing of each of them
Functions = Sequence[tuple[str, int]]  # their names and complexities
Changes = Sequence[tuple[str, ...]]  # the files of each
MUTATION, COVERAGE = "reports/mutation.json", "reports/coverage.json"
LAYERS = ("unit", "integration", "behaviour", "acceptance")  # the cheapest first
CHECK, MUTATE = "uv run keel check", "uv run keel mutate"
MEASURE = "uv run --with coverage coverage json"
SHOWN = 5  # of the worst


def measure(text: str) -> Functions | None:
    """The functions of a file; None if Python can't read it.

    The complexity is the cognitive one (Campbell, SonarSource, 2018): nesting counts more.
    """
    try:
        measured = complexipy.code_complexity(text, no_ignore=True, with_plans=False).functions
    except ValueError:
        return None
    return [(function.name, function.complexity) for function in measured]


def read(root: Path, paths: Sequence[str]) -> dict[str, Functions | None]:
    """Each Python file below one of the paths, as it is on disk, also if it is not committed."""
    folders = tuple(f"{path.rstrip('/')}/" for path in paths)
    return {
        name: measure((root / name).read_text(encoding="utf-8", errors="replace"))
        for name in files(root)
        if name.startswith(folders) and name.endswith(".py")
    }


def figures(
    files: Mapping[str, Functions | None], changes: Changes, settings: Code
) -> list[Figure]:
    """Both, of the files as they are and as they were changed."""
    broken = [f"{name} is not Python that can be read" for name in files if files[name] is None]
    measured = {name: functions or () for name, functions in files.items()}
    made = (_hotspots(measured, changes, settings), _complexity(measured, settings))
    return [figure.also(notes=broken) for figure in made]


def _hotspots(files: Mapping[str, Functions], changes: Changes, settings: Code) -> Figure:
    usual = [change for change in changes if len(change) <= SWEEP]
    if len(usual) < CHANGES:
        known = f"{plural(len(usual), 'change')} within {plural(MONTHS, 'month')}"
        why = f"{known}, and {CHANGES} are the least"
        return about("code.hotspots").unknown(why, len(usual))
    times = Counter(name for change in usual for name in change)
    worst = {
        name: max((complexity for _, complexity in functions), default=0)
        for name, functions in files.items()
        if times[name] >= CHANGES
    }
    hot = [name for name in worst if worst[name] > settings.complexity]
    hot.sort(key=lambda name: -worst[name] * times[name])
    text = f"{len(hot)} of {plural(len(files), 'file')}"
    standing, target = state(len(hot), *settings.hotspots), f"at most {settings.hotspots[0]:g}"
    figure = about("code.hotspots").shown(len(hot), text, standing, len(usual), target)
    return figure.also(
        f"{name}: complexity {worst[name]}, {times[name]} changes" for name in hot[:SHOWN]
    )


def _complexity(files: Mapping[str, Functions], settings: Code) -> Figure:
    limit, its = settings.complexity, about("code.complexity")
    functions = [
        (complexity, f"{name}: {function} has {complexity}, and {limit} are enough")
        for name in files
        for function, complexity in files[name]
    ]
    if not functions:
        return its.unknown("there is no function yet", 0, goal(settings.complex_share))
    knots = sorted((function for function in functions if function[0] > limit), reverse=True)
    figure = its.share(len(knots), len(functions), settings.complex_share)
    return figure.also(detail for _, detail in knots[:SHOWN])


class Mutation(BaseModel):
    """What `keel mutate` wrote."""

    mutants: int
    killed: int
    measured_at: str
    commit: str | None = None


class File(BaseModel):
    """A file in coverage.py's report."""

    lines: int = Field(validation_alias=AliasPath("summary", "num_statements"))
    covered: int = Field(validation_alias=AliasPath("summary", "covered_lines"))


class Covered(BaseModel):
    """The report of `coverage json`."""

    files: dict[str, File]


def of_tests(root: Path, package: str, settings: Code) -> list[Figure]:
    """Shape of the tests, coverage of the ML and mutants killed."""
    files = Files(root)
    return [
        _pyramid(root, settings.unit_share),
        _coverage(files, f"src/{package}/", settings.coverage),
        _mutants(root, files, settings.mutants),
    ]


def _pyramid(root: Path, limits: Limits) -> Figure:
    its, wrong = about("code.pyramid"), []
    ran: dict[str, list[Case]] = {name: [] for name in LAYERS}
    for report in reports(root):
        if isinstance(report, UserError):
            wrong.append(str(report))
            continue
        for case in report.cases:
            # A row worked out by hand is a unit test, whoever runs it.
            layer = "unit" if f"[{BY_HAND}" in case.case else report.layer
            if case.flaw != "was skipped":
                ran.setdefault(layer, []).append(case)
    tests = sum(map(len, ran.values()))
    if not tests:
        return its.lacking(f"no check has run: `{CHECK}`", goal(limits), "\n".join(wrong))
    unit = len(ran["unit"])
    text = f"{unit / tests:.0%} of {plural(tests, 'test')} are unit tests"
    lacking = ", ".join(name for name, cases in ran.items() if not cases)
    notes = [f"Not run in the last check: {lacking}."] if lacking else []
    shape = [
        f"{name}: {plural(len(cases), 'test')} in {sum(case.seconds for case in cases):.1f} seconds"
        for name, cases in ran.items()
        if cases
    ]
    return its.share(unit, tests, limits, text).also(shape, [*notes, *wrong])


def _coverage(files: Files, ours: str, limits: Limits) -> Figure:
    its, report = about("code.coverage"), files.report(COVERAGE, Covered, MEASURE)
    measured = (
        {Path(name).as_posix(): file for name, file in report.files.items()} if report else {}
    )
    mine = {name: file for name, file in measured.items() if ours in name}
    lines = sum(file.lines for file in mine.values())
    if not lines:
        why = f"{COVERAGE} has no line of the ML" if report else f"it is not measured: `{MEASURE}`"
        return its.lacking(why, goal(limits), files.wrong.get(COVERAGE))
    covered = sum(file.covered for file in mine.values())
    missed = {name: file.lines - file.covered for name, file in mine.items()}
    least = sorted(missed, key=lambda name: -missed[name])[:SHOWN]
    figure = its.share(covered, lines, limits, f"{covered / lines:.0%} of {lines} statements")
    return figure.also(f"{name}: {missed[name]} not run" for name in least if missed[name])


def _mutants(root: Path, files: Files, limits: Limits) -> Figure:
    its, mutation = about("code.mutants"), files.report(MUTATION, Mutation, MUTATE)
    if mutation is None or not mutation.mutants:
        return its.lacking(f"none were made: `{MUTATE}`", goal(limits), files.wrong.get(MUTATION))
    share = mutation.killed / mutation.mutants
    text = f"{share:.0%} of {mutation.mutants}, on {mutation.measured_at[:10]}"
    figure = its.share(mutation.killed, mutation.mutants, limits, text)
    since = f"{mutation.commit}..HEAD"
    behind = int(output(root, "git", "rev-list", "--count", since, "--", "src") or 0)
    late = f"The ML has had {plural(behind, 'commit')} since: measure again."
    return figure.also(notes=[late]) if behind else figure
