"""What the logs show of a service and its model, beside what the model learnt from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no types

from keel.judge.judgement import slice_columns
from keel.judge.metrics.known import metrics_of
from keel.monitoring import checks, drift
from keel.monitoring.checks import Judgement
from keel.monitoring.findings import ACT, Finding, findings
from keel.monitoring.indicators import Indicator, indicators
from keel.monitoring.known import Known
from keel.monitoring.observed import Observed
from keel.monitoring.quality import Quality, judgeable, parts, windows
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.metric import Metric
from keel.serving.settings import Monitoring


@dataclass(frozen=True)
class Watched:
    """All that the monitoring found, up to a day."""

    until: date
    seen: Observed
    known: Known
    metrics: Mapping[str, Metric]  # the first is the one that decides
    windows: list[Quality]
    parts: list[Quality]
    shifts: list[Judgement]
    findings: list[Finding]
    indicators: list[Indicator]
    gaps: list[str]  # what can't be told, and what is odd about labels and logs

    @property
    def main(self) -> str:
        """The metric that decides, by its name."""
        return next(iter(self.metrics))

    @property
    def deciding(self) -> list[Quality]:
        """The windows of that metric."""
        return [score for score in self.windows if score.name == self.main]

    @property
    def open(self) -> list[Finding]:
        """What is not over."""
        return [finding for finding in self.findings if finding.open]

    @property
    def over(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.open]

    @property
    def urgent(self) -> list[Finding]:
        """What is not well now, and needs somebody to do something."""
        return [finding for finding in self.open if finding.level == ACT]


def watch(
    project: Project, seen: Observed, known: Known, settings: Monitoring, now: datetime | None
) -> Watched:
    """Judge every day of the logs up to now; without it, up to the last one, which is over."""
    last = max([*seen.facts["answered"].drop_nulls(), *seen.requests["day"].drop_nulls()])
    until = now.astimezone(project.timezone).date() if now else last
    evaluation, learnt = known.evaluation, known.learnt
    metrics, rows = metrics_of(project, evaluation), judgeable(seen.facts, settings)
    slices, unwatched = _slices(project, seen, evaluation.slices)
    with threadpool_limits(1):  # for such small matrices threads would wait for each other
        sliding = list(windows(project, rows, settings, evaluation))
        monthly = list(parts(project, rows, slices, evaluation))
    shifts = list(checks.shifts(project.task, seen, learnt, settings))
    usual = drift.usual(learnt, seen.inputs, seen.measured, settings) if learnt else None
    judgements = [
        *checks.requests(seen, settings),
        *checks.volume(seen, learnt, settings, until - timedelta(days=1) if now else until),
        *checks.inputs(seen, usual, settings),
        *shifts,
        *checks.quality(sliding, next(iter(metrics)), evaluation.floors),
        *checks.slices(monthly, evaluation.slice_floors),
        *checks.labels(seen, settings, until),
        *checks.age(known.learnt_to, known.retrain_after, next(iter(metrics.values())), until),
    ]
    events = indicators(seen, judgements, settings)
    missed = findings(judgements, settings.in_a_row)
    gaps = [*known.gaps, *unwatched, *_oddities(seen, settings)]
    return Watched(until, seen, known, metrics, sliding, monthly, shifts, missed, events, gaps)


def _slices(project: Project, seen: Observed, names: list[str]) -> tuple[pl.DataFrame, list[str]]:
    """The columns to slice by, in the order of the log, and which of them it does not have."""
    columns, unwatched = [pl.DataFrame()], []
    for name in names:
        try:
            columns.append(slice_columns(project, seen.examples, [name]))
        except (UserError, pl.exceptions.ColumnNotFoundError):
            unwatched.append(f"slices by {name}: the log does not have it")
    return pl.concat(columns, how="horizontal"), unwatched


def _oddities(seen: Observed, settings: Monitoring) -> Iterator[str]:
    """What is odd about labels and logs."""
    counts = {
        f"predictions are of a time more than {settings.near_days} days from their request: they "
        "count for its day": seen.far,
        "labels are of nothing that was predicted": seen.unknown,
        "labels came more than once": seen.repeated,
        "predictions have labels that differ: the latest counts": seen.contradicted,
        "lines of the log can't be read, and are left out": seen.torn,
    }
    return (f"{count:,} {what}" for what, count in counts.items() if count)
