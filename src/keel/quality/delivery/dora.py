"""How well changes reach their users: the five figures of DORA, of a project and of nobody.

Frequency is deployments by time; lead time is deployment minus commit; the failure rate is failed
deployments by all; time to restore is the end of an incident minus its start; the rework rate is
unplanned deployments by all. Source: dora.dev/guides/dora-metrics, 2026.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from statistics import mean, median, quantiles

from keel.project.errors import UserError
from keel.quality.budgets.availability import lasting
from keel.quality.delivery.delivery import Delivered, delivered
from keel.quality.records import history, incidents
from keel.quality.records.documents import months_later, plural
from keel.quality.records.figures import Figure, State, abouts, state
from keel.quality.records.history import History
from keel.quality.records.incidents import SKEW, Incident, Incidents
from keel.quality.records.settings import Delivery, Quality

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
Values = list[tuple[datetime, float]]  # what was measured, and when
Summary = tuple[float, str, State]  # a value, as people write it, and how it stands


def provide(root: Path, settings: Quality, now: datetime) -> list[Figure]:
    """The figures of a project; without a whole history they say so."""
    try:
        past = history.read(root, settings.delivery.stage)
    except UserError as error:
        return [its.broken(str(error)) for its in abouts().values() if its.group == "delivery"]
    return figures(past, incidents.read(root, now), settings.delivery, now)


def figures(past: History, known: Incidents, settings: Delivery, now: datetime) -> list[Figure]:
    """All five, as of now."""
    every = delivered(past, known.good.values())
    done = [deployment for deployment in every if deployment.at <= now + SKEW]
    odd = _odd(past, known)
    if len(done) < len(every):
        odd.append(f"not counted: {plural(len(every) - len(done), 'deployment')} in the future")
    window = _Window(settings, now)
    longer = _Window(settings.model_copy(update={"days": settings.incident_days}), now)
    failed = [(deployment.at, 100.0 * deployment.failed) for deployment in done]
    unplanned = [(deployment.at, 100.0 * deployment.unplanned) for deployment in done]
    five = (
        _frequency(done, window),
        _lead_time(done, window),
        _share("failure_rate", failed, settings.failure_share, window),
        _time_to_restore([*known.good.values()], longer),
        _share("rework_rate", unplanned, settings.rework_share, window),
    )
    return [figure.also(notes=odd) for figure in five]


@dataclass(frozen=True)
class _Window:
    """The time that the figures are of."""

    settings: Delivery
    now: datetime

    @property
    def start(self) -> datetime:
        return self.now - self.settings.days * DAY

    def months(self, values: Values) -> Iterator[tuple[date, list[float]]]:
        """The values of each of the last months that has any, oldest first, by UTC."""
        last = _month(self.now)
        first = months_later(last, 1 - self.settings.months)
        recent = [pair for pair in sorted(values) if first <= _month(pair[0]) <= last]
        for month, pairs in groupby(recent, lambda pair: _month(pair[0])):
            yield month, [value for _, value in pairs]

    def rate(self, month: date, values: list[float]) -> float:
        """How many there were in each week that the month has had by now, one at least."""
        end = min(months_later(month, 1), self.now.astimezone(UTC).date() + DAY)
        return len(values) / max((end - month) / WEEK, 1.0)

    def figure(
        self,
        name: str,
        values: Values,
        target: str,
        summary: Callable[[list[float]], Summary],
        monthly: Callable[[date, list[float]], float] = lambda _, within: median(within),
    ) -> Figure:
        """A figure of the recent values; where they are few, what is lacking."""
        its, least = abouts()[f"delivery.{name}"], self.settings.least
        recent = [value for at, value in values if at >= self.start]
        if len(recent) < least:
            few = f"{plural(len(recent), its.counted)} in {self.settings.days} days"
            return its.unknown(f"{few}, and {least} are needed", len(recent), target)
        value, text, standing = summary(recent)
        trend = [(month, monthly(month, within)) for month, within in self.months(values)]
        return its.figure(value, text, standing, len(recent), target, trend)


def _odd(past: History, known: Incidents) -> list[str]:
    """What may be missing in all of them."""
    notes = [f"not counted: {problem}" for problem in known.problems]
    named = {incident.caused_by for incident in known.good.values() if incident.caused_by}
    lost = sorted(named - {deployment.name for deployment in past.deployments})
    if lost:
        notes.append(f"incidents name deployments that are not known: {', '.join(lost)}")
    if past.deleted:
        gone = ", ".join(map(str, past.deleted))
        notes.append(f"deployments may be missing: the tags with the numbers {gone} were deleted")
    return notes


def _frequency(done: list[Delivered], window: _Window) -> Figure:
    good, bad = window.settings.days_between
    times = sorted(deployment.at for deployment in done)

    def summary(recent: list[float]) -> Summary:
        rate = len(recent) / max((window.now - max(times[0], window.start)) / WEEK, 1.0)
        gaps = [(later - earlier) / DAY for earlier, later in pairwise(times[-len(recent) :])]
        text = f"half of them within {lasting(median(gaps) * DAY)} of the one before"
        return rate, f"{rate:.1f} a week; {text}", state(7 / rate, good, bad)

    target = f"at least one in {good:g} days"
    return window.figure("frequency", [(at, 1.0) for at in times], target, summary, window.rate)


def _lead_time(done: list[Delivered], window: _Window) -> Figure:
    good, bad = window.settings.lead_days
    waits = [(deployment.at, wait / DAY) for deployment in done for wait in deployment.waits]

    def summary(recent: list[float]) -> Summary:
        return median(recent), _usual(recent, DAY), state(median(recent), good, bad)

    figure = window.figure("lead_time", waits, f"half of them within {good:g} days", summary)
    recent = [deployment for deployment in done if deployment.at >= window.start]
    skewed = sum(len(deployment.commits) - len(deployment.waits) for deployment in recent)
    wrong = f"not counted: {plural(skewed, 'change')} with a clock later than the deployment's"
    return figure.also(notes=[wrong] if skewed else [])


def _share(name: str, values: Values, limits: tuple[float, float], window: _Window) -> Figure:
    """The share of deployments that have 100, and not 0."""

    def summary(recent: list[float]) -> Summary:
        share = mean(recent)
        text = f"{share:.0f} %: {sum(map(bool, recent))} of {plural(len(recent), 'deployment')}"
        return share, text, state(share / 100, *limits)

    target = f"at most {limits[0]:.0%}"
    return window.figure(name, values, target, summary, lambda _, within: mean(within))


def _time_to_restore(known: list[Incident], window: _Window) -> Figure:
    good, bad = window.settings.restore_hours
    over = [incident for incident in known if incident.restored]
    under_way = [incident for incident in known if not incident.restored]
    recent = [incident for incident in over if incident.started >= window.start]

    def summary(taken: list[float]) -> Summary:
        text = f"{_usual(taken, HOUR)}, {lasting(mean(taken) * HOUR)} in the mean"
        if deployed := [incident.hours(window.now) for incident in recent if incident.caused_by]:
            text += f"; after failed deployments ({len(deployed)}) {_usual(deployed, HOUR)}"
        waiting = [incident.hours(window.now) for incident in under_way]
        return median(taken), text, state(max([median(taken), *waiting]), good, bad)

    values = [(incident.started, incident.hours(window.now)) for incident in over]
    target = f"half of them within {good:g} h"
    figure = window.figure("time_to_restore", values, target, summary)
    if figure.value is None and recent:
        took = ", ".join(lasting(incident.hours(window.now) * HOUR) for incident in recent)
        figure = replace(figure, text=f"{figure.text}; it took {took}")
    return figure.also(
        notes=[
            f"still going on: {incident.title}, for {lasting(incident.hours(window.now) * HOUR)}"
            for incident in under_way
        ]
    )


def _usual(values: list[float], unit: timedelta) -> str:
    """Median and 90th percentile, in words."""
    ninth = quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
    return (
        f"half within {lasting(median(values) * unit)}, nine in ten within {lasting(ninth * unit)}"
    )


def _month(time: datetime) -> date:
    return time.astimezone(UTC).date().replace(day=1)
