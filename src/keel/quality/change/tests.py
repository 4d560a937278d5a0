"""What the tests are like: the pyramid's shape and seconds, coverage of the ML, mutants killed."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import AliasPath, BaseModel, Field

from keel.project.commands import output
from keel.project.errors import reason
from keel.quality.records.documents import plural
from keel.quality.records.figures import Figure, Limits, about, goal
from keel.quality.records.reports import Reports
from keel.quality.records.settings import Code

TESTS, MUTATION, COVERAGE = "reports/tests", "reports/mutation.json", "reports/coverage.json"
LAYERS = ("unit", "integration", "behaviour", "acceptance")  # the cheapest first
CHECK, MUTATE = "uv run keel check", "uv run keel mutate"
MEASURE = "uv run --with coverage coverage json"
SHOWN = 5  # of the worst


@dataclass(frozen=True)
class Layer:
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


@dataclass(frozen=True)
class Facts:
    """What the reports say; None where there is none, `wrong` where one can't be read."""

    layers: Mapping[str, Layer] = field(default_factory=dict)
    mutation: Mutation | None = None
    behind: int | None = None  # commits since the mutants were made
    coverage: Covered | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)  # by the report's name


def gather(root: Path) -> Facts:
    """Read the reports; one that is broken does not keep the others from being read."""
    reports = Reports(root)
    mutation = reports.read(MUTATION, Mutation, MUTATE)
    layers = {}
    others = {file.stem for file in (root / TESTS).glob("*.xml")} - set(LAYERS)
    for name in (*LAYERS, *sorted(others)):
        try:
            layers[name] = _layer(root / TESTS, name)
        except (ET.ParseError, ValueError, OSError) as error:
            why = f"{TESTS}/{name} can't be read ({reason(error)}): `{CHECK}` makes it"
            reports.wrong[TESTS] = why
    return Facts(
        {name: layer for name, layer in layers.items() if layer},
        mutation,
        _behind(root, mutation.commit) if mutation and mutation.commit else None,
        reports.read(COVERAGE, Covered, MEASURE),
        reports.wrong,
    )


def figures(facts: Facts, package: str, settings: Code) -> list[Figure]:
    """Shape of the tests, coverage of the ML and mutants killed."""
    return [
        _pyramid(facts, settings.unit_share),
        _coverage(facts, package, settings.coverage),
        _mutants(facts, settings.mutants),
    ]


def _pyramid(facts: Facts, limits: Limits) -> Figure:
    tests = sum(layer.tests for layer in facts.layers.values())
    if not tests:
        why = f"no check has run: `{CHECK}`"
        return about("code.pyramid").lacking(why, goal(limits), facts.wrong.get(TESTS))
    unit = facts.layers["unit"].tests if "unit" in facts.layers else 0
    text = f"{unit / tests:.0%} of {plural(tests, 'test')} are unit tests"
    lacking = [name for name in LAYERS if name not in facts.layers]
    notes = [f"Not run in the last check: {', '.join(lacking)}."] if lacking else []
    notes += [facts.wrong[TESTS]] if TESTS in facts.wrong else []
    shape = [
        f"{name}: {plural(layer.tests, 'test')} in {layer.seconds:.1f} seconds"
        for name, layer in facts.layers.items()
    ]
    return about("code.pyramid").share(unit, tests, limits, text).also(shape, notes)


def _coverage(facts: Facts, package: str, limits: Limits) -> Figure:
    if facts.coverage is None:
        why = f"it is not measured: `{MEASURE}`"
        return about("code.coverage").lacking(why, goal(limits), facts.wrong.get(COVERAGE))
    files = {Path(name).as_posix(): file for name, file in facts.coverage.files.items()}
    ours = {name: file for name, file in files.items() if f"src/{package}/" in name}
    lines = sum(file.lines for file in ours.values())
    if not lines:
        why = f"{COVERAGE} has no line of the ML"
        return about("code.coverage").lacking(why, goal(limits), facts.wrong.get(COVERAGE))
    covered = sum(file.covered for file in ours.values())
    missed = {name: file.lines - file.covered for name, file in ours.items()}
    least = sorted(missed, key=lambda name: -missed[name])[:SHOWN]
    text = f"{covered / lines:.0%} of {lines} statements"
    figure = about("code.coverage").share(covered, lines, limits, text)
    return figure.also(f"{name}: {missed[name]} not run" for name in least if missed[name])


def _mutants(facts: Facts, limits: Limits) -> Figure:
    mutation = facts.mutation
    if mutation is None or not mutation.mutants:
        why = f"none were made: `{MUTATE}`"
        return about("code.mutants").lacking(why, goal(limits), facts.wrong.get(MUTATION))
    share = mutation.killed / mutation.mutants
    text = f"{share:.0%} of {mutation.mutants}, on {mutation.measured_at[:10]}"
    figure = about("code.mutants").share(mutation.killed, mutation.mutants, limits, text)
    if not facts.behind:
        return figure
    return figure.also(
        notes=[f"The ML has had {plural(facts.behind, 'commit')} since: measure again."]
    )


def _layer(folder: Path, name: str) -> Layer | None:
    """A kind of tests: one report of pytest's, or a folder of behave's."""
    whole = folder / f"{name}.xml"
    files = [whole] if whole.is_file() else sorted((folder / name).glob("*.xml"))
    if not files:
        return None
    suites = [suite for file in files for suite in ET.parse(file).iter("testsuite")]  # noqa: S314 -- the project's own tests wrote it
    tests, skipped, seconds = (
        sum(float(suite.get(key) or 0) for suite in suites) for key in ("tests", "skipped", "time")
    )
    return Layer(int(tests - skipped), seconds)


def _behind(root: Path, commit: str) -> int | None:
    """How many commits changed the code since; None if the commit is gone."""
    counted = output(root, "git", "rev-list", "--count", f"{commit}..HEAD", "--", "src")
    return int(counted) if counted else None
