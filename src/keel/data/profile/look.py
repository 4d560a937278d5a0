"""All that is looked at in the raw tables of a project, table by table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from keel.data.profile import rows as missing
from keel.data.profile.clock import clock
from keel.data.profile.counts import Periods, levels, periods
from keel.data.profile.findings import Finding
from keel.data.profile.steps import LEAST_PERIODS
from keel.data.profile.values import Table, categories
from keel.data.validation import REASONS
from keel.project.columns import moment_of
from keel.project.description import Project

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Looked:
    """What was found in a table, and from when to when it goes."""

    findings: list[Finding]
    in_time: bool  # whether there was enough of it to look at
    span: missing.Span | None = None


def look(
    project: Project,
    table: str,
    good: pl.DataFrame,
    broken: pl.DataFrame,
    reasons: Mapping[str, int],
) -> Looked:
    """What is to be asked about a table, of its rows that are kept and those that are set aside."""
    schema, time = project.tables[table], project.time_of(table)
    found = [*missing.set_aside_by_outcome(table, schema, good, broken, reasons)]
    if time is None:
        return Looked(found, in_time=False)
    column = schema.columns()[time]
    moments = good.select(moment_of(time, column, project.zone)).to_series()
    rows, moments = good.filter(moments.is_not_null()), moments.drop_nulls()
    if rows.is_empty():
        return Looked(found, in_time=False)
    days = moments.dt.convert_time_zone(project.zone).dt.date()
    where = periods(days)
    apart = days.unique().sort().diff().dt.total_days().max()
    span = (time, where.first, where.date(where.day.max()), apart if isinstance(apart, int) else 1)
    if where.count < LEAST_PERIODS:
        return Looked(found, in_time=False)
    of_rows = Table(table, schema, rows, where, categories(schema, rows))
    found += of_rows.changes()
    lost = [*missing.gap(table, time, days), *missing.fewer(table, time, where)]
    for name, category in of_rows.categories.items():
        lost += missing.silent(table, name, category, where)
    if isinstance(column, dy.Datetime) and column.time_zone:
        lost += clock(table, time, moments, project.timezone)
    # Of a part of each day or week, only where it is not a part of what is lost otherwise.
    local = moments.dt.convert_time_zone(project.zone)
    found += lost or _rhythm(table, time, local, column, where)
    found += missing.set_aside_at_once(
        table, time, broken[REASONS], _days(broken, time, project), where
    )
    return Looked(found, in_time=True, span=span)


def _rhythm(
    table: str, time: str, local: pl.Series, column: dy.Column, where: Periods
) -> Iterator[Finding]:
    """Weekdays, and hours of the day, that fall silent."""
    # One period without a weekday is one day that is missing, such as a holiday.
    parts = [(local.dt.weekday().replace_strict(range(1, 8), DAYS), 2)]
    if isinstance(column, dy.Datetime):
        parts.append((local.dt.hour().cast(pl.String) + " o'clock", 1))
    for part, at_least in parts:
        if values := levels(part):
            yield from missing.silent(table, time, values, where, at_least=at_least)


def compare(project: Project, looked: Mapping[str, Looked]) -> dict[str, list[Finding]]:
    """What is to be asked about each table, with what only shows beside the others."""
    spans = {table: each.span for table, each in looked.items() if each.span and each.in_time}
    found = {table: [*each.findings] for table, each in looked.items()}
    for table, late in missing.ends(spans, next(iter(project.tables))):
        found[table].append(late)
    return found


def _days(broken: pl.DataFrame, time: str, project: Project) -> pl.Series:
    """The days of rows that are set aside; null where the time can't be read."""
    at = broken[time]
    if at.dtype == pl.String:
        at = at.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    if isinstance(at.dtype, pl.Datetime) and at.dtype.time_zone:
        at = at.dt.convert_time_zone(project.zone)
    day = pl.lit(None, pl.Date) if not at.dtype.is_temporal() else pl.col(time).cast(pl.Date)
    return at.to_frame().select(day.alias(time)).to_series()
