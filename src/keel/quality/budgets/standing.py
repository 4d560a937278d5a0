"""How each objective stands: what people wrote below `docs/quality/`, and the events of it."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.budgets import events
from keel.quality.budgets.budgets import Budget, Objective
from keel.quality.budgets.events import Events
from keel.quality.records.documents import (
    Files,
    Past,
    Text,
    each_typed,
    front_matter,
    in_order,
    plural,
    text,
)
from keel.quality.records.settings import Budgets

OBJECTIVES = "docs/quality/objectives.yaml"
WAIVERS = "docs/quality/waivers.yaml"
POLICY = "docs/quality/policy.md"
DAY = timedelta(days=1)
LATE = 7  # days without events, after which monitoring seems to rest


class Waiver(Section):
    """That work goes on though a budget is spent: why, who answers for that, and for how long."""

    objective: Text
    why: Text
    signed: Text
    since: Past
    until: date

    @model_validator(mode="after")
    def _ends(self) -> Self:
        in_order(since=self.since, until=self.until)
        return self


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
    waivers, problems = _waivers(files, objectives, settings.waiver_days, today)
    policy = Policy()
    try:
        policy = front_matter(text(root, POLICY), POLICY, Policy)[0]
    except UserError as error:
        files.wrong[POLICY] = str(error)
    problems += [line for why in files.wrong.values() for line in why.splitlines()]
    standings = []
    for name, objective in objectives.items():
        own = [waiver for waiver in waivers if waiver.objective == name]
        try:
            known = events.read(root, objective.source)
        except UserError as error:
            waiver = in_force(own, today)
            standings.append(Standing(name, objective, lack=str(error), broken=True, waiver=waiver))
            continue
        if over:
            known = Events({day: known.days[day] for day in known.days if day <= today})
        standings.append(stand(name, objective, known, own, today))
    return Overview(standings, unread, problems, policy)


def _waivers(
    files: Files, objectives: Container[str], longest: int, today: date
) -> tuple[list[Waiver], list[str]]:
    """The waivers that are right, ended ones too, and what is wrong with the others."""
    listed = files.read(WAIVERS, list[Any]) if (files.root / WAIVERS).is_file() else []
    numbered = {f"number {number}": content for number, content in enumerate(listed or [], 1)}
    waivers, problems = each_typed(numbered, f"{WAIVERS}: ", Waiver, today)
    flaws = {name: list(_flaws(waivers[name], objectives, longest)) for name in waivers}
    problems += [f"{WAIVERS}: {name}: {flaw}" for name in flaws for flaw in flaws[name]]
    return [waivers[name] for name in waivers if not flaws[name]], problems


def stand(
    name: str,
    objective: Objective,
    known: Events,
    waivers: Sequence[Waiver],
    today: date,
) -> Standing:
    """How an objective stands today.

    Its window ends with its newest events, so that a freeze does not end because monitoring does.
    """
    last = today + DAY  # where a day begins earlier than here
    days = {day: of for day, of in known.days.items() if day <= last and of.good + of.bad}
    notes = [*known.notes]
    if later := sum(day > last for day in known.days):
        notes.append(f"not counted: {plural(later, 'day')} in the future")
    if not days:
        return Standing(name, objective, None, "; ".join(notes) or "no events")
    newest = max(days)
    if (today - newest).days > LATE:
        notes.append(f"no events since {newest}: does monitoring rest?")
    budget = Budget(objective.target, objective.days, newest, days)
    waiver = in_force(waivers, today)
    if waiver is None and waivers:
        ended = max(waivers, key=lambda waiver: waiver.until)
        notes.append(f"the waiver that {ended.signed} signed ended on {ended.until}")
    return Standing(name, objective, budget, waiver=waiver, notes=notes)


def in_force(waivers: Iterable[Waiver], today: date) -> Waiver | None:
    """The first waiver that holds today."""
    return next((waiver for waiver in waivers if waiver.since <= today <= waiver.until), None)


def _flaws(waiver: Waiver, objectives: Container[str], longest: int) -> Iterator[str]:
    if waiver.objective not in objectives:
        yield f"objective is {waiver.objective!r}, and {OBJECTIVES} has none of that name"
    if (waiver.until - waiver.since).days > longest:
        yield (
            f"it lasts from {waiver.since} until {waiver.until}: {longest} days are the most "
            "(budgets.waiver_days); sign a new one then"
        )
