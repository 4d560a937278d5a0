"""Incidents: what went wrong for users, a file each, with facts in front and a review below."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Self

from annotated_types import Ge
from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.records.documents import Past, Text, front_matter, in_order, past, text
from keel.quality.records.history import Deployment

FOLDER = "docs/incidents"
SKEW = timedelta(minutes=10)  # that two clocks may differ
REVIEW = 7  # days within which an outage is reviewed
LARGE = 0.2  # of an error budget: an incident that cost more needs an action
Time = Annotated[AwareDatetime, AfterValidator(past)]


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
        return ((self.restored or now) - self.started) / timedelta(hours=1)


@dataclass(frozen=True)
class Incidents:
    """Those that can be read, by their file, oldest first, and what is wrong with the others."""

    good: Mapping[str, Incident] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read(root: Path, now: datetime) -> Incidents:
    """All files of the folder. One that is broken, or can't have been like that, does not count."""
    good, wrong = {}, []
    for file in sorted((root / FOLDER).glob("*.md")):
        name = f"{FOLDER}/{file.name}"
        if file.stem.lower() in {"readme", "index"}:
            continue
        try:
            good[name], _ = front_matter(text(root, name), name, Incident, now + SKEW)
        except UserError as error:
            wrong += str(error).splitlines()
    return Incidents(dict(sorted(good.items(), key=lambda pair: pair[1].started)), wrong)


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
