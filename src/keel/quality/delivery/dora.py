"""How well changes reach their users: the five figures of DORA, of a project and of nobody.

Frequency is deployments by time; lead time is deployment minus commit; the failure rate is failed
deployments by all; time to restore is the end of an incident minus its start; the rework rate is
unplanned deployments by all. Source: dora.dev/guides/dora-metrics, 2026.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from statistics import mean, median, quantiles

from keel.quality.budgets.budgets import lasting
from keel.quality.delivery.incidents import SKEW, Incident, Incidents, mended_by
from keel.quality.records.documents import months_later, plural
from keel.quality.records.figures import Figure, Limits, State, Trend, about, state
from keel.quality.records.history import Deployment
from keel.quality.records.settings import Delivery

DAY, HOUR, WEEK = timedelta(days=1), timedelta(hours=1), timedelta(days=7)
DAYS, INCIDENT_DAYS = 90, 365  # that the figures look back
LEAST = 5  # events that a figure needs
BEGUN = 28 * DAY  # from which on few deployments are a figure too
MONTHS = 12  # of the trends
Values = Sequence[tuple[datetime, float]]  # what was measured, and when
Summary = tuple[float, str, float]  # a value, as people write it, and what is judged of it


def delivered(deployments: Sequence[Deployment], incidents: Iterable[Incident]) -> list[Deployment]:
    """The deployments, with how they went.

    One failed if an incident names it, if it was gone back from, or if a later one takes back a
    change that it brought. It was unplanned if it ended an incident, goes back or takes back.
    """
    failed, unplanned = set(), set()
    for incident in incidents:
        failed.add(incident.caused_by)
        unplanned.add(mended_by(incident, deployments))
    standing: list[Deployment] = []  # those that were not gone back from
    brought: dict[str, str] = {}  # by commit
    for deployment in deployments:
        reverted = {sha for commit in deployment.changes for sha in commit.reverts}
        culprits = {brought[sha] for sha in reverted & brought.keys()}
        before = [earlier.commit for earlier in standing]
        if deployment.commit in before[:-1]:
            culprits.add(standing[-1].name)
            standing = standing[: before.index(deployment.commit)]
        if culprits:
            failed |= culprits
            unplanned.add(deployment.name)
        brought |= {commit.sha: deployment.name for commit in deployment.changes}
        standing.append(deployment)
    return [
        replace(each, failed=each.name in failed, unplanned=each.name in unplanned)
        for each in deployments
    ]


def figures(
    deployments: Sequence[Deployment], known: Incidents, settings: Delivery, now: datetime
) -> list[Figure]:
    """All five, as of now."""
    every = delivered(deployments, known.good.values())
    done = [deployment for deployment in every if deployment.at <= now + SKEW]
    failed = [(deployment.at, 100.0 * deployment.failed) for deployment in done]
    unplanned = [(deployment.at, 100.0 * deployment.unplanned) for deployment in done]
    waits = [(deployment.at, wait / DAY) for deployment in done for wait in deployment.waits]
    five = (
        _frequency(sorted(deployment.at for deployment in done), settings.days_between, now),
        _lead_time(waits, settings.lead_days, now),
        _share("failure_rate", failed, settings.failure_share, now),
        _time_to_restore([*known.good.values()], settings.restore_hours, now),
        _share("rework_rate", unplanned, settings.rework_share, now),
    )
    odd = [f"not counted: {problem}" for problem in known.problems]
    named = {incident.caused_by for incident in known.good.values() if incident.caused_by}
    if lost := sorted(named - {deployment.name for deployment in deployments}):
        odd.append(f"incidents name deployments that are not known: {', '.join(lost)}")
    return [figure.also(notes=odd) for figure in five]


def _figure(
    name: str,
    values: Values,
    limits: Limits,
    now: datetime,
    target: str,
    summary: Callable[[list[float]], Summary],
) -> Figure:
    """A figure of the recent values, with its last months; where they are few, what lacks."""
    its, last = about(f"delivery.{name}"), _month(now)
    days = INCIDENT_DAYS if its.counted == "incident" else DAYS
    recent = [value for at, value in values if at >= now - days * DAY]
    if len(recent) < LEAST:
        few = f"{plural(len(recent), its.counted)} in {days} days"
        return its.unknown(f"{few}, and {LEAST} are needed", len(recent), target)
    monthly = mean if its.unit == "%" else median
    trend = [
        (month, monthly([value for _, value in within]))
        for month, within in groupby(sorted(values), lambda value: _month(value[0]))
        if months_later(last, 1 - MONTHS) <= month <= last
    ]
    value, text, judged = summary(recent)
    return its.shown(value, text, state(judged, *limits), len(recent), target, trend)


def _frequency(times: Sequence[datetime], limits: Limits, now: datetime) -> Figure:
    """How often; that there was none for long is a figure too, and not a lack of one."""
    its, (good, bad) = about("delivery.frequency"), limits
    target = f"at least one in {good:g} days"
    recent = [at for at in times if at >= now - DAYS * DAY]
    span = min(now - times[0], DAYS * DAY) if times else 0 * DAY
    if span < BEGUN and len(recent) < LEAST:
        few = f"{plural(len(recent), its.counted)} in the first {BEGUN.days} days"
        return its.unknown(f"{few}, and {LEAST} are needed", len(recent), target)
    rate, silent = len(recent) / max(span / WEEK, 1.0), now - times[-1]
    gaps = [(later - earlier) / DAY for earlier, later in pairwise(recent)]
    text = f"{rate:.1f} a week"
    text += f"; half of them within {lasting(median(gaps) * DAY)} of the one before" if gaps else ""
    text += f"; none for {lasting(silent)}" if silent > bad * DAY else ""
    standing = state(7 / rate, good, bad) if rate and silent <= bad * DAY else State.BAD
    return its.shown(rate, text, standing, len(recent), target, _weekly(times, now))


def _weekly(times: Sequence[datetime], now: datetime) -> Trend:
    """How many there were in each week that a month has had by now, one week at least."""
    today, last = now.astimezone(UTC).date(), _month(now)
    counts = Counter(map(_month, times))
    months = [months_later(last, -back) for back in reversed(range(MONTHS))]
    return [
        (month, counts[month] / max((min(months_later(month, 1), today + DAY) - month) / WEEK, 1.0))
        for month in months
        if month >= _month(times[0])
    ]


def _lead_time(waits: Values, limits: Limits, now: datetime) -> Figure:
    def summary(recent: list[float]) -> Summary:
        return median(recent), _usual(recent, DAY), median(recent)

    target = f"half of them within {limits[0]:g} days"
    return _figure("lead_time", waits, limits, now, target, summary)


def _share(name: str, values: Values, limits: Limits, now: datetime) -> Figure:
    """The share of deployments that have 100, and not 0."""

    def summary(recent: list[float]) -> Summary:
        share = mean(recent)
        text = f"{share:.0f} %: {sum(map(bool, recent))} of {plural(len(recent), 'deployment')}"
        return share, text, share / 100

    return _figure(name, values, limits, now, f"at most {limits[0]:.0%}", summary)


def _time_to_restore(known: list[Incident], limits: Limits, now: datetime) -> Figure:
    under_way = [(each.title, each.hours(now)) for each in known if not each.restored]

    def summary(taken: list[float]) -> Summary:
        text = f"{_usual(taken, HOUR)}, {lasting(mean(taken) * HOUR)} in the mean"
        return median(taken), text, max([median(taken), *(hours for _, hours in under_way)])

    values = [(each.started, each.hours(now)) for each in known if each.restored]
    target = f"half of them within {limits[0]:g} h"
    figure = _figure("time_to_restore", values, limits, now, target, summary)
    goes_on = [(title, lasting(hours * HOUR)) for title, hours in under_way]
    return figure.also(notes=[f"still going on: {title}, for {time}" for title, time in goes_on])


def _usual(values: list[float], unit: timedelta) -> str:
    """Median and 90th percentile, in words."""
    ninth = quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
    return (
        f"half within {lasting(median(values) * unit)}, nine in ten within {lasting(ninth * unit)}"
    )


def _month(time: datetime) -> date:
    return time.astimezone(UTC).date().replace(day=1)
