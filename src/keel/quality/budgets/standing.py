"""How each objective stands: what people wrote below `docs/quality/`, and the events of it."""

import contextlib
from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from keel.project.errors import UserError
from keel.project.settings import Section, Waiver
from keel.quality.budgets import events
from keel.quality.budgets.availability import as_days, as_time
from keel.quality.budgets.budgets import Budget, Objective
from keel.quality.budgets.events import Events
from keel.quality.records.documents import (
    Files,
    Text,
    each_typed,
    front_matter,
    parsed,
    plural,
    text,
)
from keel.quality.records.settings import Budgets
from keel.quality.records.tracked import versions

OBJECTIVES = "docs/quality/objectives.yaml"
WAIVERS = "docs/quality/waivers.yaml"
POLICY = "docs/quality/policy.md"
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
Signed = TypeAdapter(dict[str, Waiver])
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
    waivers: int = 0  # that it has had within a year, this one included
    silent: str = ""  # that there have been no events for long, so that nobody knows
    notes: list[str] = field(default_factory=list)

    @property
    def allowance(self) -> str:
        """What its target allows, in time or, where each day is good or bad, in days."""
        its, known = self.objective, self.budget.days.values() if self.budget else ()
        if all(day.good + day.bad <= 1 for day in known):
            return as_days(its.target, its.days, its.always_allowed) if known else ""
        return as_time(its.target)

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
        if self.silent:
            return self.silent + (", when its budget was spent" if self.is_spent else "")
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


def look(
    root: Path, settings: Budgets, today: date, *, over: bool = False, rules: Path | None = None
) -> Overview:
    """How everything stands today or, if it is `over`, stood at the end of a day.

    What is broken keeps nothing else from being read. `rules` is the folder with what people
    agreed to, and with the events that Git has; by default, the project's own.
    """
    rules = rules or root
    files = Files(rules)
    named = files.read(OBJECTIVES, dict[str, Any]) or {}
    objectives, unread = each_typed(named, f"{OBJECTIVES}: ", Objective)
    unread += files.wrong.pop(OBJECTIVES, "").splitlines()
    if not (objectives or unread):
        unread = [f"{OBJECTIVES} has no objectives: write down what users can rely on"]
    policy = Policy()
    try:
        policy = front_matter(text(rules, POLICY), POLICY, Policy)[0]
    except UserError as error:
        files.wrong[POLICY] = str(error)
    signed = files.read(WAIVERS, dict[str, Any]) if (rules / WAIVERS).is_file() else {}
    waivers, problems = each_typed(signed or {}, f"{WAIVERS}: ", Waiver)
    for name, waiver in [*waivers.items()]:
        if flaw := _flaw(name, waiver, objectives, policy, today + settings.waiver_days * DAY):
            problems.append(f"{WAIVERS}: {name}: {flaw}")
            del waivers[name]
    problems += [line for why in files.wrong.values() for line in why.splitlines()]
    standings = []
    for name, objective in objectives.items():
        shown = Standing(name, objective, waiver=waivers.get(name)).on(today)
        if shown.waiver:
            shown = replace(shown, waivers=_waivers(root, name, shown.waiver, today))
        place = rules if (rules / objective.source.file).is_file() else root
        try:
            known = events.read(place, objective.source)
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
    newest, file = max(days), standing.objective.source.csv
    silent = ""
    if (today - newest).days > LATE:
        cure = f"see what writes {file}" if file else "`uv run keel monitor`"
        silent = (
            f"{cure}: {'there are no events' if file else 'it has not reported'} since {newest}"
        )
    its = standing.objective
    budget = Budget(its.target, its.days, newest, days, its.always_allowed)
    return replace(standing, budget=budget, silent=silent, notes=[*notes, *standing.notes])


def _waivers(root: Path, name: str, waiver: Waiver, today: date) -> int:
    """How many an objective has had within a year, by the days on which they end."""
    ends = {str(waiver.until)}
    for day, content in versions(root, WAIVERS, today):
        if day > today - YEAR:
            with contextlib.suppress(UserError, ValidationError):  # a version that was broken
                signed = Signed.validate_python(parsed(content, WAIVERS) or {})
                ends |= {str(signed[name].until)} if name in signed else set()
    return len(ends)


def _flaw(
    name: str, waiver: Waiver, objectives: Container[str], policy: Policy, latest: date
) -> str:
    if name not in objectives:
        return f"{OBJECTIVES} has no objective of that name"
    if waiver.owner.casefold() not in map(str.casefold, policy.agreed):
        names = ", ".join(policy.agreed) or "nobody yet"
        return f"owner is {waiver.owner}: one who agreed to {POLICY} has to sign it: {names}"
    if waiver.until > latest:
        return f"until is {waiver.until}: {latest} is the latest (budgets.waiver_days)"
    return ""
