"""What a person is shown of a plan: the columns in a table, warnings, and what comes next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from keel.start.code import literal
from keel.start.plan import Column, Plan, Type, Use

WIDTHS = {"column": 22, "type": 13, "values": 25, "nulls": 5, "use": 16}
MOST = 60  # columns that are shown one by one


def shown(plan: Plan, width: int) -> Iterator[str]:
    """The lines that say what the table is taken for; none is longer than `width`."""
    files = plan.source.files
    name = files[0].name if len(files) == 1 else f"{len(files)} files"
    yield f"{name}: {plan.rows:,} rows, {len(plan.columns)} columns; {_task(plan)}"
    yield ""
    yield from _columns(plan, width)
    for warning in plan.warnings:
        subject = f"{warning.column}: " if warning.column else ""
        yield ""
        yield from _wrapped(f"! {subject}{warning.sentence}", width, "  ")
        yield from _wrapped(f"  → {warning.cure}", width, "    ")


def _task(plan: Plan) -> str:
    target = plan.target
    if target.true is not None:
        return f"{target.name} is predicted: yes or no, {target.true} means yes"
    return f"{target.name} is predicted: {plan.task}"


def _columns(plan: Plan, width: int) -> Iterator[str]:
    """A line for each column, with its reason where there is room, else below."""
    widths = {**WIDTHS, "column": min(22, max(6, *(len(c.name) for c in plan.columns)))}
    yield _line(["column", "type", "values", "nulls", "use", "why"], widths, width)
    order = list(Use)
    columns = sorted(plan.columns, key=lambda column: order.index(column.use))
    for column in columns[:MOST]:
        use = column.use if column.name not in plan.key else _key_and(column.use)
        nulls = f"{column.nulls:.0%}" if column.nulls >= 0.005 else "<1%" * bool(column.nulls)
        cells = [column.name or '""', _type(column), values(column), nulls, use, column.reason]
        yield _line(cells, widths, width)
    if len(columns) > MOST:
        counted = {use: sum(c.use == use for c in columns[MOST:]) for use in Use}
        rest = ", ".join(f"{number} {use}" for use, number in counted.items() if number)
        yield f"… and {len(columns) - MOST} more: {rest}"


def _key_and(use: Use) -> str:
    return Use.KEY if use == Use.KEY else f"{use}, key"


def _type(column: Column) -> str:
    return {Type.MOMENT: "date and time", Type.WHOLE: "whole number"}.get(column.type, column.type)


def values(column: Column) -> str:
    """The range or the values of a column; nothing of what is personal."""
    if column.personal or column.use == Use.PERSONAL:
        return f"{column.distinct:,} different" if column.distinct else ""
    if column.type in (Type.CATEGORY, Type.YES_NO) and column.values:
        return ", ".join(map(str, column.values))
    if column.low is not None:
        return f"{_short(column.low)} to {_short(column.high)}"
    return f"{column.distinct:,} different" if column.distinct else ""


def _short(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, date):
        return str(value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else literal(value)


def _line(cells: list[str], widths: dict[str, int], width: int) -> str:
    *first, why = cells
    parts = [
        _cut(cell, size).ljust(size) for cell, size in zip(first, widths.values(), strict=True)
    ]
    parts[3] = parts[3].strip().rjust(widths["nulls"])
    line = "  ".join(parts)
    room = width - len(line) - 2
    return f"{line}  {_cut(why, room)}".rstrip() if room > 8 else line.rstrip()


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: max(0, size - 1)] + "…"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False) or [text]
