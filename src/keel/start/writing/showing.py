"""What a person is shown of a plan: the columns in a table, warnings, and what comes next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from keel.project.task import Number
from keel.start.plan import Column, Plan, Type, Use, short
from keel.start.writing.measured import Measured
from keel.start.writing.splitting import MOST_TESTED

HEADS = ("column", "type", "values", "nulls", "use")
VALUES = 2  # their place; they have the room that others leave
LEAST = 14  # that they are wide, if names can be cut for it
MOST = 60  # columns that are shown one by one


def shown(plan: Plan, width: int) -> Iterator[str]:
    """The lines that say what the table is taken for; none is longer than `width`."""
    files = plan.source.files
    name = files[0].name if len(files) == 1 else f"{len(files)} files"
    yield f"{name}: {plan.rows:,} rows, {len(plan.columns)} columns; {_task(plan)}"
    yield ""
    yield from _columns(plan, width)
    yield ""
    features = len(plan.named(Use.FEATURE))
    yield f"Are all {features:,} features known when you predict? If not: --afterwards COLUMN"
    for warning in plan.warnings:
        subject = f"{warning.column}: " if warning.column else ""
        yield ""
        yield from _wrapped(f"! {subject}{warning.sentence}", width, "  ")
        yield from _wrapped(f"  → {warning.cure}", width, "    ")


def doubts(plan: Plan, measured: Measured) -> Iterator[str]:
    """What a first run showed that a person should know before using the model."""
    if not measured.beats_guess and plan.task == Number.kind and plan.named(Use.TIME):
        yield (
            "A guess, the previous value of each series, is better: add features that look back, "
            'as docs/how-to.md says below "Look back".'
        )
    elif not measured.beats_guess:
        yield "That is no better than a guess: the columns say little of the target."
    elif measured.better is None:
        yield "This may be chance: it is not surely better than a guess. More rows would tell."
    split = measured.split
    if split and split.tested is not None and split.tested > MOST_TESTED:
        yield (
            f"One class has early rows only, so the test begins on {split.test_from}, and only "
            f"{1 - split.tested:.0%} of the rows train the model: merge that class with another to "
            "begin later."
        )
    if measured.better is None:
        yield "So gates.better_than_baseline in conf/config.yaml is null (off)."
    if not measured.learns:
        yield (
            "On the quick data not every model is better than a guess: `keel check` says so, until "
            "columns say more or you remove the model."
        )
    for gate in measured.eased:
        limit = "null" if gate.limit is None else f"{gate.limit:g}"
        yield f"{gate.why}, so gates.{gate.gate} in conf/config.yaml is {limit}."


def _task(plan: Plan) -> str:
    target = plan.target
    if target.true is not None:
        return f"{target.name} is predicted: yes or no, {target.true} means yes"
    return f"{target.name} is predicted: {plan.task}"


def _columns(plan: Plan, width: int) -> Iterator[str]:
    """A row for each column, and below it why, unless it is a feature as any other."""
    order = list(Use)
    columns = sorted(plan.columns, key=lambda column: order.index(column.use))
    rows = {HEADS: ""} | {_cells(each, plan): _reason(each) for each in columns[:MOST]}
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    others = sum(widths) - widths[VALUES] + 2 * (len(widths) - 1)
    widths[0] -= max(0, others + min(LEAST, widths[VALUES]) - width)
    widths[VALUES] = min(widths[VALUES], max(LEAST, width - others))
    for (name, *cells), why in rows.items():
        parts = [_cut(cell, size).ljust(size) for cell, size in zip(cells, widths[1:], strict=True)]
        yield "  ".join([_shortened(name, widths[0]).ljust(widths[0]), *parts]).rstrip()
        if why:
            yield from _wrapped(f"    {why}", width, "    ")
    if len(columns) > MOST:
        counted = {use: sum(c.use == use for c in columns[MOST:]) for use in Use}
        rest = [f"{number} {use}" for use, number in counted.items() if number]
        yield f"… and {len(columns) - MOST} more: {', '.join(rest)}"


def _cells(column: Column, plan: Plan) -> tuple[str, ...]:
    use = column.use if column.name not in plan.key else _key_and(column.use)
    nulls = f"{column.nulls:.0%}" if column.nulls >= 0.005 else "<1%" * bool(column.nulls)
    name = " ".join(column.name.split()) or '""'
    return name, str(column.type), values(column), nulls, use


def _reason(column: Column) -> str:
    """Why it is for that; what type and values say already is no reason."""
    is_said = column.use == Use.TIME and str(column.type) in column.reason
    return "" if column.use == Use.FEATURE or is_said else column.reason


def _key_and(use: Use) -> str:
    return Use.KEY if use == Use.KEY else f"{use}, key"


def values(column: Column) -> str:
    """The range or the values of a column; nothing of what is personal."""
    if column.personal or column.use == Use.PERSONAL:
        return f"{column.distinct:,} different" if column.distinct else ""
    if column.type in (Type.CATEGORY, Type.YES_NO) and column.values:
        many = f"{len(column.values)}: " * (len(column.values) > 2)
        return f"{many}{', '.join(map(str, column.values))}"
    if column.low is not None:
        return f"{short(column.low)} to {short(column.high)} {column.unit}".rstrip()
    return f"{column.distinct:,} different" if column.distinct else ""


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: max(0, size - 1)] + "…"


def _shortened(name: str, size: int) -> str:
    """A name with its end, by which nights_weekend and nights_weekday differ."""
    if len(name) <= size:
        return name
    return f"{name[: size // 2]}…{name[size // 2 + 1 - size :]}"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False) or [text]
