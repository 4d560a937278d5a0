"""The ML Test Score: what the last check and the last run show, and what they don't."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from keel.data.store import Store
from keel.judge.gates import Verdict
from keel.project.about import about
from keel.project.commands import must
from keel.project.errors import UserError
from keel.quality.records.documents import read, typed
from keel.quality.records.junit import Case, asked_in, reports
from keel.quality.score.ml_test_score import (
    IDS,
    PARTS,
    READINGS,
    Answer,
    Facts,
    Row,
    Score,
    judge,
    reading,
)
from keel.show.pages import page

ROWS, GATES = "docs/ml-test-score.yaml", "reports/gates.json"
BY_HAND = ("D7", "I3")  # rows that a test of code by itself can't answer
CODE = ("conf", "src", "tests", "dvc.yaml", "pyproject.toml", "uv.lock")


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
    newest = max(_code(root), key=_modified)
    untested, cases = _check(store, newest)
    outdated, stages = _run(root)
    made = {out["path"] for stage in stages.values() for out in stage.get("outs", [])}
    ours = GATES in made and (root / GATES).is_file()  # and no person's
    gates = store.read_json(root / GATES) if ours else []
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
    return Facts(
        today=today,
        untested=untested,
        cases=cases,
        outdated=outdated,
        stages=set(stages),
        gates=typed(gates, GATES, list[Verdict]),
        reports=values,
        unusable=unusable,
    )


def judge_all(asked: dict[str, Row], facts: Facts) -> Score:
    """The answers of all rows; of those on label, joins and features, not yet without hand work."""
    answers = {name: judge(row, facts) for name, row in asked.items()}
    if missing := asked_in(facts.cases):
        why = f"to be worked out by hand, in tests/by_hand.py: {'; '.join(missing)}"
        answers |= {name: Answer(0, [*answers[name].why, why]) for name in BY_HAND}
    return Score(answers)


def table(asked: dict[str, Row], score: Score) -> Iterator[str]:
    """The score for a terminal of 100 columns."""
    yield f"{score.least:g} of 7, the least of four parts: {reading(score.least)}"
    for part, title in PARTS.items():
        yield f"\n{title}: {score.parts[part]:g} of 7"
        for name in (name for name in asked if name.startswith(part)):
            start = f"{name}  {score.answers[name].points:>3g}  "
            yield textwrap.fill(start + asked[name].asks, 100, subsequent_indent=" " * 9)
            for why in score.answers[name].why:
                yield textwrap.fill(f"{'→':>10} {why}", 100, subsequent_indent=" " * 11)


def write(store: Store, asked: dict[str, Row], score: Score, facts: Facts) -> Path:
    """Leave the score as JSON and as a page; returns where the page is."""
    summary = {"score": score.least, "reading": reading(score.least), "parts": score.parts}
    points = {name: asdict(answer) for name, answer in score.answers.items()}
    store.write_json(store.report("ml-test-score.json"), {**summary, "rows": points})
    text = page(
        "quality/score/ml_test_score.html",
        project=about(store.repository),
        reports=facts.reports,
        rows=asked,
        answers=score.answers,
        titles=PARTS,
        readings=READINGS,
        **summary,
    )
    store.write_text(store.report("ml-test-score.html"), text)
    return store.report("ml-test-score.html")


def _code(root: Path) -> Iterator[Path]:
    """The files on which it depends what the tests say."""
    for name in CODE:
        for file in (root / name, *(root / name).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


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
