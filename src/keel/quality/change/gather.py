"""Can we keep changing it: the figures of code, debt, decisions, people and quality attributes.

Each part is read by itself, so that a broken file takes away no more than its own figures.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from keel.project.about import package
from keel.project.errors import UserError
from keel.quality.change import (
    attributes,
    code,
    debt,
    decided,
    decisions,
    owners,
    packages,
    people,
    tests,
)
from keel.quality.records.documents import listed, months_later, read
from keel.quality.records.figures import Figure, about, guarded
from keel.quality.records.settings import Code, Quality
from keel.quality.records.tracked import CUT_OFF, added, changes, is_cut_off

Content = TypeVar("Content")


def figures(
    root: Path, settings: Quality, today: date, others: Sequence[Figure] = ()
) -> list[Figure]:
    """All of them; quality attributes name these figures and `others` of the page."""
    written = (attributes.FILE, debt.FILE, decisions.OPEN, decisions.FOLDER)
    came = added(root, today, *written)  # since when Git has the files that people write
    months = settings.decisions.review_months
    records = decisions.records(root, came, today, months)
    made = [
        *guarded("change", "Code", lambda: _code(root, settings.code, today)),
        *guarded("change", "Tests", lambda: _tests(root, settings.code)),
        *_of_file(
            root,
            debt.FILE,
            debt.Register,
            debt.FIGURES,
            lambda register: debt.figures(register, came[debt.FILE], today, settings.debt),
        ),
        *guarded("change", "Decisions", lambda: [decisions.review(records, today)]),
        *_of_file(
            root,
            decisions.OPEN,
            dict[str, decisions.Early],
            ["decisions.open"],
            lambda wanted: [decisions.early(wanted, records, came[decisions.OPEN], today)],
        ),
        *_of_file(
            root,
            people.FILE,
            people.Team,
            people.FIGURES,
            lambda team: people.figures(team, today, settings.people),
        ),
    ]
    later = months_later(came[attributes.FILE], settings.attributes.review_months)
    measured = _of_file(
        root,
        attributes.FILE,
        attributes.Attributes,
        ["attributes.measured"],
        lambda asked: [attributes.figure(asked, [*others, *made], later, today)],
    )
    return [*made, *measured]


def problems(root: Path, today: date) -> list[str]:
    """What is wrong with what people wrote, a sentence each that says how to mend it."""
    wrong: list[str] = []
    nothing: dict[str, decisions.Early] = {}
    asked = _written(root, attributes.FILE, attributes.Attributes, None, wrong)
    register = _written(root, debt.FILE, debt.Register, {}, wrong)
    wanted = _written(root, decisions.OPEN, dict[str, decisions.Early], nothing, wrong)
    team = _written(root, people.FILE, people.Team, None, wrong)
    if asked:
        wrong += attributes.problems(asked)
    records = decisions.records(root, {}, today, 12)
    wrong += decided.problems(
        records, wanted or {}, list(asked.scenarios) if asked else None, today
    )
    if register is not None:
        wrong += debt.problems(register, debt.markers(root), today)
    if team:
        wrong += [*people.problems(team, root, today), *owners.problems(team, root)]
    return wrong


def _written(
    root: Path, file: str, kind: type[Content], missing: Content | None, wrong: list[str]
) -> Content | None:
    """What people wrote in a file; None where it is broken, which is then told in `wrong`."""
    try:
        return read(root, file, kind) if (root / file).exists() else missing
    except UserError as error:
        wrong += listed(error)
        return None


def _code(root: Path, settings: Code, today: date) -> Iterable[Figure]:
    lately = changes(root, months_later(today, -settings.months))
    made = code.figures(code.read(root, settings.paths), lately, settings)
    if is_cut_off(root):
        hotspots = about("code.hotspots").unknown(CUT_OFF)
        made = [hotspots if figure.name == hotspots.name else figure for figure in made]
    yield from made
    try:
        yield packages.figure(packages.read(root), packages.direct(root), today, settings)
    except UserError as error:
        yield about("code.packages").broken(str(error))


def _tests(root: Path, settings: Code) -> Iterable[Figure]:
    try:
        name = package(root)
    except UserError:  # a broken pyproject.toml is for uv to tell
        name = root.name
    return tests.figures(tests.gather(root), name, settings)


def _of_file(
    root: Path,
    file: str,
    kind: type[Content],
    names: Iterable[str],
    figures: Callable[[Content], list[Figure]],
) -> list[Figure]:
    """The figures of a file that people write; those of these names say so if it is broken."""
    try:
        content = read(root, file, kind)
    except UserError as error:
        return [about(name).broken(str(error)) for name in names]
    return guarded("change", Path(file).stem, lambda: figures(content))
