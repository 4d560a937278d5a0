"""Who knows what: areas of the project with their experts, and the daily tasks.

It asks whether enough people know a part, and never who did how much.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from annotated_types import MinLen
from pathspec import GitIgnoreSpec

from keel.project.settings import Section
from keel.quality.records.documents import PEOPLE, Past, Text, plural
from keel.quality.records.figures import Figure, about
from keel.quality.records.history import files
from keel.quality.records.settings import People

FILE = PEOPLE


class Area(Section):
    """A part of the project, and who knows it."""

    paths: Annotated[list[Text], MinLen(1)]  # as in .gitignore
    experts: list[str]


class Task(Section):
    """Something to do each day or week, how, and who can: each with the day they last did."""

    what: Text
    runbook: Text
    experts: list[str]
    can: dict[str, Past | None]

    @property
    def by_others(self) -> date | None:
        """When somebody who is not the expert did it last."""
        days = [day for name, day in self.can.items() if day and name not in self.experts]
        return max(days, default=None)


class Team(Section):
    """The whole file."""

    people: dict[str, Text]
    areas: dict[str, Area]
    tasks: dict[str, Task]


def figures(team: Team, today: date, people: People) -> list[Figure]:
    """Areas with one person, and tasks with one."""
    return [_experts(team, people), _tasks(team, today, people)]


def problems(team: Team, root: Path) -> Iterator[str]:
    """What is wrong with the file."""
    named = {f"areas.{name}.experts": area.experts for name, area in team.areas.items()}
    named |= {f"tasks.{name}.experts": task.experts for name, task in team.tasks.items()}
    named |= {f"tasks.{name}.can": list(task.can) for name, task in team.tasks.items()}
    for field, people in named.items():
        for person in people:
            if person not in team.people:
                yield f"{FILE}: {field} names {person!r}, who is not among people: add them there"
    names = files(root)
    for name, area in team.areas.items():
        if not any(GitIgnoreSpec.from_lines(area.paths).match_files(names)):
            yield f"{FILE}: areas.{name}.paths fit no file: {', '.join(area.paths)}"
    for name, task in team.tasks.items():
        runbook = task.runbook.partition("#")[0]
        if "://" not in runbook and not (root / runbook).is_file():
            yield f"{FILE}: tasks.{name}.runbook is {task.runbook}: there is no such file"


def strangers(team: Team | None, named: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The places that name somebody who is not among the people, where these are written down."""
    people = {**team.people} if team else {}
    known = {name.casefold() for pair in people.items() for name in pair}
    for place, person in named if known else ():
        if person.casefold() not in known:
            yield f"{place} is {person!r}, who is not among people in {FILE}: add them there"


def _experts(team: Team, people: People) -> Figure:
    if not any(area.experts for area in team.areas.values()):
        return about("people.experts").unknown(f"{FILE} names no experts")
    few = {n: a.experts for n, a in team.areas.items() if len(set(a.experts)) < people.least}
    text = f"{len(few)} of {plural(len(team.areas), 'area')}"
    target = f"{people.least} experts for each"
    figure = about("people.experts").lapses(len(few), len(team.areas), text, target)
    return figure.also(f"{area}: {plural(len(set(few[area])), 'expert')}" for area in few)


def _tasks(team: Team, today: date, people: People) -> Figure:
    if not any(task.can for task in team.tasks.values()):
        return about("people.tasks").unknown(f"{FILE} does not say who can do the daily tasks")
    alone = [task for task in team.tasks.values() if _is_alone(task, today, people)]
    text = f"{len(team.tasks) - len(alone)} of {plural(len(team.tasks), 'task')}"
    target = f"each by somebody else within {plural(people.others_days, 'day')}"
    figure = about("people.tasks").lapses(len(alone), len(team.tasks), text, target)
    return figure.also(_sentence(name, task) for name, task in team.tasks.items())


def _is_alone(task: Task, today: date, people: People) -> bool:
    others = task.by_others
    late = others is None or (today - others).days > people.others_days
    return late or len(task.can) < people.least


def _sentence(name: str, task: Task) -> str:
    others = f"last done by somebody else {task.by_others}" if task.by_others else "by no other yet"
    return (
        f"{name}: {task.what}. {plural(len(task.can), 'person', 'people')} can, {others}; "
        f"{task.runbook}"
    )
