"""How each objective stands: what people wrote below `docs/quality/`, its events, its figure."""

from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from keel.project.errors import UserError
from keel.project.settings import Section, Waiver
from keel.quality.budgets import events
from keel.quality.budgets.budgets import Budget, Objective, as_days, as_time
from keel.quality.budgets.events import Events
from keel.quality.records.documents import Files, Text, parsed, plural, typed
from keel.quality.records.figures import Figure, State, about
from keel.quality.records.history import Folder, versions
from keel.quality.records.settings import Budgets

OBJECTIVES = "docs/quality/objectives.yaml"
WAIVERS = "docs/quality/waivers.yaml"
POLICY = "docs/quality/policy.md"
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
LATE = 7  # days without events, after which monitoring seems to rest
DAY = timedelta(days=1)
SHOWN = 90  # days of the trend
LOW = 0.25  # of a budget left: below, watch it
CAREFUL = "Features may still go on: fix first what goes wrong, and put off what is risky."


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
    root: Path, settings: Budgets, today: date, *, over: bool = False, rules: Folder | None = None
) -> Overview:
    """How everything stands today or, if it is `over`, stood at the end of a day.

    What is broken keeps nothing else from being read. `rules` is the folder with what people
    agreed to, and with the events that Git has; by default, the project's own.
    """
    rules = rules or root
    files = Files(rules)
    objectives = files.entries(OBJECTIVES, Objective)
    unread = files.wrong.pop(OBJECTIVES, "").splitlines()
    if not (objectives or unread):
        unread = [f"{OBJECTIVES} has no objectives: write down what users can rely on"]
    policy = files.read(POLICY, Policy) or Policy()
    waivers = files.entries(WAIVERS, Waiver) if (rules / WAIVERS).is_file() else {}
    problems = files.problems
    for name, waiver in [*waivers.items()]:
        if flaw := _flaw(name, waiver, objectives, policy, today + settings.waiver_days * DAY):
            problems.append(f"{WAIVERS}: {name}: {flaw}")
            del waivers[name]
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
    silent = "`uv run keel monitor`: it has not reported"
    silent = f"see what writes {file}: there are no events" if file else silent
    silent = f"{silent} since {newest}" if (today - newest).days > LATE else ""
    its = standing.objective
    budget = Budget(its.target, its.days, newest, days, its.always_allowed)
    return replace(standing, budget=budget, silent=silent, notes=[*notes, *standing.notes])


def _waivers(root: Path, name: str, waiver: Waiver, today: date) -> int:
    """How many an objective has had within a year, by the days on which they end."""
    ends = {str(waiver.until)}
    for day, content in versions(root, WAIVERS, today):
        if day > today - YEAR:
            with suppress(UserError):  # a version that was broken
                signed = typed(parsed(content, WAIVERS) or {}, WAIVERS, dict[str, Waiver])
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


def figures(overview: Overview, today: date) -> list[Figure]:
    """One for each objective, and for the policy."""
    shown = [figure(standing) for standing in overview.standings]
    if overview.unread or not shown:
        why = "; ".join(overview.unread) or "there are no objectives"
        shown.append(about("budget.objectives").fails(why))
    return [*shown, _policy(overview.policy, today).also(notes=overview.problems)]


def figure(standing: Standing) -> Figure:
    """How much of a budget is left; what was long ago is nothing to rely on."""
    objective, budget, waiver = standing.objective, standing.budget, standing.waiver
    usual, notes = about("budget.left"), [*standing.notes]
    target = f"{objective.target:g} %"
    target += f": {standing.allowance}" if standing.allowance else ""
    if waiver:
        notes.append(f"waived until {waiver.until} by {waiver.owner}: {waiver.why}")
    its = replace(
        usual,
        name=f"budget.{standing.name}",
        title=objective.title,
        sentence=usual.sentence.format(days=objective.days),
        meaning=objective.meaning,
        cure=objective.cure or usual.cure,
        target=target,
        notes=notes,
    )
    if budget is None:
        return its.lacking(standing.lack, target, standing.lack if standing.broken else None)
    if standing.silent:
        unknown = replace(its, cure="", target=target).fails(str(standing))
        return replace(unknown, state=State.BAD) if standing.is_spent else unknown
    state = State.GOOD
    if budget.since:
        state = State.BAD
    elif budget.left < LOW or budget.runs_out:
        state, its = State.WATCH, replace(its, cure=objective.cure or CAREFUL)
    why = [] if state == State.GOOD else [f"{day}: {why}" for day, why in budget.reasons]
    days = [budget.day - back * DAY for back in reversed(range(SHOWN))]
    spent = [(day, budget.spent(day)) for day in days if day >= budget.first]
    trend = [(day, 100 * (1 - share)) for day, share in spent if share is not None]
    events_ = round(budget.sums(budget.day, budget.window)[0])
    return its.shown(100 * budget.left, str(budget), state, events_, target, trend).also(why)


def _policy(policy: Policy, today: date) -> Figure:
    its = about("budget.policy")
    if not policy.agreed:
        return its.unknown(f"nobody has signed {POLICY}")
    if policy.review is None:
        return its.unknown(f"{POLICY} has no date of its next review")
    left = (policy.review - today).days
    again = f"reviewed again on {policy.review}"
    if left < 0:
        again = f"its review was due by {policy.review}"
    text = f"agreed by {', '.join(policy.agreed)}; {again}"
    state = State.GOOD if left >= 0 else State.WATCH
    return its.shown(left, text, state, len(policy.agreed), "not past its date")
