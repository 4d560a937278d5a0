"""What the tests are like: the pyramid's shape and seconds, coverage of the ML, mutants killed."""

from pathlib import Path

from pydantic import AliasPath, BaseModel, Field

from keel.project.commands import output
from keel.project.errors import UserError
from keel.quality.records.documents import Files, plural
from keel.quality.records.figures import Figure, Limits, about, goal
from keel.quality.records.junit import BY_HAND, Case, reports
from keel.quality.records.settings import Code

MUTATION, COVERAGE = "reports/mutation.json", "reports/coverage.json"
LAYERS = ("unit", "integration", "behaviour", "acceptance")  # the cheapest first
CHECK, MUTATE = "uv run keel check", "uv run keel mutate"
MEASURE = "uv run --with coverage coverage json"
SHOWN = 5  # of the worst


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


def figures(root: Path, package: str, settings: Code) -> list[Figure]:
    """Shape of the tests, coverage of the ML and mutants killed."""
    files = Files(root)
    return [
        _pyramid(root, settings.unit_share),
        _coverage(files, f"src/{package}/", settings.coverage),
        _mutants(files, settings.mutants),
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


def _mutants(files: Files, limits: Limits) -> Figure:
    its, mutation = about("code.mutants"), files.report(MUTATION, Mutation, MUTATE)
    if mutation is None or not mutation.mutants:
        return its.lacking(f"none were made: `{MUTATE}`", goal(limits), files.wrong.get(MUTATION))
    share = mutation.killed / mutation.mutants
    text = f"{share:.0%} of {mutation.mutants}, on {mutation.measured_at[:10]}"
    figure = its.share(mutation.killed, mutation.mutants, limits, text)
    since = f"{mutation.commit}..HEAD"
    behind = int(output(files.root, "git", "rev-list", "--count", since, "--", "src") or 0)
    late = f"The ML has had {plural(behind, 'commit')} since: measure again."
    return figure.also(notes=[late]) if behind else figure
