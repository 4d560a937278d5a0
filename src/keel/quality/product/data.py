"""How good the data are: rows that keep their schema, what is unknown, joins, and drift."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from keel.quality.budgets import events
from keel.quality.budgets.events import Day
from keel.quality.records import tracked
from keel.quality.records.documents import plural
from keel.quality.records.figures import About, Figure, about, goal, state
from keel.quality.records.reports import Reports
from keel.quality.records.settings import Data, Quality

FILE = "reports/data-quality.json"
RUN, MONITOR = "uv run keel run", "uv run keel monitor"
SHOWN = 5  # of the worst


class Column(BaseModel):
    """What was counted in a column."""

    nulls: int = 0


class Table(BaseModel):
    """What `validate` counted in a table."""

    rows: int
    set_aside: int = 0
    reasons: dict[str, int] = {}
    without_match: dict[str, int] = {}
    columns: dict[str, Column] = {}


Tables = Mapping[str, Table]
Count = Callable[[Tables], tuple[int, int, list[str]]]  # how many, of how many, and which
_TABLES: TypeAdapter[dict[str, Table]] = TypeAdapter(dict[str, Table])


@dataclass(frozen=True)
class Facts:
    """What the files say; `wrong` is why the tables are not known."""

    tables: Tables = field(default_factory=dict)
    past: Sequence[tuple[date, Tables]] = ()
    drift: Mapping[date, Day] = field(default_factory=dict)
    wrong: str = ""
    notes: Sequence[str] = ()  # on drift


def gather(root: Path, settings: Quality, now: datetime) -> Facts:
    """Read the files."""
    reports = Reports(root)
    tables = reports.read(FILE, dict[str, Table], RUN) or {}
    versions = tracked.versions(root, FILE, now.date(), settings.model.versions)
    past = [(day, _tables(text)) for day, text in versions]
    drift = events.read(root, events.Source(indicator="drift"), now)
    return Facts(tables, past, drift.days, reports.wrong.get(FILE, ""), drift.notes)


def _tables(text: str) -> Tables:
    try:
        return _TABLES.validate_python(json.loads(text))
    except (ValueError, ValidationError):
        return {}


def figures(facts: Facts, settings: Data) -> list[Figure]:
    """All four."""
    return [
        _share(about("data.valid"), facts, settings.valid_share, _valid),
        _share(about("data.missing"), facts, settings.missing_share, _missing),
        _share(about("data.joins"), facts, settings.unmatched_share, _unmatched),
        _drift(facts, settings),
    ]


def _share(about: About, facts: Facts, limits: tuple[float, float], count: Count) -> Figure:
    """A part of a whole, as it is and as it was."""
    if facts.wrong:
        return about.broken(facts.wrong)
    part, whole, details = count(facts.tables)
    if not whole:
        return about.unknown(f"no table was looked at for this yet: `{RUN}`", 0, goal(limits))
    counts = {day: count(tables)[:2] for day, tables in facts.past}  # the last of a day
    trend = [(day, part / whole) for day, (part, whole) in sorted(counts.items()) if whole]
    text = f"{part / whole:.2%}, {part:,} of {whole:,}"
    if part < whole and part / whole > 0.9999:
        text = f"all but {whole - part:,} of {whole:,}"  # and not a round 100 %
    return about.share(part, whole, limits, text, trend).also(details)


def _valid(tables: Tables) -> tuple[int, int, list[str]]:
    rows = sum(table.rows for table in tables.values())
    lost = sum(table.set_aside for table in tables.values())
    details = [
        f"{name}: {table.set_aside:,} of {plural(table.rows, 'row')} set aside "
        f"({', '.join(f'{why} {times:,}' for why, times in table.reasons.items())})"
        for name, table in tables.items()
        if table.set_aside
    ]
    return rows - lost, rows, details


def _missing(tables: Tables) -> tuple[int, int, list[str]]:
    values = sum(table.rows * len(table.columns) for table in tables.values())
    nulls = [
        (counted.nulls, counted.nulls / table.rows, f"{name}.{column}")
        for name, table in tables.items()
        for column, counted in table.columns.items()
        if counted.nulls and table.rows
    ]
    worst = sorted(nulls, key=lambda column: -column[1])[:SHOWN]
    details = [f"{column}: {share:.1%} unknown" for _, share, column in worst]
    return sum(count for count, *_ in nulls), values, details


def _unmatched(tables: Tables) -> tuple[int, int, list[str]]:
    joins = [
        (lost, table.rows, f"{name} without {other}: {lost:,} of {plural(table.rows, 'row')}")
        for name, table in tables.items()
        for other, lost in table.without_match.items()
        if table.rows
    ]
    joins.sort(key=lambda join: -join[0] / join[1])
    part, whole, _ = joins[0] if joins else (0, 0, "")
    return part, whole, [detail for *_, detail in joins[:SHOWN]]


def _drift(facts: Facts, settings: Data) -> Figure:
    """The share of bad days among the last ones that monitoring judged."""
    drift = about("data.drift")
    target = f"{goal(settings.drift_share)} of {settings.days} days"
    if not facts.drift:
        why = "; ".join(facts.notes) or f"no input in use was compared yet: `{MONITOR}`"
        return drift.unknown(why, 0, target)
    last = max(facts.drift)
    first = last - timedelta(days=settings.days - 1)
    days = {day: events for day, events in facts.drift.items() if day >= first}
    bad = {day: events.why for day, events in sorted(days.items()) if events.bad}
    share = len(bad) / len(days)
    text = f"{len(bad)} of {plural(len(days), 'day')} up to {last}"
    standing = state(share, *settings.drift_share)
    figure = drift.figure(share, text, standing, len(days), target, _by_month(facts.drift))
    lately = list(bad.items())[-SHOWN:]
    return figure.also([f"{day}: {why}" for day, why in lately if why], facts.notes)


def _by_month(days: Mapping[date, Day]) -> list[tuple[date, float]]:
    months: dict[date, list[bool]] = {}
    for day, counted in sorted(days.items()):
        months.setdefault(day.replace(day=1), []).append(bool(counted.bad))
    return [(month, sum(bad) / len(bad)) for month, bad in months.items()]
