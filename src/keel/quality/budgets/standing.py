"""How each objective stands: what people wrote below `docs/quality/`, and the events of it."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from keel.project.errors import UserError
from keel.project.settings import Section
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


@dataclass(frozen=True)
class Written:
    """What people wrote that is right, and what is wrong with the rest."""

    objectives: Mapping[str, Objective]
    waivers: Sequence[Waiver]
    policy: Policy
    unread: list[str]
    problems: list[str]


def gather(root: Path, settings: Budgets, today: date) -> Written:
    """Read objectives, waivers and policy. What is broken keeps nothing else from being read."""
    files = Files(root)
    named = files.read(OBJECTIVES, dict[str, Any]) or {}
    objectives, unread = each_typed(named, f"{OBJECTIVES}: ", Objective)
    listed = files.read(WAIVERS, list[Any]) if (root / WAIVERS).is_file() else []
    numbered = {f"number {number}": content for number, content in enumerate(listed or [], 1)}
    waivers, problems = each_typed(numbered, f"{WAIVERS}: ", Waiver)
    for name, waiver in list(waivers.items()):
        if flaws := list(_flaws(waiver, objectives, settings.waiver_days, today)):
            problems += [f"{WAIVERS}: {name}: {flaw}" for flaw in flaws]
            del waivers[name]
    policy = Policy()
    try:
        policy = front_matter(text(root, POLICY), POLICY, Policy)[0]
    except UserError as error:
        files.wrong[POLICY] = str(error)
    unread += files.wrong.pop(OBJECTIVES, "").splitlines()
    problems += [line for why in files.wrong.values() for line in why.splitlines()]
    return Written(objectives, list(waivers.values()), policy, unread, problems)


def look(root: Path, settings: Budgets, today: date, *, over: bool = False) -> Overview:
    """How everything stands today or, if it is `over`, stood at the end of a day."""
    written = gather(root, settings, today)
    standings = []
    for name, objective in written.objectives.items():
        own = [waiver for waiver in written.waivers if waiver.objective == name]
        try:
            known = events.read(root, objective.source)
        except UserError as error:
            waiver = in_force(own, today)
            standings.append(Standing(name, objective, lack=str(error), broken=True, waiver=waiver))
            continue
        if over:
            known = Events({day: known.days[day] for day in known.days if day <= today})
        standings.append(stand(name, objective, known, own, settings, today))
    return Overview(standings, written.unread, written.problems, written.policy)


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
    days = {day: of for day, of in known.days.items() if day <= last and of.good + of.bad}
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
