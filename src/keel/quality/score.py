"""The ML Test Score: what the last check and the last run show, and what they don't."""

import json
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from keel.data.store import Store
from keel.project.commands import must
from keel.project.errors import UserError
from keel.quality import ml_test_score as score
from keel.quality.ml_test_score import PARTS, Case, Facts, Gate, Row, Verdict
from keel.show.pages import page

ROWS, GATES, TESTS = "docs/ml-test-score.yaml", "reports/gates.json", "reports/tests"
CODE = ("conf", "src", "tests", "dvc.yaml", "pyproject.toml", "uv.lock")
Content = TypeVar("Content")


def main(root: Path, arguments: list[str]) -> int:
    """Print the score, and write it to `reports/` as JSON and as a page to look at."""
    if arguments:
        raise UserError(f"score takes no arguments, and got {' '.join(arguments)}")
    asked = rows(root)
    facts = gather(root, asked, datetime.now(UTC).date())
    verdicts = {name: score.judge(row, facts) for name, row in asked.items()}
    print("\n".join(table(asked, verdicts)))
    write(Store(root, root), asked, verdicts, facts)
    print(f"\nThe page: {root / 'reports/ml-test-score.html'}")
    return 0


def rows(root: Path) -> dict[str, Row]:
    """The 28 rows by their ids. Raises UserError if the file is broken, or has others."""
    if not (root / ROWS).is_file():
        raise UserError(f"{ROWS} is missing: `git restore {ROWS}`")
    try:
        content = yaml.safe_load((root / ROWS).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{ROWS} is not YAML: {error}") from error
    found = _typed(dict[str, Row], content, ROWS)
    if unknown := [name for name in found if name not in score.IDS]:
        raise UserError(
            f"{ROWS}: {', '.join(unknown)} is no row of the ML Test Score: "
            f"they are {', '.join(f'{part}1 to {part}7' for part in PARTS)}"
        )
    if missing := [name for name in score.IDS if name not in found]:
        raise UserError(
            f"{ROWS} has no {', '.join(missing)}: a row that nothing tests yet has `evidence: []`"
        )
    return {name: found[name] for name in score.IDS}


def gather(root: Path, asked: dict[str, Row], today: date) -> Facts:
    """Read what the last check and the last run left of all that the rows name."""
    store = Store(root, root)
    newest = max(_code(root), key=_modified)
    untested, cases = _check(store, newest)
    outdated, stages = _run(root)
    made = {out["path"] for stage in stages.values() for out in stage.get("outs", [])}
    ours = GATES in made and (root / GATES).is_file()  # and no person's
    gates = store.read_json(root / GATES) if ours else []
    reports, unusable = {}, {}
    for evidence in (evidence for row in asked.values() for evidence in row.evidence):
        name = evidence.report or evidence.document
        if name and not (root / name).is_file():
            unusable[name] = f"{name} is missing"
        elif name in made and outdated:
            unusable[name] = outdated
        elif evidence.report and name not in made and _modified(root / name) <= _modified(newest):
            unusable[name] = f"{name} is older than {store.name(newest)}"
        elif evidence.report:
            reports[name] = _typed(dict[str, Any], store.read_json(root / name), name)
    return Facts(
        today=today,
        untested=untested,
        cases=cases,
        outdated=outdated,
        stages=set(stages),
        gates=_typed(list[Gate], gates, GATES),
        reports=reports,
        unusable=unusable,
    )


def table(asked: dict[str, Row], verdicts: dict[str, Verdict]) -> Iterator[str]:
    """The score for a terminal of 100 columns."""
    totals = score.parts(verdicts)
    least = min(totals.values())
    yield f"{least:g} of 7, the least of four parts: {score.reading(least)}"
    for part, title in PARTS.items():
        yield f"\n{title}: {totals[part]:g} of 7"
        for name in (name for name in asked if name.startswith(part)):
            start = f"{name}  {verdicts[name].points:>3g}  "
            yield textwrap.fill(start + asked[name].asks, 100, subsequent_indent=" " * 9)
            for why in verdicts[name].why:
                start = f"{'→':>10} "
                yield textwrap.fill(start + why, 100, subsequent_indent=" " * 11)


def write(store: Store, asked: dict[str, Row], verdicts: dict[str, Verdict], facts: Facts) -> None:
    """Leave the score as JSON and as a page."""
    totals = score.parts(verdicts)
    least = min(totals.values())
    found = {"score": least, "reading": score.reading(least), "parts": totals}
    points = {name: asdict(verdict) for name, verdict in verdicts.items()}
    store.write_json(store.report("ml-test-score.json"), {**found, "rows": points})
    context = {"rows": asked, "verdicts": verdicts, "titles": PARTS, "readings": score.READINGS}
    about = {"project": project(store.repository), "reports": facts.reports}
    text = page("ml_test_score.html", **about, **found, **context)
    store.write_text(store.report("ml-test-score.html"), text)


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
    found, started = [], []
    for file in sorted((store.root / TESTS).rglob("*.xml")):
        try:
            report = ET.parse(file)  # noqa: S314 -- the project's own tests wrote it
            times = [suite.attrib["timestamp"] for suite in report.iter("testsuite")]
            started += [datetime.fromisoformat(time).timestamp() for time in times]
            found += [_case(case, file) for case in report.iter("testcase")]
        except (ET.ParseError, KeyError, ValueError) as error:
            raise UserError(
                f"{store.name(file)} can't be read ({error}): `uv run keel check` makes it anew"
            ) from error
    cases = [case for case in found if (store.root / case.file).is_file()]
    if not cases:
        return "no check has run: `uv run keel check`", []
    if min(started) <= _modified(newest):
        return f"{store.name(newest)} is newer than the last check: `uv run keel check`", cases
    return "", cases


def _case(case: ET.Element, report: Path) -> Case:
    """A test of pytest's, which says its file, or of behave's, which names a report after it."""
    feature = report.stem.removeprefix("TESTS-").replace(".", "/")
    file = case.get("file", f"tests/acceptance/{feature}.feature")
    name = case.attrib["name"].partition("[" if "file" in case.attrib else " -- @")[0]
    marks = {mark.tag for mark in case}
    if marks & {"failure", "error"}:
        return Case(file, name, "failed")
    return Case(file, name, "was skipped" if "skipped" in marks else "")


def _run(root: Path) -> tuple[str, dict[str, Any]]:
    """Why the last run does not count, if it does not, and what DVC noted of each stage."""
    lock = root / "dvc.lock"
    if not lock.is_file():
        return "no pipeline has run: `uv run keel run`", {}
    changed = json.loads(must(root, "dvc", "status", "--json"))
    stages: dict[str, Any] = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"]
    outdated = f"{', '.join(changed)} changed since the last run: `uv run keel run`"
    return outdated if changed else "", stages


def _typed(kind: type[Content], content: object, place: str) -> Content:
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        lines = [
            f"{place}: {'.'.join(map(str, problem['loc'])) or 'all of it'} is "
            f"{problem['input']!r}: {problem['msg'].lower()}"
            for problem in error.errors()
        ]
        raise UserError("\n".join(lines)) from error
