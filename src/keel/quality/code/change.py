"""Can we keep changing it: the figures of code, debt, decisions, people and quality attributes.

Each part is read by itself, so that a broken file takes away no more than its own figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path

from keel.project.errors import UserError, reason
from keel.quality.code import layers, measures, packages, upkeep
from keel.quality.records import attributes, debt, decisions, people
from keel.quality.records.churn import Change, changes
from keel.quality.records.documents import months_later, read
from keel.quality.records.figures import About, Figure, guarded
from keel.quality.records.settings import Quality
from keel.quality.records.tracked import CUT_OFF, added, is_cut_off

PACKAGE = __name__.partition(".")[0]
BY_CHANGES = (upkeep.HOTSPOTS, debt.SHARE, people.AUTHORS)


@dataclass(frozen=True)
class Project:
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


def figures(project: Project, others: Sequence[Figure] = ()) -> list[Figure]:
    """All of them; quality attributes name these figures and `others` of the page."""
    parts = {"Code": _code, "Debt": _debt, "Decisions": _decisions, "People": _people}
    found = [
        figure
        for title, part in parts.items()
        for figure in guarded("change", title, partial(part, project))
    ]
    if is_cut_off(project.root):
        unknown = {about.name: about.unknown(CUT_OFF) for about in BY_CHANGES}
        found = [unknown.get(figure.name, figure) for figure in found]
    named = [*others, *found]
    return [*found, *guarded("change", "Attributes", lambda: _attributes(project, named))]


def problems(root: Path) -> list[str]:
    """What is wrong with what people wrote, a sentence each that says how to mend it."""
    return [
        *attributes.problems(root),
        *decisions.problems(root, attributes.names(root)),
        *debt.problems(root),
        *people.problems(root),
    ]


def _code(project: Project) -> Iterator[Figure]:
    root, code = project.root, project.settings.code
    files = measures.now(root, code.paths, code.lines)
    past = measures.before(root, code.paths, code.lines, project.today, code.months)
    past[project.today] = files
    yield from upkeep.figures(files, past, project.lately(code.months), code)
    yield from layers.figures(layers.gather(root), PACKAGE, code)
    try:
        days = packages.read(root)
    except UserError as error:
        yield packages.AGE.broken(str(error))
    else:
        yield from packages.figures(days, packages.direct(root), project.today, code)


def _debt(project: Project) -> Iterator[Figure]:
    root, today, settings = project.root, project.today, project.settings.debt
    lately = project.lately(settings.months)
    try:
        register = read(root, debt.FILE, dict[debt.Name, debt.Entry])
    except UserError as error:
        yield from _broken((debt.INTEREST, debt.AGE, debt.PAID), error)
        yield debt.share(lately, settings)
    else:
        yield from debt.figures(register, lately, project.came[debt.FILE], today, settings)


def _decisions(project: Project) -> Iterator[Figure]:
    root, today = project.root, project.today
    months = project.settings.decisions.review_months
    found = decisions.records(root, project.came, today, months)
    yield decisions.review(found, today)
    try:
        early = read(root, decisions.OPEN, dict[str, decisions.Early])
    except UserError as error:
        yield from _broken((decisions.EARLY,), error)
    else:
        yield decisions.early(early, found, project.came[decisions.OPEN], today)


def _people(project: Project) -> Iterator[Figure]:
    settings = project.settings.people
    try:
        team = read(project.root, people.FILE, people.Team)
    except UserError as error:
        yield from _broken((people.EXPERTS, people.AUTHORS, people.TASKS), error)
    else:
        yield from people.figures(team, project.lately(settings.months), project.today, settings)


def _attributes(project: Project, others: Sequence[Figure]) -> Iterator[Figure]:
    months = project.settings.attributes.review_months
    try:
        asked = read(project.root, attributes.FILE, attributes.Attributes)
    except UserError as error:
        yield from _broken((attributes.MEASURED,), error)
    else:
        came = project.came[attributes.FILE]
        yield attributes.figure(asked, others, came, project.today, months)


def _broken(abouts: Sequence[About], error: UserError) -> Iterator[Figure]:
    for about in abouts:
        yield replace(about.broken(reason(error)), notes=str(error).splitlines())
