"""The rows and cases of a project's tests, as code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from keel.project.task import Classes, YesNo
from keel.start.plan import Plan, Type, Use
from keel.start.writing.code import DAYS, NUMBERS, Coded, literal
from keel.start.writing.measured import Split
from keel.start.writing.splitting import day_of
from keel.testing.asked import MANY

DROPPED = (Use.PERSONAL, Use.AFTERWARDS)  # of these no example has any
STEPS = 40  # values of the column from which the label of a made-up table follows


def cases_of(plan: Plan, columns: list[Coded], target: Coded, split: Split) -> dict[str, Any]:
    """The cases of the tests by the names that their templates have."""
    first = _first_day(columns, split)
    texts = [c for c in columns if c.is_plain and c.column.type == Type.CATEGORY and not c.bounds]
    nullable = [c for c in columns if c.is_feature and c.is_nullable]
    impossible = [column for column in columns if column.impossible]
    broken = min(impossible, key=lambda c: (c.is_key, not c.bounds), default=None)  # numbers first
    invariant = [
        (c, c.usual_code)
        for c in columns
        if (c.is_key or c.column.use in (Use.GROUP, Use.SLICE))
        and not (c.is_feature or c.is_time or c.making)
    ]
    return {
        "impossible": impossible,
        "broken": broken,
        "broken_words": _broken_words(broken) if broken else "",
        "new_value": texts[0] if texts else None,
        "unknown": nullable[0] if nullable else None,
        "invariant": invariant,
        "change": _change(plan, columns, invariant),
        "first_day": f"datetime({first.year}, {first.month}, {first.day}, 12, tzinfo=UTC)",
        "own_keys": list(_own_keys(columns, split)),
        "label_cases": list(_label_cases(plan, target)),
        "ordering": _ordering(columns),
        **_made_up(plan, columns, target),
    }


def _change(plan: Plan, columns: list[Coded], invariant: list[tuple[Coded, str]]) -> str:
    """A row of a table of changes, as the how-to shows it."""
    if invariant:
        column, value = invariant[0]
        return f'Change("{column.name} means nothing", {{}}, {{"{column.name}": {value}}})'
    numbers = [c for c in columns if c.is_plain and c.bounds]
    if not numbers:
        return 'Change("why", {"COLUMN": "before"}, {"COLUMN": "after"})'
    name, low, high = numbers[0].name, numbers[0].column.low, numbers[0].column.high
    why = f"the higher {name} is, the higher {plan.target.identifier}"
    return f'Change("{why}", {{"{name}": {literal(low)}}}, {{"{name}": {literal(high)}}})'


def _broken_words(broken: Coded) -> str:
    if broken.impossible == "None":
        return f"no {broken.name}"
    value = broken.impossible.strip("'\"").replace("_", ",")
    return f"the {broken.name} {value}"


def _first_day(columns: list[Coded], split: Split) -> date:
    """The day of the first row of a made-up table: three in four come before the test."""
    if split.test_from:
        return split.test_from - timedelta(days=300)
    return next((day_of(c.column.low) for c in columns if c.is_time), date(2024, 1, 1))


def _own_keys(columns: list[Coded], split: Split) -> Iterator[tuple[str, str]]:
    """Code for the value of the i-th row, of the columns that differ from row to row."""
    keys = [c for c in columns if c.is_key and not c.is_time and c.column.type not in DAYS]
    for column in columns:
        if column.is_time:
            yield column.name, _day_code(column)
        elif column in keys[:1]:
            yield column.name, _nth(column, "i")
        elif column.name == split.column:
            yield column.name, _nth(column, "i % 50")


def _day_code(column: Coded) -> str:
    """The raw value of a column with the time, i days after the first."""
    moment = "(FIRST + timedelta(days=i))"
    form = column.column.form
    if form and form.startswith("epoch:"):
        return f"int({moment}.timestamp())" + " * 1000" * (form == "epoch:ms")
    if form:
        return f"{moment}.strftime({form!r})"
    if column.column.type == Type.DATE:
        return f"{moment}.date()"
    return moment if column.column.zone else f"{moment}.replace(tzinfo=None)"


def _nth(column: Coded, number: str) -> str:
    """Code for an id by its number."""
    return number if _is_whole(column) else f'"{column.id_format}".format({number})'


def _is_whole(column: Coded) -> bool:
    return isinstance(column.usual, int) and not isinstance(column.usual, bool)


def _label_cases(plan: Plan, target: Coded) -> Iterator[tuple[str, str]]:
    """Values of the label in the table, and what they mean."""
    if plan.task == YesNo.kind:
        true = target.column.true
        for value in target.column.values:
            code = repr(str(value).lower() == "true") if target.is_boolean else repr(value)
            yield code, repr(value == true)
    elif plan.task == Classes.kind:
        for value in target.column.values[:MANY]:
            yield target.raw(value), repr(str(value))
    else:
        least = literal(target.column.low)
        yield from dict.fromkeys(((target.usual_raw,) * 2, (least, least)))
    yield "None", "None"


def _ordering(columns: list[Coded]) -> dict[str, Any] | None:
    """Three rows that are not in the order of the examples, by the column that comes first.

    None if such rows can't be told apart by a key, or are made of other values.
    """
    keys = [column for column in columns if column.is_key]
    first = next((column for column in columns if column.is_time), None) or next(iter(keys), None)
    if not keys or first is None:
        return None
    told_apart = [first] if first.is_key else [first, keys[0]]
    values = [_unordered(column) for column in told_apart]
    if not all(values):
        return None
    names = [column.name for column in told_apart]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    third, *others = values[0]
    return {"name": first.name, "raw_cases": rows, "sorted_cases": [*others, third]}


def _unordered(column: Coded) -> list[str]:
    """The third, the first and the second value as code; what is made has a test of its own."""
    if column.column.type in DAYS:
        days = [column.usual + timedelta(days=days) for days in (1, -1, 0)]
        zoned = column.column.type == Type.MOMENT
        return [] if column.making else [literal(day, zoned=zoned) for day in days]
    if _is_whole(column):
        return ["3", "1", "2"]
    known = isinstance(column.usual, str)
    return [repr(column.id_format.format(number)) for number in (3, 1, 2) if known]


def _made_up(plan: Plan, columns: list[Coded], target: Coded) -> dict[str, Any]:
    """A table whose label follows from one column, as code."""
    numbers = [c for c in columns if c.is_plain and c.bounds and c.column.type in NUMBERS]
    wide = [c for c in numbers if c.bounds and c.bounds[1] - c.bounds[0] >= STEPS - 1]
    driver = next(iter(wide or [c for c in numbers if c.column.type == Type.NUMBER]), None)
    label, classes = "labels[step]", list[str]()
    if plan.task == Classes.kind:
        values = sorted(target.column.values, key=str)
        label, classes = (
            "CLASSES[step * len(CLASSES) // STEPS]",
            [target.raw(value) for value in values],
        )
    elif target.is_boolean:
        label = "step >= STEPS // 2"
    elif plan.task == YesNo.kind:
        no = next(value for value in target.column.values if value != target.column.true)
        label = f"{target.column.true!r} if step >= STEPS // 2 else {no!r}"
    return {"driver": driver, "label_code": label, "classes": classes, "steps": STEPS}
