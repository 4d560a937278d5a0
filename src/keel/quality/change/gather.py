"""Can we keep changing it: the figures of code, debt, decisions, people and quality attributes.

Each part is read by itself, so that a broken file takes away no more than its own figures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from keel.project.about import package
from keel.project.errors import UserError
from keel.quality.change import attributes, code, debt, decisions, people
from keel.quality.records.documents import Files, months_later, read
from keel.quality.records.figures import Figure, about, guarded
from keel.quality.records.history import CUT_OFF, added, changes, is_cut_off
from keel.quality.records.settings import Code, Quality


@dataclass(frozen=True)
class Written:
    """What several parts go by: the decisions, and since when Git has the files."""

    root: Path
    today: date
    came: Mapping[str, date]
    records: Sequence[decisions.Record]


def gather(root: Path, today: date) -> Written:
    """Read it."""
    came = added(root, today, attributes.FILE, debt.FILE, decisions.OPEN, decisions.FOLDER)
    return Written(root, today, came, decisions.records(root, came, today))


def problems(written: Written) -> list[str]:
    """What is wrong with what people wrote, a sentence each that says how to fix it.

    What is missing is no problem: the page says so.
    """
    root = written.root
    files = Files(root, written.today)
    early = files.read(decisions.OPEN, dict[str, decisions.Early]) or {}
    register = files.read(debt.FILE, debt.Register)
    team = files.read(people.FILE, people.Team)
    ranked = files.read(attributes.FILE, attributes.Attributes)
    files.wrong = {file: why for file, why in files.wrong.items() if (root / file).exists()}
    wrong = files.problems
    wrong += decisions.problems(written.records, early, list(ranked.scenarios) if ranked else None)
    if debt.FILE not in files.wrong:
        wrong += debt.problems(register or {}, debt.markers(root))
    wrong += people.problems(team, root) if team else []
    owners = [(f"{debt.FILE}: {n}.owner", e.owner) for n, e in (register or {}).items()]
    wrong += people.strangers(team, owners)
    return wrong


def figures(written: Written, settings: Quality, others: Sequence[Figure] = ()) -> list[Figure]:
    """All of them; quality attributes name these figures and `others` of the page."""
    root, today, came = written.root, written.today, written.came

    def of(file: str, kind: Any, make: Callable[..., list[Figure]], names: str) -> list[Figure]:
        title = Path(file).stem
        return guarded("change", title, lambda: make(read(root, file, kind, today)), names)

    def owed(register: debt.Register) -> list[Figure]:
        return debt.figures(register, came[debt.FILE], today, settings.debt)

    def open_(early: Mapping[str, decisions.Early]) -> list[Figure]:
        return [decisions.early(early, written.records, came[decisions.OPEN], today)]

    def known(team: people.Team) -> list[Figure]:
        return people.figures(team, today, settings.people)

    def ranked(its: attributes.Attributes) -> list[Figure]:
        later = months_later(came[attributes.FILE], attributes.REVIEW)
        return [attributes.figure(its, [*others, *made], later, today)]

    made = [
        *guarded("change", "Code", lambda: _code(root, settings.code, today)),
        *guarded("change", "Tests", lambda: code.of_tests(root, _package(root), settings.code)),
        *of(debt.FILE, debt.Register, owed, "debt."),
        decisions.review(written.records, today),
        *of(decisions.OPEN, dict[str, decisions.Early], open_, "decisions.open"),
        *of(people.FILE, people.Team, known, "people."),
    ]
    return [*made, *of(attributes.FILE, attributes.Attributes, ranked, "attributes.measured")]


def _code(root: Path, settings: Code, today: date) -> list[Figure]:
    lately = changes(root, months_later(today, -code.MONTHS))
    made = code.figures(code.read(root, settings.paths), lately, settings)
    if is_cut_off(root):
        made[0] = about("code.hotspots").unknown(CUT_OFF)
    return made


def _package(root: Path) -> str:
    try:
        return package(root)
    except UserError:  # a broken pyproject.toml is for uv to tell
        return root.name
