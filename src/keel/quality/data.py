"""How good the data are: rows that keep their schema, what is unknown, joins, and drift."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from keel.project.errors import UserError
from keel.quality.budgets import events
from keel.quality.budgets.events import Day
from keel.quality.records import tracked
from keel.quality.records.documents import plural, report
from keel.quality.records.figures import About, Figure, state
from keel.quality.records.settings import Data, Quality

FILE = "reports/data-quality.json"
RUN, MONITOR = "uv run keel run", "uv run keel monitor"
VALID = About(
    "data.valid",
    "product",
    "Rows that are as agreed",
    "Which share of the rows that came in keeps what was agreed on types, ranges and keys.",
    "share",
    "Rows that break it are set aside: the model neither learns from them nor knows of them.",
    "data/quarantine/ has the rows, reports/report.html the reasons: have the source mended.",
    "row",
)
MISSING = About(
    "data.missing",
    "product",
    "Values that are unknown",
    "Which share of all values is empty, where that is allowed.",
    "share",
    "What is not known can't help to predict, and a column that fades away raises no error.",
    "Ask the source of the columns named here since when, and why.",
    "value",
)
JOINS = About(
    "data.joins",
    "product",
    "Rows without a match",
    "For the join that fails most, which share of the rows finds nothing in the other table.",
    "share",
    "These cases are predicted without what the other table knows; nothing else shows it.",
    "Look at some of these rows: a key that is written in another way, or a table that is behind?",
    "row",
)
DRIFT = About(
    "data.drift",
    "product",
    "Days on which the inputs had drifted",
    "On how many of the last days something came in that was unlike what the model learnt from.",
    "share",
    "On such days the model answers questions that it was not taught.",
    "reports/monitoring.html names the inputs: see whether the world changed or the measurement.",
    "day",
)
ALL = (VALID, MISSING, JOINS, DRIFT)


class Column(BaseModel):
    """What was found in a column."""

    nulls: int = 0


class Table(BaseModel):
    """What `validate` found in a table."""

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


def provide(root: Path, settings: Quality, now: datetime) -> list[Figure]:
    """The figures of a project."""
    return figures(gather(root, settings, now), settings.data)


def gather(root: Path, settings: Quality, now: datetime) -> Facts:
    """Read the files."""
    tables: dict[str, Table] = {}
    wrong = ""
    if (root / FILE).is_file():
        try:
            tables = report(root, FILE, dict[str, Table], RUN)
        except UserError as error:
            wrong = str(error)
    past = [
        (day, _tables(said))
        for day, said in tracked.versions(root, FILE, now.date(), settings.model.versions)
    ]
    drift = events.read(root, events.Source(indicator="drift"), now)
    return Facts(tables, past, drift.days, wrong, drift.notes)


def _tables(said: str) -> Tables:
    try:
        return _TABLES.validate_python(json.loads(said))
    except (ValueError, ValidationError):
        return {}


def figures(facts: Facts, settings: Data) -> list[Figure]:
    """All four."""
    return [
        _share(VALID, facts, settings.valid_share, _valid),
        _share(MISSING, facts, settings.missing_share, _missing),
        _share(JOINS, facts, settings.unmatched_share, _unmatched),
        _drift(facts, settings),
    ]


def _share(about: About, facts: Facts, limits: tuple[float, float], count: Count) -> Figure:
    """A part of a whole, as it is and as it was."""
    more = limits[0] < limits[1]
    target = f"at {'most' if more else 'least'} {limits[0]:.1%}"
    if facts.wrong:
        return about.broken(facts.wrong)
    part, whole, told = count(facts.tables)
    if not whole:
        return about.unknown(f"no table was looked at for this yet: `{RUN}`", target=target)
    was = {day: count(tables)[:2] for day, tables in facts.past}
    trend = [(day, part / whole) for day, (part, whole) in sorted(was.items()) if whole]
    text = f"{part / whole:.2%}, {part:,} of {whole:,}"
    if part < whole and part / whole > 0.9999:
        text = f"all but {whole - part:,} of {whole:,}"  # and not a round 100 %
    figure = about.figure(part / whole, text, state(part / whole, *limits), whole, target, trend)
    return replace(figure, details=told)


def _valid(tables: Tables) -> tuple[int, int, list[str]]:
    rows = sum(table.rows for table in tables.values())
    lost = sum(table.set_aside for table in tables.values())
    told = [
        f"{name}: {table.set_aside:,} of {plural(table.rows, 'row')} set aside "
        f"({', '.join(f'{why} {times:,}' for why, times in table.reasons.items())})"
        for name, table in tables.items()
        if table.set_aside
    ]
    return rows - lost, rows, told


def _missing(tables: Tables) -> tuple[int, int, list[str]]:
    values = sum(table.rows * len(table.columns) for table in tables.values())
    nulls = {
        f"{name}.{column}": (found.nulls, table.rows)
        for name, table in tables.items()
        for column, found in table.columns.items()
        if found.nulls and table.rows
    }
    worst = sorted(nulls.items(), key=lambda one: -one[1][0] / one[1][1])[:5]
    told = [f"{name}: {part / whole:.1%} unknown" for name, (part, whole) in worst]
    return sum(part for part, _ in nulls.values()), values, told


def _unmatched(tables: Tables) -> tuple[int, int, list[str]]:
    joins = [
        (lost, table.rows, f"{name} without {other}: {lost:,} of {plural(table.rows, 'row')}")
        for name, table in tables.items()
        for other, lost in table.without_match.items()
        if table.rows
    ]
    joins.sort(key=lambda one: -one[0] / one[1])
    part, whole, _ = joins[0] if joins else (0, 0, "")
    return part, whole, [told for _, _, told in joins[:5]]


def _drift(facts: Facts, settings: Data) -> Figure:
    """The share of bad days among the last ones that monitoring judged."""
    target = f"at most {settings.drift_share[0]:.0%} of {settings.days} days"
    if not facts.drift:
        why = "; ".join(facts.notes) or f"no input in use was compared yet: `{MONITOR}`"
        return DRIFT.unknown(why, target=target)
    last = max(facts.drift)
    days = {d: one for d, one in facts.drift.items() if d > last - timedelta(days=settings.days)}
    bad = {day: one for day, one in days.items() if one.bad}
    text = f"{len(bad)} of {plural(len(days), 'day')} up to {last}"
    share = len(bad) / len(days)
    figure = DRIFT.figure(share, text, state(share, *settings.drift_share), len(days), target)
    told = [f"{day}: {one.why}" for day, one in sorted(bad.items())[-5:] if one.why]
    return replace(figure, details=told, notes=list(facts.notes), trend=_by_month(facts.drift))


def _by_month(days: Mapping[date, Day]) -> list[tuple[date, float]]:
    months: dict[date, list[float]] = {}
    for day, one in sorted(days.items()):
        months.setdefault(day.replace(day=1), []).append(float(bool(one.bad)))
    return [(month, sum(found) / len(found)) for month, found in months.items()]
