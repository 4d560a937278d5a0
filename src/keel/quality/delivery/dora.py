"""How well changes reach their users: the five figures of DORA, of a project and of nobody.

Frequency is deployments by time; lead time is deployment minus commit; the failure rate is failed
deployments by all; time to restore is the end of an incident minus its start; the rework rate is
unplanned deployments by all. Source: dora.dev/guides/dora-metrics, 2026.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, quantiles

from keel.project.errors import UserError
from keel.quality.budgets.availability import lasting
from keel.quality.delivery.delivery import Delivered, delivered
from keel.quality.records import history, incidents
from keel.quality.records.documents import months_later, plural
from keel.quality.records.figures import About, Figure, about, state
from keel.quality.records.history import History
from keel.quality.records.incidents import SKEW, Incident, Incidents
from keel.quality.records.settings import Delivery, Quality

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
FREQUENCY = about("delivery.frequency")
LEAD = about("delivery.lead_time")
FAILURES = about("delivery.failure_rate")
RESTORE = about("delivery.time_to_restore")
REWORK = about("delivery.rework_rate")
ALL = (FREQUENCY, LEAD, FAILURES, RESTORE, REWORK)


def provide(root: Path, settings: Quality, now: datetime) -> list[Figure]:
    """The figures of a project; without a whole history they say so."""
    try:
        past = history.read(root, settings.delivery.stage)
    except UserError as error:
        return [about.broken(str(error)) for about in ALL]
    return figures(past, incidents.read(root, now), settings.delivery, now)


def figures(past: History, found: Incidents, settings: Delivery, now: datetime) -> list[Figure]:
    """All five, as of now."""
    known = [*found.good.values()]
    every = delivered(past, known)
    done = [one for one in every if one.at <= now + SKEW]
    odd = _odd(past, found)
    if len(done) < len(every):
        odd.append(f"not counted: {plural(len(every) - len(done), 'deployment')} in the future")
    failed = [(one.at, 100.0 * one.failed) for one in done]
    unplanned = [(one.at, 100.0 * one.unplanned) for one in done]
    five = (
        _frequency(done, settings, now),
        _lead_time(done, settings, now),
        _share(FAILURES, failed, settings.failure_share, settings, now),
        _time_to_restore(known, settings, now),
        _share(REWORK, unplanned, settings.rework_share, settings, now),
    )
    return [replace(figure, notes=[*figure.notes, *odd]) for figure in five]


def _odd(past: History, found: Incidents) -> list[str]:
    """What may be missing in all of them."""
    notes = [f"not counted: {problem}" for problem in found.problems]
    named = {one.caused_by for one in found.good.values() if one.caused_by}
    lost = sorted(named - {one.name for one in past.deployments})
    if lost:
        notes.append(f"incidents name deployments that are not known: {', '.join(lost)}")
    if past.deleted:
        gone = ", ".join(map(str, past.deleted))
        notes.append(f"deployments may be missing: the tags with the numbers {gone} were deleted")
    return notes


def _frequency(done: list[Delivered], settings: Delivery, now: datetime) -> Figure:
    good, bad = settings.days_between
    target = f"at least one in {good:g} days"
    start = max(min((one.at for one in done), default=now), now - settings.days * DAY)
    times = sorted(one.at for one in done if one.at >= start)
    if len(times) < settings.least:
        return FREQUENCY.unknown(_few("deployment", len(times), settings), len(times), target)
    rate = len(times) / max((now - start) / WEEK, 1.0)
    gap = median((later - earlier) / DAY for earlier, later in pairwise(times)) * DAY
    text = f"{rate:.1f} a week; half of them within {lasting(gap)} of the one before"
    each = [(one.at, 1.0) for one in done]
    trend = [
        (month, len(ones) / _weeks(month, now)) for month, ones in _months(each, settings, now)
    ]
    return FREQUENCY.figure(rate, text, state(7 / rate, good, bad), len(times), target, trend)


def _lead_time(done: list[Delivered], settings: Delivery, now: datetime) -> Figure:
    good, bad = settings.lead_days
    target = f"half of them within {good:g} days"
    waits = [(one.at, wait / DAY) for one in done for wait in one.waits]
    since = now - settings.days * DAY
    days = [wait for at, wait in waits if at >= since]
    skewed = sum(len(one.commits) - len(one.waits) for one in done if one.at >= since)
    if len(days) < settings.least:
        figure = LEAD.unknown(_few("deployed change", len(days), settings), len(days), target)
    else:
        trend = [(month, median(ones)) for month, ones in _months(waits, settings, now)]
        found = state(median(days), good, bad)
        figure = LEAD.figure(median(days), _usual(days, DAY), found, len(days), target, trend)
    wrong = f"not counted: {plural(skewed, 'change')} with a clock later than the deployment's"
    return replace(figure, notes=[wrong] if skewed else [])


def _share(
    about: About,
    values: list[tuple[datetime, float]],
    limits: tuple[float, float],
    settings: Delivery,
    now: datetime,
) -> Figure:
    """The share of deployments that have 100, and not 0."""
    target = f"at most {limits[0]:.0%}"
    recent = [value for at, value in values if at >= now - settings.days * DAY]
    if len(recent) < settings.least:
        return about.unknown(_few("deployment", len(recent), settings), len(recent), target)
    share = mean(recent)
    text = f"{share:.0f} %: {sum(map(bool, recent))} of {plural(len(recent), 'deployment')}"
    trend = [(month, mean(ones)) for month, ones in _months(values, settings, now)]
    return about.figure(share, text, state(share / 100, *limits), len(recent), target, trend)


def _time_to_restore(known: list[Incident], settings: Delivery, now: datetime) -> Figure:
    good, bad = settings.restore_hours
    target = f"half of them within {good:g} h"
    since = now - settings.incident_days * DAY
    over = [(one, (one.restored - one.started) / HOUR) for one in known if one.restored]
    recent = [(one, taken) for one, taken in over if one.started >= since]
    hours = [taken for _, taken in recent]
    under_way = [one for one in known if not one.restored]
    notes = [f"still going on: {one.title}, for {lasting(now - one.started)}" for one in under_way]
    if len(hours) < settings.least:
        few = _few("incident", len(hours), settings, settings.incident_days)
        took = ", ".join(lasting(one * HOUR) for one in hours)
        figure = RESTORE.unknown(few + f"; it took {took}" * bool(hours), len(hours), target)
        return replace(figure, notes=notes)
    text = f"{_usual(hours, HOUR)}, {lasting(mean(hours) * HOUR)} in the mean"
    deployed = [taken for one, taken in recent if one.caused_by]
    if deployed:
        text += f"; after failed deployments ({len(deployed)}) {_usual(deployed, HOUR)}"
    longest = max([median(hours), *((now - one.started) / HOUR for one in under_way)])
    by_start = [(one.started, taken) for one, taken in over]
    trend = [(month, median(ones)) for month, ones in _months(by_start, settings, now)]
    found = state(longest, good, bad)
    figure = RESTORE.figure(median(hours), text, found, len(hours), target, trend)
    return replace(figure, notes=notes)


def _few(what: str, number: int, settings: Delivery, days: int = 0) -> str:
    least, days = settings.least, days or settings.days
    return f"{plural(number, what)} in {days} days, and {least} are needed"


def _usual(values: list[float], unit: timedelta) -> str:
    """Median and 90th percentile, in words."""
    ninth = quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
    return (
        f"half within {lasting(median(values) * unit)}, nine in ten within {lasting(ninth * unit)}"
    )


def _months(
    values: Iterable[tuple[datetime, float]], settings: Delivery, now: datetime
) -> list[tuple[date, list[float]]]:
    """The values of each of the last months that has any, oldest first, by UTC."""
    first = months_later(_month(now), 1 - settings.months)
    found: dict[date, list[float]] = {}
    for at, value in sorted(values):
        if first <= _month(at) <= _month(now):
            found.setdefault(_month(at), []).append(value)
    return list(found.items())


def _month(time: datetime) -> date:
    return time.astimezone(UTC).date().replace(day=1)


def _weeks(month: date, now: datetime) -> float:
    """How many weeks a month has had by now, one at least."""
    end = min(months_later(month, 1), now.astimezone(UTC).date() + DAY)
    return max((end - month) / WEEK, 1.0)
