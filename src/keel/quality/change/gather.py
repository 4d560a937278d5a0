"""Can we keep changing it: the figures of code, debt, decisions, people and quality attributes.

Each part is read by itself, so that a broken file takes away no more than its own figures.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
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
from keel.quality.records.churn import Change, changes
from keel.quality.records.documents import months_later, read
from keel.quality.records.figures import Figure, about, guarded
from keel.quality.records.settings import Quality
from keel.quality.records.tracked import CUT_OFF, added, is_cut_off

BY_CHANGES = ("code.hotspots", "debt.share", "people.authors")
Content = TypeVar("Content")


@dataclass(frozen=True)
class Work:
    """What the parts read of a project, each thing once and only if it is asked for."""

    root: Path
    today: date
    settings: Quality

    @cached_property
    def came(self) -> dict[str, date]:
        """Since when Git has the files that people write."""
        names = (attributes.FILE, debt.FILE, decisions.OPEN, decisions.FOLDER)
        return added(self.root, self.today, *names)

    @cached_property
    def changes(self) -> list[Change]:
        """Those that any part looks at."""
        settings = self.settings
        months = max(settings.code.months, settings.debt.months, settings.people.months)
        return changes(self.root, months_later(self.today, -months), self.today)

    def lately(self, months: int) -> list[Change]:
        """The changes of the last months."""
        start = months_later(self.today, -months)
        return [change for change in self.changes if change.day >= start]


def figures(work: Work, others: Sequence[Figure] = ()) -> list[Figure]:
    """All of them; quality attributes name these figures and `others` of the page."""
    parts = {"Code": _code, "Debt": _debt, "Decisions": _decisions, "People": _people}
    made = [
        figure
        for title, part in parts.items()
        for figure in guarded("change", title, partial(part, work))
    ]
    if is_cut_off(work.root):
        made = [about(f.name).unknown(CUT_OFF) if f.name in BY_CHANGES else f for f in made]
    named = [*others, *made]
    return [*made, *guarded("change", "Attributes", lambda: _attributes(work, named))]


def problems(root: Path, today: date) -> list[str]:
    """What is wrong with what people wrote, a sentence each that says how to mend it."""
    return [
        *attributes.problems(root),
        *decided.problems(root, attributes.names(root), today),
        *debt.problems(root, today),
        *people.problems(root, today),
        *owners.problems(root),
    ]


def _code(work: Work) -> Iterator[Figure]:
    root, settings = work.root, work.settings.code
    files = code.read(root, settings.paths)
    yield from code.figures(files, work.lately(settings.months), settings)
    yield from tests.figures(tests.gather(root), _package(root), settings)
    try:
        days = packages.read(root)
    except UserError as error:
        yield about("code.packages").broken(str(error))
    else:
        yield packages.figure(days, packages.direct(root), work.today, settings)


def _package(root: Path) -> str:
    try:
        return package(root)
    except UserError:  # a broken pyproject.toml is for uv to tell
        return root.name


def _debt(work: Work) -> Iterable[Figure]:
    settings, today = work.settings.debt, work.today
    lately = work.lately(settings.months)
    made = _of_file(
        work.root,
        debt.FILE,
        dict[debt.Name, debt.Entry],
        debt.REGISTERED,
        lambda register: debt.of_register(register, work.came[debt.FILE], today, settings),
    )
    return [*made, debt.share(lately, settings)]


def _decisions(work: Work) -> Iterable[Figure]:
    root, today, came = work.root, work.today, work.came
    months = work.settings.decisions.review_months
    records = decisions.records(root, came, today, months)
    early = _of_file(
        root,
        decisions.OPEN,
        dict[str, decisions.Early],
        ["decisions.open"],
        lambda wanted: [decisions.early(wanted, records, came[decisions.OPEN], today)],
    )
    return [decisions.review(records, today), *early]


def _people(work: Work) -> Iterable[Figure]:
    settings = work.settings.people
    return _of_file(
        work.root,
        people.FILE,
        people.Team,
        people.FIGURES,
        lambda team: people.figures(team, work.lately(settings.months), work.today, settings),
    )


def _attributes(work: Work, others: Sequence[Figure]) -> Iterable[Figure]:
    months, came = work.settings.attributes.review_months, work.came[attributes.FILE]
    return _of_file(
        work.root,
        attributes.FILE,
        attributes.Attributes,
        ["attributes.measured"],
        lambda asked: [attributes.figure(asked, others, came, work.today, months)],
    )


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
    return figures(content)
