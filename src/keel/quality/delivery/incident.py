"""Start the file of an incident: what is known of it, and the questions of its review."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import yaml

from keel.data.store import replace
from keel.project.errors import UserError
from keel.quality.budgets import standing
from keel.quality.records.documents import slug
from keel.quality.records.history import Deployment, known_deployments
from keel.quality.records.incidents import FOLDER, Incident, flaws, impossible, problems, read
from keel.quality.records.settings import Quality
from keel.show.pages import page as filled

USE = 'uv run keel incident "The service was down" --started 2026-11-23T14:05+01:00'


def begun(
    title: str, times: Mapping[str, str | None], caused_by: str | None, now: datetime
) -> Incident:
    """What is known at the start, by the times that a person wrote; what they left out is now."""
    known = {name: _time(name, written) for name, written in times.items() if written}
    usual = dict.fromkeys(("started", "detected"), now.replace(microsecond=0))
    title = title.strip() or "Incident"
    return Incident.model_validate({**usual, **known, "title": title, "caused_by": caused_by})


def start(root: Path, incident: Incident, settings: Quality, now: datetime) -> Path:
    """Write the file of an incident. Raises UserError where it can't have been like that."""
    deployments = known_deployments(root, settings.delivery.stage)
    wrong = [*impossible(incident, now), *flaws({"it": incident}, deployments, large=1e9)]
    if wrong:
        raise UserError("\n".join(wrong))
    path = root / FOLDER / f"{incident.started:%Y-%m-%d}-{slug(incident.title)}.md"
    if path.exists():
        raise UserError(f"{FOLDER}/{path.name} is there already: go on with it, or say more words")
    costs = _costs(root, incident, settings, now)
    written = page(incident.model_copy(update={"cost": costs}), deployments)
    replace(path, lambda beside: beside.write_text(written, encoding="utf-8", newline="\n"))
    return path


def page(incident: Incident, deployments: Sequence[Deployment] | None) -> str:
    """The file: facts that machines count, and questions."""
    before = [known.name for known in deployments or [] if known.at <= incident.started]
    example = f"{before[-1]}, the last one before it" if before else "model#production#7"
    facts = {name: _yaml(value) for name, value in incident.model_dump().items()}
    return filled("quality/delivery/incident.md", heading=incident.title, example=example, **facts)


def check(root: Path, settings: Quality, now: datetime) -> str:
    """Which there are. Raises UserError with what is wrong with them."""
    lines = [
        f"{name}: {'over' if incident.restored else 'goes on'}"
        for name, incident in read(root, now).good.items()
    ]
    if wrong := problems(root, settings, now):
        raise UserError("\n".join(["mend this:", *wrong]))
    return "\n".join([*lines, f"Start one: {USE}"])


def _costs(root: Path, incident: Incident, settings: Quality, now: datetime) -> Mapping[str, float]:
    """What it has cost each budget, as far as the events are known."""
    first, last = incident.started.date(), (incident.restored or now).date()
    known = standing.look(root, settings.budgets, now.date()).standings
    budgets = {objective.name: objective.budget for objective in known}
    costs = {
        name: round(budget.cost(first, min(last, budget.day)), 2)
        for name, budget in budgets.items()
        if budget and first <= budget.day
    }
    return {name: share for name, share in costs.items() if share > 0}


def _time(name: str, written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError as error:
        raise UserError(f"--{name} is {written!r}: write it as 2026-11-23T14:05+01:00") from error


def _yaml(value: object) -> str:
    """A value in YAML, on one line, after a space; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f" {value.isoformat()}"
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return f" {written}".removesuffix("\n").removesuffix("\n...")
