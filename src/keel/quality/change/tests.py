"""What the tests are like: the pyramid's shape and seconds, coverage of the ML, mutants killed."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from pydantic import AliasPath, BaseModel, Field

from keel.project.commands import output
from keel.project.errors import reason
from keel.quality.records.documents import Files, plural
from keel.quality.records.figures import Figure, Limits, about, goal
from keel.quality.records.settings import Code

TESTS, MUTATION, COVERAGE = "reports/tests", "reports/mutation.json", "reports/coverage.json"
LAYERS = ("unit", "integration", "behaviour", "acceptance")  # the cheapest first
CHECK, MUTATE = "uv run keel check", "uv run keel mutate"
MEASURE = "uv run --with coverage coverage json"
SHOWN = 5  # of the worst


class Layer(NamedTuple):
    """The tests of one kind that ran, and how long they took."""

    tests: int
    seconds: float


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
        _pyramid(root / TESTS, settings.unit_share),
        _coverage(files, f"src/{package}/", settings.coverage),
        _mutants(files, settings.mutants),
    ]


def _pyramid(folder: Path, limits: Limits) -> Figure:
    its, layers, wrong = about("code.pyramid"), {}, []
    names = dict.fromkeys((*LAYERS, *sorted(file.stem for file in folder.glob("*.xml"))))
    for name in names:
        try:
            layers[name] = _layer(folder, name)
        except (ET.ParseError, ValueError, OSError) as error:
            wrong.append(f"{TESTS}/{name} can't be read ({reason(error)}): `{CHECK}` makes it")
    known = {name: layer for name, layer in layers.items() if layer}
    tests = sum(layer.tests for layer in known.values())
    if not tests:
        return its.lacking(f"no check has run: `{CHECK}`", goal(limits), "\n".join(wrong))
    unit = known["unit"].tests if "unit" in known else 0
    text = f"{unit / tests:.0%} of {plural(tests, 'test')} are unit tests"
    lacking = ", ".join(name for name in LAYERS if name not in known)
    notes = [f"Not run in the last check: {lacking}."] if lacking else []
    shape = [
        f"{name}: {plural(layer.tests, 'test')} in {layer.seconds:.1f} seconds"
        for name, layer in known.items()
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


def _layer(folder: Path, name: str) -> Layer | None:
    """A kind of tests: one report of pytest's, or a folder of behave's."""
    whole = folder / f"{name}.xml"
    files = [whole] if whole.is_file() else sorted((folder / name).glob("*.xml"))
    suites = [suite for file in files for suite in ET.parse(file).iter("testsuite")]  # noqa: S314 -- the project's own tests wrote it
    tests, skipped, seconds = (
        sum(float(suite.get(key) or 0) for suite in suites) for key in ("tests", "skipped", "time")
    )
    return Layer(int(tests - skipped), seconds) if files else None
