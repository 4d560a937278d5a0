"""Can we keep changing it: the figures of code, debt, decisions, people and quality attributes.

Each part is read by itself, so that a broken file takes away no more than its own figures.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from keel.project.about import package
from keel.project.errors import UserError
from keel.quality.change import attributes, code, debt, decisions, people, tests
from keel.quality.records.documents import Files, months_later
from keel.quality.records.figures import Figure, about, guarded
from keel.quality.records.settings import Code, Quality
from keel.quality.records.tracked import CUT_OFF, added, changes, is_cut_off

Content = TypeVar("Content")


@dataclass(frozen=True)
class Written:
    """What people wrote; None where it is missing or broken, and `wrong` says which, by file."""

    records: Sequence[decisions.Record]
    early: Mapping[str, decisions.Early] | None
    register: debt.Register | None
    team: people.Team | None
    ranked: attributes.Attributes | None
    came: Mapping[str, date]  # since when Git has the files
    wrong: Mapping[str, str]


def gather(root: Path, today: date) -> Written:
    """Read what people wrote."""
    came = added(root, today, attributes.FILE, debt.FILE, decisions.OPEN, decisions.FOLDER)
    files = Files(root, today)
    return Written(
        decisions.records(root, came, today),
        files.read(decisions.OPEN, dict[str, decisions.Early]),
        files.read(debt.FILE, debt.Register),
        files.read(people.FILE, people.Team),
        files.read(attributes.FILE, attributes.Attributes),
        came,
        files.wrong,
    )


def problems(root: Path, written: Written) -> list[str]:
    """What is wrong with it, a sentence each that says how to mend it; the page says what lacks."""
    broken = {file: why for file, why in written.wrong.items() if (root / file).exists()}
    wrong = [line for why in broken.values() for line in why.splitlines()]
    names = list(written.ranked.scenarios) if written.ranked else None
    wrong += decisions.problems(written.records, written.early or {}, names)
    if debt.FILE not in broken:
        wrong += debt.problems(written.register or {}, debt.markers(root))
    wrong += people.problems(written.team, root) if written.team else []
    owners = [(f"{debt.FILE}: {n}.owner", e.owner) for n, e in (written.register or {}).items()]
    wrong += people.strangers(written.team, owners)
    return wrong


def figures(
    root: Path, written: Written, settings: Quality, today: date, others: Sequence[Figure] = ()
) -> list[Figure]:
    """All of them; quality attributes name these figures and `others` of the page."""
    came = written.came

    def of(
        file: str,
        content: Content | None,
        names: Iterable[str],
        make: Callable[[Content], list[Figure]],
    ) -> list[Figure]:
        if content is None:
            return [about(name).fails(written.wrong[file]) for name in names]
        return guarded("change", Path(file).stem, lambda: make(content))

    def owed(register: debt.Register) -> list[Figure]:
        return debt.figures(register, came[debt.FILE], today, settings.debt)

    def open_(early: Mapping[str, decisions.Early]) -> list[Figure]:
        return [decisions.early(early, written.records, came[decisions.OPEN], today)]

    def known(team: people.Team) -> list[Figure]:
        return people.figures(team, today, settings.people)

    def ranked(attributes_: attributes.Attributes) -> list[Figure]:
        later = months_later(came[attributes.FILE], attributes.REVIEW)
        return [attributes.figure(attributes_, [*others, *made], later, today)]

    made = [
        *guarded("change", "Code", lambda: _code(root, settings.code, today)),
        *guarded("change", "Tests", lambda: tests.figures(root, _package(root), settings.code)),
        *of(debt.FILE, written.register, debt.FIGURES, owed),
        decisions.review(written.records, today),
        *of(decisions.OPEN, written.early, ["decisions.open"], open_),
        *of(people.FILE, written.team, people.FIGURES, known),
    ]
    return [*made, *of(attributes.FILE, written.ranked, ["attributes.measured"], ranked)]


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
