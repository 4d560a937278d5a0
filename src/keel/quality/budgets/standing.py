"""How each objective stands: what people wrote below `docs/quality/`, and the events of it."""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from keel.project.errors import UserError
from keel.project.settings import Section, Waiver
from keel.quality.budgets import events
from keel.quality.budgets.budgets import Budget, Objective
from keel.quality.budgets.events import Events
from keel.quality.records.documents import (
    Files,
    Text,
    each_typed,
    front_matter,
    plural,
    text,
)
from keel.quality.records.settings import Budgets

OBJECTIVES = "docs/quality/objectives.yaml"
WAIVERS = "docs/quality/waivers.yaml"
POLICY = "docs/quality/policy.md"
DAY = timedelta(days=1)
LATE = 7  # days without events, after which monitoring seems to rest


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

    def on(self, today: date) -> "Standing":
        """The same, with a note in place of a waiver that has ended."""
        if self.waiver is None or self.waiver.until >= today:
            return self
        ended = f"the waiver that {self.waiver.owner} signed ended on {self.waiver.until}"
        return replace(self, waiver=None, notes=[*self.notes, ended])

    def __str__(self) -> str:
        """How it stands, in a sentence."""
        lack = f"{'not known' if self.broken else 'not enough data yet'}: {self.lack}"
        return str(self.budget or lack)


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


def look(root: Path, settings: Budgets, today: date, *, over: bool = False) -> Overview:
    """How everything stands today or, if it is `over`, stood at the end of a day.

    What is broken keeps nothing else from being read.
    """
    files = Files(root)
    named = files.read(OBJECTIVES, dict[str, Any]) or {}
    objectives, unread = each_typed(named, f"{OBJECTIVES}: ", Objective)
    unread += files.wrong.pop(OBJECTIVES, "").splitlines()
    signed = files.read(WAIVERS, dict[str, Any]) if (root / WAIVERS).is_file() else {}
    waivers, problems = each_typed(signed or {}, f"{WAIVERS}: ", Waiver)
    for name, waiver in [*waivers.items()]:
        if flaw := _flaw(name, waiver, objectives, today + settings.waiver_days * DAY):
            problems.append(f"{WAIVERS}: {name}: {flaw}")
            del waivers[name]
    policy = Policy()
    try:
        policy = front_matter(text(root, POLICY), POLICY, Policy)[0]
    except UserError as error:
        files.wrong[POLICY] = str(error)
    problems += [line for why in files.wrong.values() for line in why.splitlines()]
    standings = []
    for name, objective in objectives.items():
        shown = Standing(name, objective, waiver=waivers.get(name)).on(today)
        try:
            known = events.read(root, objective.source)
        except UserError as error:
            standings.append(replace(shown, lack=str(error), broken=True))
            continue
        if over:
            known = Events({day: known.days[day] for day in known.days if day <= today})
        standings.append(counted(shown, known, today))
    return Overview(standings, unread, problems, policy)


def counted(standing: Standing, known: Events, today: date) -> Standing:
    """How an objective stands by its events.

    Its window ends with its newest events, so that a freeze does not end because monitoring does.
    """
    last = today + DAY  # where a day begins earlier than here
    days = {day: of for day, of in known.days.items() if day <= last and of.good + of.bad}
    notes = [*known.notes]
    if later := sum(day > last for day in known.days):
        notes.append(f"not counted: {plural(later, 'day')} in the future")
    if not days:
        return replace(standing, lack="; ".join(notes) or "no events")
    newest = max(days)
    if (today - newest).days > LATE:
        notes.append(f"no events since {newest}: does monitoring rest?")
    budget = Budget(standing.objective.target, standing.objective.days, newest, days)
    return replace(standing, budget=budget, notes=[*notes, *standing.notes])


def _flaw(name: str, waiver: Waiver, objectives: Container[str], latest: date) -> str:
    if name not in objectives:
        return f"{OBJECTIVES} has no objective of that name"
    if waiver.until > latest:
        return f"until is {waiver.until}: {latest} is the latest (budgets.waiver_days)"
    return ""
