"""Incidents: what went wrong for users, a file each, with facts in front and a review below."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from pydantic import Field

from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.records.documents import Text, front_matter, text
from keel.quality.records.history import Deployment, known_deployments
from keel.quality.records.settings import Quality

FOLDER = "docs/incidents"
SKEW = timedelta(minutes=10)  # that two clocks may differ


class Action(Section):
    """What keeps it from happening again."""

    what: Text
    owner: Text
    due: date
    done: date | None = None


class Incident(Section):
    """The facts of an incident. `cost` is the share of each error budget that it took."""

    title: Text
    started: datetime
    detected: datetime | None = None
    restored: datetime | None = None
    caused_by: str | None = None  # a deployment
    restored_by: str | None = None  # a deployment too; else the last one before the end
    cost: dict[str, Annotated[float, Ge(0)]] = Field(default_factory=dict)
    actions: list[Action] = Field(default_factory=list)

    @property
    def times(self) -> dict[str, datetime]:
        """Those that are known, in the order that they should have."""
        times = {"started": self.started, "detected": self.detected, "restored": self.restored}
        return {name: time for name, time in times.items() if time is not None}

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
            incident, _ = front_matter(text(root, name), name, Incident)
        except UserError as error:
            wrong += str(error).splitlines()
            continue
        flaws = [f"{name}: {flaw}" for flaw in impossible(incident, now)]
        wrong += flaws
        if not flaws:
            good[name] = incident
    return Incidents(dict(sorted(good.items(), key=lambda pair: pair[1].started)), wrong)


def problems(root: Path, settings: Quality, now: datetime) -> list[str]:
    """What is wrong with the files, or missing in them."""
    known = read(root, now)
    deployments = known_deployments(root, settings.delivery.stage)
    return [*known.problems, *flaws(known.good, deployments, settings.budgets.large)]


def impossible(incident: Incident, now: datetime) -> Iterator[str]:
    """What can't be, of its times."""
    times = incident.times
    naive = [name for name, time in times.items() if time.tzinfo is None]
    for name in naive:
        yield f"{name} is {times[name]}, without a time zone: write it as {times[name]}+01:00"
    if naive:
        return
    for name, time in times.items():
        if time > now + SKEW:
            yield f"{name} is {time}, in the future: are day and time zone right?"
    for before, after in zip(list(times), list(times)[1:], strict=False):
        if times[after] < times[before]:
            yield f"{after} is {times[after]}, before {before}, {times[before]}: mend one of them"


def flaws(
    incidents: Mapping[str, Incident], deployments: Sequence[Deployment] | None, large: float
) -> Iterator[str]:
    """What is wrong or missing in files that count all the same, a sentence each.

    `deployments` is None where they are not known.
    """
    known = {deployment.name: deployment for deployment in deployments or []}
    for name, incident in incidents.items():
        for key, tag in (("caused_by", incident.caused_by), ("restored_by", incident.restored_by)):
            if deployments is not None and tag is not None and tag not in known:
                yield (
                    f"{name}: {key} is {tag!r}, and there is no such deployment: was the tag "
                    "deleted, or not fetched? `git fetch --tags`; `git tag --list` names them"
                )
        cause = known.get(incident.caused_by or "")
        if cause and cause.at > incident.started + SKEW:
            yield (
                f"{name}: started is {incident.started}, before the deployment that caused it, "
                f"{cause.name} of {cause.at}: mend `started` or `caused_by`"
            )
        yield from _lacks_action(name, incident, large)


def _lacks_action(name: str, incident: Incident, large: float) -> Iterator[str]:
    budget, cost = max(incident.cost.items(), key=lambda pair: pair[1], default=("", 0.0))
    if cost > large and not incident.actions:
        yield (
            f"{name}: it cost {cost:.0%} of the error budget of {budget}. What "
            f"costs more than {large:.0%} needs an action: "
            "`actions: [{what: …, owner: …, due: 2026-12-31}]`"
        )


def mended_by(incident: Incident, deployments: Iterable[Deployment]) -> str | None:
    """The deployment that ended it: the one that it names, or the last one while it was known."""
    if incident.restored_by or incident.restored is None:
        return incident.restored_by
    since = incident.detected or incident.started
    during = [known.name for known in deployments if since <= known.at <= incident.restored]
    return during[-1] if during else None
