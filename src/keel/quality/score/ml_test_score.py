"""The ML Test Score: which of its 28 rows the last check and the last run give a point.

A row has one point when all tests, stages, gates and reports that it names ran and passed, half a
point when it names documents only, which somebody reviewed within a year, and else none. What is
older than the code does not count. Source: Breck et al., The ML Test Score, IEEE Big Data 2017.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Self

import yaml
from pydantic import BaseModel, model_validator

from keel.data.store import Store
from keel.judge.gates import Verdict
from keel.project.about import about
from keel.project.commands import must
from keel.project.errors import UserError
from keel.quality.records.documents import read, typed
from keel.quality.records.junit import Case, asked_in, reports
from keel.show.pages import page

PARTS = {"D": "features and data", "M": "model", "I": "infrastructure", "O": "monitoring"}
IDS = [f"{part}{number}" for part in PARTS for number in range(1, 8)]
READINGS = {  # up to this score
    0: "research: at least one part has nothing to rely on yet",
    1: "some of it is tested, and serious holes are likely",
    2: "a first step towards production, with more to do",
    3: "reasonably tested; more of it could be automatic",
    5: "strong enough for what a business depends on",
    7: "exceptional",
}
YEAR = timedelta(days=365)
ROWS, GATES = "docs/ml-test-score.yaml", "reports/gates.json"
BY_HAND = ("D7", "I3")  # rows that a test of code by itself can't answer
# On which it depends what the tests say.
CODE = ("conf", "src", "tests", "dvc.yaml", "pyproject.toml", "uv.lock")


class Evidence(BaseModel, extra="forbid"):
    """One name of one kind; a report has the least that its values may be."""

    test: str = ""
    stage: str = ""
    gate: str = ""
    report: str = ""
    document: str = ""
    least: dict[str, float] = {}

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if [bool(self.name), len(self.model_fields_set - {"least"})] != [True, 1]:
            raise ValueError("it names one test, stage, gate, report or document")
        if bool(self.least) != bool(self.report):
            raise ValueError("a report, and nothing else, has `least: {value: number}`")
        return self

    @property
    def name(self) -> str:
        return self.test or self.stage or self.gate or self.report or self.document


class Row(BaseModel, extra="forbid"):
    """What is asked, what answers it, and when somebody reviewed the documents among that."""

    asks: str
    evidence: list[Evidence]
    reviewed: date | None = None


@dataclass(frozen=True)
class Facts:
    """What the last check and the last run left."""

    today: date
    untested: str = ""  # why none of the tests counts
    cases: list[Case] = field(default_factory=list)
    outdated: str = ""  # why nothing of the run counts
    stages: set[str] = field(default_factory=set)
    gates: list[Verdict] = field(default_factory=list)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)  # reports and documents, and why


@dataclass(frozen=True)
class Answer:
    """The points of a row, and why they are not more."""

    points: float
    why: list[str]


def judge(row: Row, facts: Facts) -> Answer:
    """The points of a row, by the rules above."""
    automatic = [evidence for evidence in row.evidence if not evidence.document]
    lacking = [_lack(evidence, row, facts) for evidence in automatic or row.evidence]
    if not lacking:
        return Answer(0, ["nothing tests this yet"])
    if any(lacking):
        return Answer(0, list(dict.fromkeys(filter(None, lacking))))
    if automatic:
        return Answer(1, [])
    return Answer(0.5, [f"by hand, reviewed {row.reviewed}: a test would make it 1"])


def parts(answers: Mapping[str, Answer]) -> dict[str, float]:
    """The points of each part, of 7; the least is the score: a chain is as strong as that link."""
    return {
        part: sum(answer.points for name, answer in answers.items() if name.startswith(part))
        for part in PARTS
    }


def reading(score: float) -> str:
    """What a score says of a project."""
    return next(text for most, text in READINGS.items() if score <= most)


def _lack(evidence: Evidence, row: Row, facts: Facts) -> str:
    """Why a piece of evidence does not hold; nothing if it does."""
    name = evidence.name
    if evidence.test:
        return facts.untested or _failed_test(name, facts.cases)
    if evidence.stage:
        return facts.outdated if name in facts.stages else f"the stage {name} has not run"
    if evidence.gate:
        return _failed_gate(name, facts) or facts.outdated
    if name in facts.unusable:
        return facts.unusable[name]
    if evidence.report:
        return _too_little(evidence, facts.reports[name])
    return _unreviewed(name, row.reviewed, facts.today)


def _failed_test(wanted: str, cases: list[Case]) -> str:
    file, _, name = wanted.rpartition("::")
    meant = [
        case
        for case in cases
        if _is_named(case, name) and (not file or PurePosixPath(case.file).match(file))
    ]
    if not meant:
        return f"{wanted} did not run in the last check"
    return next((f"{case.case or case.name} {case.flaw}" for case in meant if case.flaw), "")


def _is_named(case: Case, wanted: str) -> bool:
    """Whether a name means all cases of a test, or with [id] behind it, or alone, this one."""
    name, bracket, case_id = wanted.partition("[")
    if not bracket:
        return fnmatchcase(case.name, wanted)
    pattern = f"{name.rstrip() or '*'}[[]{case_id}"  # a bracket is no set of letters here
    return fnmatchcase(case.case, pattern) or fnmatchcase(case.name, wanted.replace("[", "[[]"))


def _failed_gate(wanted: str, facts: Facts) -> str:
    gates = [gate for gate in facts.gates if fnmatchcase(gate.gate, wanted)]
    if not gates:
        return f"the last run has no gate {wanted}"
    for gate in gates:
        waived = gate.waiver is not None and gate.waiver.until >= facts.today
        if not (gate.passed or waived):
            return f"the gate {gate.gate} failed: {gate.sentence}"
    return ""


def _too_little(evidence: Evidence, values: dict[str, Any]) -> str:
    for name, least in evidence.least.items():
        value = values.get(name)
        if not isinstance(value, int | float) or not value >= least:
            return f"{evidence.report}: {name} is {value}, and not at least {least:g}"
    return ""


def _unreviewed(document: str, reviewed: date | None, today: date) -> str:
    if reviewed is None:
        return f"{document}: once somebody has reviewed it, the row says `reviewed: {today}`"
    recent = timedelta() <= today - reviewed <= YEAR
    return "" if recent else f"{document} was reviewed {reviewed}: not within a year"


def rows(root: Path) -> dict[str, Row]:
    """The 28 rows by their ids. Raises UserError if the file is broken, or has others."""
    named = read(root, ROWS, dict[str, Row])
    if unknown := [name for name in named if name not in IDS]:
        raise UserError(
            f"{ROWS}: {', '.join(unknown)} is no row of the ML Test Score: "
            f"they are {', '.join(f'{part}1 to {part}7' for part in PARTS)}"
        )
    if missing := [name for name in IDS if name not in named]:
        raise UserError(
            f"{ROWS} has no {', '.join(missing)}: a row that nothing tests yet has `evidence: []`"
        )
    return {name: named[name] for name in IDS}


def gather(root: Path, asked: dict[str, Row], today: date) -> Facts:
    """Read what the last check and the last run left of all that the rows name."""
    store = Store(root, root)
    code = (file for name in CODE for file in (root / name, *(root / name).rglob("*")))
    ours = (file for file in code if file.is_file() and "__pycache__" not in file.parts)
    newest = max(ours, key=_modified)
    untested, cases = _check(store, newest)
    outdated, stages = _run(root)
    made = {out["path"] for stage in stages.values() for out in stage.get("outs", [])}
    judged = GATES in made and (root / GATES).is_file()  # by the run, and by no person
    gates = store.read_json(root / GATES) if judged else []
    values, unusable = {}, {}
    for evidence in (evidence for row in asked.values() for evidence in row.evidence):
        name = evidence.report or evidence.document
        if name and not (root / name).is_file():
            unusable[name] = f"{name} is missing"
        elif name in made and outdated:
            unusable[name] = outdated
        elif evidence.report and name not in made and _modified(root / name) <= _modified(newest):
            unusable[name] = f"{name} is older than {store.name(newest)}"
        elif evidence.report:
            values[name] = typed(store.read_json(root / name), name, dict[str, Any])
    verdicts = typed(gates, GATES, list[Verdict])
    return Facts(today, untested, cases, outdated, set(stages), verdicts, values, unusable)


def judge_all(asked: dict[str, Row], facts: Facts) -> dict[str, Answer]:
    """The answers of all rows; of those on label, joins and features, not yet without hand work."""
    answers = {name: judge(row, facts) for name, row in asked.items()}
    if missing := asked_in(facts.cases):
        why = f"to be worked out by hand, in tests/by_hand.py: {'; '.join(missing)}"
        answers |= {name: Answer(0, [*answers[name].why, why]) for name in BY_HAND}
    return answers


def table(asked: dict[str, Row], answers: Mapping[str, Answer]) -> Iterator[str]:
    """The score for a terminal of 100 columns."""
    points = parts(answers)
    least = min(points.values())
    yield f"{least:g} of 7, the lowest of four parts: {reading(least)}"
    for part, title in PARTS.items():
        yield f"\n{title}: {points[part]:g} of 7"
        for name in (name for name in asked if name.startswith(part)):
            start = f"{name}  {answers[name].points:>3g}  "
            yield textwrap.fill(start + asked[name].asks, 100, subsequent_indent=" " * 9)
            for why in answers[name].why:
                yield textwrap.fill(f"{'→':>10} {why}", 100, subsequent_indent=" " * 11)


def write(store: Store, asked: dict[str, Row], answers: Mapping[str, Answer], facts: Facts) -> Path:
    """Leave the score as JSON and as a page; returns where the page is."""
    points = parts(answers)
    least = min(points.values())
    summary = {"score": least, "reading": reading(least), "parts": points}
    rows = {name: asdict(answer) for name, answer in answers.items()}
    store.write_json(store.report("ml-test-score.json"), {**summary, "rows": rows})
    text = page(
        "quality/score/ml_test_score.html",
        project=about(store.repository),
        reports=facts.reports,
        rows=asked,
        answers=answers,
        titles=PARTS,
        readings=READINGS,
        **summary,
    )
    store.write_text(store.report("ml-test-score.html"), text)
    return store.report("ml-test-score.html")


def _modified(file: Path) -> float:
    return file.stat().st_mtime


def _check(store: Store, newest: Path) -> tuple[str, list[Case]]:
    """Why the tests of the last check don't count, if they don't, and what they said."""
    cases, started = [], []
    for report in reports(store.root):
        if isinstance(report, UserError):
            raise report
        cases += [case for case in report.cases if (store.root / case.file).is_file()]
        started.append(report.started)
    if not cases:
        return "no check has run: `uv run keel check`", []
    if min(started) <= _modified(newest):
        return f"{store.name(newest)} is newer than the last check: `uv run keel check`", cases
    return "", cases


def _run(root: Path) -> tuple[str, dict[str, Any]]:
    """Why the last run does not count, if it does not, and what DVC noted of each stage."""
    lock = root / "dvc.lock"
    if not lock.is_file():
        return "no pipeline has run: `uv run keel run`", {}
    changed = json.loads(must(root, "dvc", "status", "--json"))
    stages: dict[str, Any] = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"]
    outdated = f"{', '.join(changed)} changed since the last run: `uv run keel run`"
    return outdated if changed else "", stages
