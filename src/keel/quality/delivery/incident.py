"""Incidents: the file of one that begins, what they cost, and whether one goes on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from keel.data.store import replace
from keel.project.errors import UserError
from keel.quality.budgets import standing
from keel.quality.budgets.availability import lasting
from keel.quality.budgets.standing import Overview
from keel.quality.records.documents import plural, slug, typed
from keel.quality.records.figures import Figure, State, about
from keel.quality.records.history import Deployment, known_deployments
from keel.quality.records.incidents import FOLDER, SKEW, Incident, Incidents, flaws, owed
from keel.quality.records.settings import Budgets
from keel.show.pages import page as filled

OUTAGES = "incidents.open"  # the figure's name
HOUR = timedelta(hours=1)


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
    lasting_ = [
        f"“{incident.title}” goes on, for {lasting(incident.hours(now) * HOUR)} by now"
        for incident in known.good.values()
        if not incident.restored
    ]
    owing = [
        f"{name}: {lack}"
        for name, incident in known.good.items()
        for lack in owed(incident, now.date())
    ]
    text = "; ".join(lasting_) or "none goes on"
    text += f"; still to be done: {plural(len(owing), 'thing')}" if owing else ""
    state = State.BAD if lasting_ else State.WATCH if owing else State.GOOD
    return its.shown(len(lasting_), text, state, len(known.good), "none").also(owing)


def costed(known: Incidents, overview: Overview, now: datetime) -> Incidents:
    """With what each outage has cost by now, where that is more than its file says."""
    good = {}
    for name, incident in known.good.items():
        worked_out = costs(incident, overview, now)
        cost = {k: max(incident.cost.get(k, 0), worked_out.get(k, 0)) for k in worked_out}
        good[name] = incident.model_copy(update={"cost": {**incident.cost, **cost}})
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
