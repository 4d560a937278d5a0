"""What the tests are like: the pyramid's shape and seconds, coverage of the ML, mutants killed."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from keel.project.commands import output
from keel.project.errors import UserError, reason
from keel.quality.records import settings as limits
from keel.quality.records.documents import plural, typed
from keel.quality.records.figures import About, Figure, state

TESTS, MUTATION, COVERAGE = "reports/tests", "reports/mutation.json", "reports/coverage.json"
Report = TypeVar("Report")
LAYERS = ("unit", "integration", "behaviour", "acceptance")  # the cheapest first
CHECK = "uv run keel check"
MEASURE = (
    "`uv run --with coverage coverage run -m pytest tests/unit`, then "
    "`uv run --with coverage coverage json -o reports/coverage.json`"
)
PYRAMID = About(
    "code.pyramid",
    "change",
    "Shape of the tests",
    "Which share of the tests is of the kind that runs in a moment and names the broken function.",
    "share",
    "With few of them, a mistake is found late, and then searched for.",
    "Test the next change by a unit test; move what a slow test asks down, where it can be asked.",
    "test",
)
SECONDS = About(
    "code.seconds",
    "change",
    "Time of the tests",
    "How long the tests take, one after the other.",
    "seconds",
    "What takes long is run seldom, and mistakes are found later.",
    "`uv run pytest --durations=10` names the slowest ten.",
    "test",
)
COVERED = About(
    "code.coverage",
    "change",
    "Tested lines of the ML",
    "Which share of the lines of the machine learning the tests run through.",
    "share",
    "What no test runs through may break without anybody noticing.",
    f"Measure it: {MEASURE}.",
    "statement",
)
MUTANTS = About(
    "code.mutants",
    "change",
    "Mistakes that the tests notice",
    "Of the small mistakes made on purpose in the code, the share that made a test fail.",
    "share",
    "The tests protect from the mistakes that they notice, and from no others.",
    "`uv run keel mutate` names the mistakes that no test notices: write the missing test.",
    "mistake",
)


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


class Summary(BaseModel):
    """What coverage.py says of a file."""

    covered_lines: int
    num_statements: int


class File(BaseModel):
    """A file in coverage.py's report."""

    summary: Summary


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
    wrong: dict[str, str] = {}
    mutation = _report(root, MUTATION, Mutation, wrong)
    ran: dict[str, Layer] = {}
    for name in LAYERS:
        try:
            found = _layer(root / TESTS, name)
        except (ET.ParseError, ValueError, OSError) as error:
            wrong[TESTS] = f"{TESTS}/{name} can't be read ({reason(error)}): `{CHECK}` makes it"
        else:
            ran |= {name: found} if found else {}
    return Facts(
        ran,
        mutation,
        _behind(root, mutation.commit) if mutation and mutation.commit else None,
        _report(root, COVERAGE, Covered, wrong),
        wrong,
    )


def figures(facts: Facts, package: str, code: limits.Code) -> list[Figure]:
    """Shape and seconds of the tests, coverage of the ML and mutants killed."""
    return [
        _pyramid(facts, code),
        _seconds(facts, code),
        _coverage(facts, package, code),
        _mutants(facts, code),
    ]


def _pyramid(facts: Facts, code: limits.Code) -> Figure:
    target = f"at least {code.unit_share[0]:.0%}"
    tests = sum(layer.tests for layer in facts.layers.values())
    if not tests:
        return _without(PYRAMID, facts, TESTS, f"no check has run: `{CHECK}`", target)
    share = facts.layers["unit"].tests / tests if "unit" in facts.layers else 0.0
    text = f"{share:.0%} of {plural(tests, 'test')} are unit tests"
    figure = PYRAMID.figure(share, text, state(share, *code.unit_share), tests, target)
    shape = [f"{name}: {plural(layer.tests, 'test')}" for name, layer in facts.layers.items()]
    note = "It counts tests, and can't tell whether they ask what matters."
    return replace(figure, details=shape, notes=[note, *_lacking(facts)])


def _seconds(facts: Facts, code: limits.Code) -> Figure:
    target = f"at most {code.check_seconds[0]:g} seconds"
    if not facts.layers:
        return _without(SECONDS, facts, TESTS, f"no check has run: `{CHECK}`", target)
    seconds = sum(layer.seconds for layer in facts.layers.values())
    tests = sum(layer.tests for layer in facts.layers.values())
    standing = state(seconds, *code.check_seconds)
    figure = SECONDS.figure(seconds, f"{seconds:.1f} seconds", standing, tests, target)
    parts = [f"{name}: {layer.seconds:.1f} seconds" for name, layer in facts.layers.items()]
    note = "It is the time of the last check on the machine that ran it, which may have been busy."
    return replace(figure, details=parts, notes=[note, *_lacking(facts)])


def _coverage(facts: Facts, package: str, code: limits.Code) -> Figure:
    target = f"at least {code.coverage[0]:.0%}"
    if facts.coverage is None:
        return _without(COVERED, facts, COVERAGE, f"it is not measured: {MEASURE}", target)
    files = {Path(name).as_posix(): file.summary for name, file in facts.coverage.files.items()}
    ours = {n: one for n, one in files.items() if f"src/{package}/" in n and "/chassis/" not in n}
    lines = sum(one.num_statements for one in ours.values())
    if not lines:
        return COVERED.unknown(f"{COVERAGE} has no line of the ML", target=target)
    covered = sum(one.covered_lines for one in ours.values())
    share = covered / lines
    text = f"{share:.0%} of {lines} statements"
    figure = COVERED.figure(share, text, state(share, *code.coverage), lines, target)
    least = sorted(ours, key=lambda name: ours[name].covered_lines - ours[name].num_statements)
    told = [
        f"{name}: {ours[name].num_statements - ours[name].covered_lines} not run"
        for name in least[:5]
        if ours[name].covered_lines < ours[name].num_statements
    ]
    note = "It can't tell whether a test would notice if a line were wrong: mutants can."
    return replace(figure, details=told, notes=[note])


def _mutants(facts: Facts, code: limits.Code) -> Figure:
    target = f"at least {code.mutants[0]:.0%}"
    found = facts.mutation
    if found is None or not found.mutants:
        return _without(MUTANTS, facts, MUTATION, "none were made: `uv run keel mutate`", target)
    share = found.killed / found.mutants
    text = f"{share:.0%} of {found.mutants}, on {found.measured_at[:10]}"
    figure = MUTANTS.figure(share, text, state(share, *code.mutants), found.mutants, target)
    notes = ["Some changes can't be noticed, since they change no result: 100 % is no goal."]
    if facts.behind:
        notes.append(f"The ML has had {plural(facts.behind, 'commit')} since: measure again.")
    return replace(figure, notes=notes)


def _without(about: About, facts: Facts, report: str, why: str, target: str) -> Figure:
    if report in facts.wrong:
        return about.broken(facts.wrong[report])
    return about.unknown(why, target=target)


def _lacking(facts: Facts) -> list[str]:
    lacking = [name for name in LAYERS if name not in facts.layers]
    said = [f"Not run in the last check: {', '.join(lacking)}."] if lacking else []
    return said + ([facts.wrong[TESTS]] if TESTS in facts.wrong else [])


def _layer(folder: Path, name: str) -> Layer | None:
    """A kind of tests: one report of pytest's, or a folder of behave's."""
    one = folder / f"{name}.xml"
    files = [one] if one.is_file() else sorted((folder / name).glob("*.xml"))
    if not files:
        return None
    suites = [suite for file in files for suite in ET.parse(file).iter("testsuite")]  # noqa: S314 -- the project's own tests wrote it
    skipped = sum(int(suite.get("skipped") or 0) for suite in suites)
    tests = sum(int(suite.get("tests") or 0) for suite in suites) - skipped
    return Layer(tests, sum(float(suite.get("time") or 0) for suite in suites))


def _report(root: Path, name: str, kind: type[Report], wrong: dict[str, str]) -> Report | None:
    if not (root / name).is_file():
        return None
    try:
        return typed(json.loads((root / name).read_text(encoding="utf-8")), name, kind)
    except (ValueError, UserError) as error:
        wrong[name] = f"{name} can't be read ({reason(error)}): delete it"
    return None


def _behind(root: Path, commit: str) -> int | None:
    """How many commits changed the package since; None if the commit is gone."""
    counted = output(root, "git", "rev-list", "--count", f"{commit}..HEAD", "--", "src")
    return int(counted) if counted else None
