"""How good the data are: rows that keep their schema, what is unknown, joins, and drift."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from keel.data.reasons import in_words
from keel.quality.budgets import events
from keel.quality.budgets.events import Events, Source
from keel.quality.records.documents import Files, plural
from keel.quality.records.figures import Figure, Limits, about, goal, state
from keel.quality.records.settings import Data

FILE = "reports/data-quality.json"
RUN, MONITOR = "uv run keel run", "uv run keel monitor"
SHOWN = 5  # of the worst
DAYS = 28  # of use, that drift looks back


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
Count = tuple[int, int, list[str]]  # how many, of how many, and which


def figures(root: Path, settings: Data) -> list[Figure]:
    """All four."""
    files = Files(root)
    tables, wrong = files.report(FILE, dict[str, Table], RUN) or {}, files.wrong.get(FILE)
    shares = {
        "data.valid": (settings.valid_share, _valid),
        "data.missing": (settings.missing_share, _missing),
        "data.joins": (settings.unmatched_share, _unmatched),
    }
    made = [
        about(name).fails(wrong) if wrong else _share(about(name), limits, *count(tables))
        for name, (limits, count) in shares.items()
    ]
    drift = events.read(root, Source(indicator="drift"))
    return [*made, _drift(drift, settings)]


def _share(its: Figure, limits: Limits, part: int, whole: int, details: list[str]) -> Figure:
    if not whole:
        return its.unknown(f"no table was looked at for this yet: `{RUN}`", 0, goal(limits))
    text = f"{part / whole:.2%}, {part:,} of {whole:,}"
    if part < whole and part / whole > 0.9999:
        text = f"all but {whole - part:,} of {whole:,}"  # and not a round 100 %
    return its.share(part, whole, limits, text).also(details)


def _valid(tables: Tables) -> Count:
    rows = sum(table.rows for table in tables.values())
    lost = sum(table.set_aside for table in tables.values())
    details = [
        f"{name}: {table.set_aside:,} of {plural(table.rows, 'row')} set aside "
        f"({', '.join(f'{why} {times:,}' for why, times in in_words(table.reasons).items())})"
        for name, table in tables.items()
        if table.set_aside
    ]
    return rows - lost, rows, details


def _missing(tables: Tables) -> Count:
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


def _unmatched(tables: Tables) -> Count:
    joins = [
        (lost, table.rows, f"{name} without {other}: {lost:,} of {plural(table.rows, 'row')}")
        for name, table in tables.items()
        for other, lost in table.without_match.items()
        if table.rows
    ]
    joins.sort(key=lambda join: -join[0] / join[1])
    part, whole, _ = joins[0] if joins else (0, 0, "")
    return part, whole, [detail for *_, detail in joins[:SHOWN]]


def _drift(drift: Events, settings: Data) -> Figure:
    """The share of bad days among the last ones that monitoring judged."""
    its, target = about("data.drift"), f"{goal(settings.drift_share)} of {DAYS} days"
    if not drift.days:
        why = "; ".join(drift.notes) or f"no input in use was compared yet: `{MONITOR}`"
        return its.unknown(why, 0, target)
    last = max(drift.days)
    first = last - timedelta(days=DAYS - 1)
    days = {day: counts for day, counts in sorted(drift.days.items()) if day >= first}
    bad = [(day, counts.why) for day, counts in days.items() if counts.bad]
    share = len(bad) / len(days)
    text = f"{len(bad)} of {plural(len(days), 'day')} up to {last}"
    figure = its.shown(share, text, state(share, *settings.drift_share), len(days), target)
    return figure.also([f"{day}: {why}" for day, why in bad[-SHOWN:] if why], drift.notes)
