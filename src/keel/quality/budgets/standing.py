"""How each objective stands: what people wrote below `docs/quality/`, and the events of it."""

import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.budgets import events
from keel.quality.budgets.budgets import Budget, Objective
from keel.quality.budgets.events import Events
from keel.quality.records.documents import (
    Text,
    each_typed,
    front_matter,
    plural,
    read,
    text,
    tolerated,
)
from keel.quality.records.settings import Budgets

OBJECTIVES = "docs/quality/objectives.yaml"
WAIVERS = "docs/quality/waivers.yaml"
POLICY = "docs/quality/policy.md"
DAY = timedelta(days=1)


class Waiver(Section):
    """That work goes on though a budget is spent: why, who answers for that, and for how long."""

    objective: Text
    why: Text
    signed: Text
    since: date
    until: date


class Policy(Section):
    """Who agreed to what happens when a budget is spent, and when they look at it again."""

    agreed: tuple[Text, ...] = ()
    review: date | None = None


@dataclass(frozen=True)
class Standing:
    """An objective with its budget, or what is lacking for that."""

    name: str
    objective: Objective
    budget: Budget | None = None
    lack: str = ""
    broken: bool = False  # its events can't be read, so nobody knows
    waiver: Waiver | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def is_spent(self) -> bool:
        return self.budget is not None and self.budget.since is not None

    @property
    def stops(self) -> bool:
        """Whether feature work has to wait for it."""
        return (self.is_spent or self.broken) and self.waiver is None


@dataclass(frozen=True)
class Overview:
    """All objectives that can be read, what is wrong with the files, and who agreed to it."""

    standings: list[Standing] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # what is wrong with other objectives
    problems: list[str] = field(default_factory=list)  # and with waivers and policy
    policy: Policy = field(default_factory=Policy)

    @property
    def stopping(self) -> list[Standing]:
        return [standing for standing in self.standings if standing.stops]


def problems(root: Path, settings: Budgets, today: date) -> list[str]:
    """What is wrong with objectives, waivers and policy."""
    objectives, wrong = read_objectives(root)
    _, waivers = read_waivers(root, objectives, settings.waiver_days, today)
    return [*wrong, *waivers, *read_policy(root)[1]]


def look(
    root: Path,
    settings: Budgets,
    now: datetime,
    *,
    over: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Overview:
    """How everything stands as of now, or at the end of a day that is `over`.

    What is broken keeps nothing else from being read.
    """
    today = now.date()
    objectives, unread = read_objectives(root)
    waivers, wrong = read_waivers(root, objectives, settings.waiver_days, today)
    policy, flaws = read_policy(root)
    standings = []
    for name, objective in objectives.items():
        own = [waiver for waiver in waivers if waiver.objective == name]
        try:
            known = events.read(root, objective.source, now, environ)
        except UserError as error:
            waiver = in_force(own, today)
            standings.append(Standing(name, objective, lack=str(error), broken=True, waiver=waiver))
            continue
        if over:
            known = known.until(today)
        standings.append(stand(name, objective, known, own, settings, today))
    return Overview(standings, unread, [*wrong, *flaws], policy)


def stand(
    name: str,
    objective: Objective,
    known: Events,
    waivers: Sequence[Waiver],
    settings: Budgets,
    today: date,
) -> Standing:
    """How an objective stands today.

    Its window ends with its newest events, so that a freeze does not end because monitoring does.
    """
    last = today + DAY  # where a day begins earlier than here
    days = {
        day: counts
        for day, counts in known.days.items()
        if day <= last and counts.good + counts.bad
    }
    notes = [*known.notes]
    if later := sum(day > last for day in known.days):
        notes.append(f"not counted: {plural(later, 'day')} in the future")
    if not days:
        return Standing(name, objective, None, "; ".join(notes) or "no events")
    newest = max(days)
    if (today - newest).days > settings.late_days:
        notes.append(f"no events since {newest}: does monitoring rest?")
    budget = Budget(objective.target, objective.days, newest, days, settings.burn_days)
    waiver = in_force(waivers, today)
    if waiver is None and waivers:
        ended = max(waivers, key=lambda waiver: waiver.until)
        notes.append(f"the waiver that {ended.signed} signed ended on {ended.until}")
    return Standing(name, objective, budget, waiver=waiver, notes=notes)


def in_force(waivers: Iterable[Waiver], today: date) -> Waiver | None:
    """The first waiver that holds today."""
    return next((waiver for waiver in waivers if waiver.since <= today <= waiver.until), None)


def read_policy(root: Path) -> tuple[Policy, list[str]]:
    """The policy, and what is wrong with it."""
    return tolerated(lambda: front_matter(text(root, POLICY), POLICY, Policy)[0], Policy())


def read_objectives(root: Path) -> tuple[dict[str, Objective], list[str]]:
    """The objectives that are right, by name, and what is wrong with the others."""
    content, broken = tolerated(lambda: read(root, OBJECTIVES, dict[str, Any]), dict[str, Any]())
    objectives, wrong = each_typed(content, f"{OBJECTIVES}: ", Objective)
    return objectives, [*broken, *wrong]


def read_waivers(
    root: Path, objectives: Container[str], longest: int, today: date
) -> tuple[list[Waiver], list[str]]:
    """The waivers that are right, ended ones too, and what is wrong with the others."""
    is_there = (root / WAIVERS).is_file()
    contents, broken = tolerated(
        lambda: read(root, WAIVERS, list[Any]) if is_there else [], list[Any]()
    )
    numbered = {f"number {number}": content for number, content in enumerate(contents, 1)}
    waivers, wrong = each_typed(numbered, f"{WAIVERS}: ", Waiver)
    flaws = {
        name: list(_flaws(waiver, objectives, longest, today)) for name, waiver in waivers.items()
    }
    wrong += [f"{WAIVERS}: {name}: {flaw}" for name in flaws for flaw in flaws[name]]
    return [waivers[name] for name in waivers if not flaws[name]], [*broken, *wrong]


def _flaws(waiver: Waiver, objectives: Container[str], longest: int, today: date) -> Iterator[str]:
    if waiver.objective not in objectives:
        yield f"objective is {waiver.objective!r}, and {OBJECTIVES} has none of that name"
    if waiver.since > today:
        yield f"since is {waiver.since}, in the future: it is the day on which it was signed"
    if waiver.until < waiver.since:
        yield f"until is {waiver.until}, before since, {waiver.since}: mend one of them"
    elif (waiver.until - waiver.since).days > longest:
        yield (
            f"it lasts from {waiver.since} until {waiver.until}: {longest} days are the most "
            "(budgets.waiver_days); sign a new one then"
        )
