"""The ML Test Score: which of its 28 rows the last check and the last run give a point.

A row has one point when all tests, stages, gates and reports that it names ran and passed, half a
point when it names documents only, which somebody reviewed within a year, and else none. What is
older than the code does not count. Source: Breck et al., The ML Test Score, IEEE Big Data 2017.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Self

from pydantic import BaseModel, model_validator

from keel.judge.gates import Verdict
from keel.quality.records.junit import Case

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


@dataclass(frozen=True)
class Score:
    """The answers of the rows, and what they come to."""

    answers: Mapping[str, Answer]

    @property
    def parts(self) -> dict[str, float]:
        """The points of each part, of 7."""
        points = {name: answer.points for name, answer in self.answers.items()}
        return {part: sum(points[n] for n in points if n.startswith(part)) for part in PARTS}

    @property
    def least(self) -> float:
        """The score: a chain is as strong as its weakest link."""
        return min(self.parts.values())


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
