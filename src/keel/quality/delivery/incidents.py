"""Incidents: a file each, with facts in front and a review below, what they cost and ask for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Self

import yaml
from annotated_types import Ge
from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from keel.data.store import replace
from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.budgets import standing
from keel.quality.budgets.budgets import lasting
from keel.quality.budgets.standing import Overview
from keel.quality.records.documents import Files, Past, Text, in_order, past, plural, slug, typed
from keel.quality.records.figures import Figure, State, about
from keel.quality.records.history import Deployment, known_deployments
from keel.quality.records.settings import Budgets
from keel.show.pages import page as filled

FOLDER, NONE = "docs/incidents", ("readme.md", "index.md")
SKEW = timedelta(minutes=10)  # that two clocks may differ
REVIEW = 7  # days within which an outage is reviewed
LARGE = 0.2  # of an error budget: an incident that cost more needs an action
Time = Annotated[AwareDatetime, AfterValidator(past)]
OUTAGES = "incidents.open"  # the figure's name
HOUR = timedelta(hours=1)


class Action(Section):
    """What keeps it from happening again."""

    what: Text
    owner: Text
    due: date
    done: date | None = None


class Incident(Section):
    """The facts of an incident. `cost` is the share of each error budget that it took."""

    title: Text
    started: Time
    detected: Time | None = None
    restored: Time | None = None
    caused_by: str | None = None  # a deployment
    restored_by: str | None = None  # a deployment too; else the last one before the end
    cost: dict[str, Annotated[float, Ge(0)]] = Field(default_factory=dict)
    actions: list[Action] = Field(default_factory=list)
    reviewed: Past | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        in_order(started=self.started, detected=self.detected, restored=self.restored)
        return self

    def hours(self, now: datetime) -> float:
        """How long it lasted, or lasts by now."""
        return ((self.restored or now) - self.started) / HOUR


@dataclass(frozen=True)
class Incidents:
    """Those that can be read, by their file, oldest first, and what is wrong with the others."""

    good: Mapping[str, Incident] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read(root: Path, now: datetime) -> Incidents:
    """All files of the folder. One that is broken, or can't have been like that, does not count."""
    files = Files(root, now + SKEW)
    pages = (file.name for file in sorted((root / FOLDER).glob("*.md")))
    names = [f"{FOLDER}/{page}" for page in pages if page.lower() not in NONE]
    known = [(name, its) for name in names if (its := files.read(name, Incident))]
    return Incidents(dict(sorted(known, key=lambda pair: pair[1].started)), files.problems)


def owed(incident: Incident, today: date) -> Iterator[str]:
    """What an outage that is over still asks for, a sentence each."""
    if incident.restored and not incident.reviewed:
        ended = incident.restored.date()
        if (today - ended).days > REVIEW:
            yield f"over since {ended}, and nobody has reviewed it: `reviewed` in its file"
    yield from _unanswered(incident)
    for action in incident.actions:
        if action.due < today and not action.done:
            yield f"{action.what} ({action.owner}) was due by {action.due}"


def flaws(
    incidents: Mapping[str, Incident], deployments: Sequence[Deployment] | None
) -> Iterator[str]:
    """What is wrong or missing in files that count all the same, a sentence each.

    `deployments` is None where they are not known.
    """
    known = {deployment.name for deployment in deployments or []}
    for name, incident in incidents.items():
        for key, tag in (("caused_by", incident.caused_by), ("restored_by", incident.restored_by)):
            if deployments is not None and tag is not None and tag not in known:
                yield (
                    f"{name}: {key} is {tag!r}, and there is no such deployment: was the tag "
                    "deleted, or not fetched? `git fetch --tags`; `git tag --list` names them"
                )
        yield from (f"{name}: {lack}" for lack in _unanswered(incident))


def _unanswered(incident: Incident) -> Iterator[str]:
    """That it cost much, and nothing follows from that; while it lasts, there is more to do."""
    budget, cost = max(incident.cost.items(), key=lambda pair: pair[1], default=("", 0.0))
    if incident.restored and cost > LARGE and not incident.actions:
        yield (
            f"it cost {cost:.0%} of the error budget of {budget}. What costs more than "
            f"{LARGE:.0%} needs an action: `actions: [{{what: …, owner: …, due: 2026-12-31}}]`"
        )


def mended_by(incident: Incident, deployments: Iterable[Deployment]) -> str | None:
    """The deployment that ended it: the one that it names, or the last one while it was known."""
    if incident.restored_by or incident.restored is None:
        return incident.restored_by
    since = incident.detected or incident.started
    during = [known.name for known in deployments if since <= known.at <= incident.restored]
    return during[-1] if during else None


def begun(title: str, known: Mapping[str, str | None], now: datetime) -> Incident:
    """What is known at the start; a time that a person left out is now.

    Raises UserError where it can't have been like that.
    """
    usual = dict.fromkeys(("started", "detected"), now.replace(microsecond=0))
    written = {name: value for name, value in known.items() if value}
    facts = {**usual, **written, "title": title.strip() or "Incident"}
    return typed(facts, "the incident", Incident, now + SKEW)


def start(root: Path, incident: Incident, settings: Budgets, now: datetime) -> Path:
    """Write the file of an incident. Raises UserError if it is there, or names no deployment."""
    deployments = known_deployments(root)
    if wrong := list(flaws({"the incident": incident}, deployments)):
        raise UserError("\n".join(wrong))
    path = root / FOLDER / f"{incident.started:%Y-%m-%d}-{slug(incident.title)}.md"
    if path.exists():
        raise UserError(f"{FOLDER}/{path.name} is there already: go on with it, or say more words")
    cost = costs(incident, standing.look(root, settings, now.date()), now)
    written = page(incident.model_copy(update={"cost": cost}), deployments)
    replace(path, lambda beside: beside.write_text(written, encoding="utf-8", newline="\n"))
    return path


def page(incident: Incident, deployments: Sequence[Deployment] | None) -> str:
    """The file: facts that machines count, and questions."""
    before = [known.name for known in deployments or [] if known.at <= incident.started]
    example = f"{before[-1]}, the last one before it" if before else "model#production#7"
    facts = {name: _yaml(value) for name, value in incident.model_dump().items()}
    return filled("quality/delivery/incident.md", heading=incident.title, example=example, **facts)


def figure(known: Incidents, now: datetime) -> Figure:
    """Whether something is out of order now, and what past outages still ask for."""
    its = about(OUTAGES)
    if not known.good:
        return its.unknown("none was written down yet: `uv run keel incident TITLE`")
    going_on, owing = [], []
    for name, incident in known.good.items():
        if not incident.restored:
            for_ = lasting(incident.hours(now) * HOUR)
            going_on.append(f"“{incident.title}” goes on, for {for_} by now")
        owing += [f"{name}: {lack}" for lack in owed(incident, now.date())]
    text = "; ".join(going_on) or "none goes on"
    text += f"; still to be done: {plural(len(owing), 'thing')}" if owing else ""
    state = State.BAD if going_on else State.WATCH if owing else State.GOOD
    return its.shown(len(going_on), text, state, len(known.good), "none").also(owing)


def costed(known: Incidents, overview: Overview, now: datetime) -> Incidents:
    """With what each outage has cost by now, where that is more than its file says."""
    good = {}
    for name, incident in known.good.items():
        told, worked_out = incident.cost, costs(incident, overview, now)
        more = {of: cost for of, cost in worked_out.items() if cost > told.get(of, 0)}
        good[name] = incident.model_copy(update={"cost": told | more})
    return Incidents(good, known.problems)


def costs(incident: Incident, overview: Overview, now: datetime) -> Mapping[str, float]:
    """What it has cost each budget, as far as the events are known."""
    first, last = incident.started.date(), (incident.restored or now).date()
    budgets = {objective.name: objective.budget for objective in overview.standings}
    shares = {
        name: round(budget.cost(first, min(last, budget.day)), 2)
        for name, budget in budgets.items()
        if budget and first <= budget.day
    }
    return {name: share for name, share in shares.items() if share > 0}


def _yaml(value: object) -> str:
    """A value in YAML, on one line, after a space; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f" {value.isoformat()}"
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return f" {written}".removesuffix("\n").removesuffix("\n...")
