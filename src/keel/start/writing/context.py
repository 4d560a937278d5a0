"""What the templates of a project know: columns by what they are for, and words for the task."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from keel.project.task import Classes, YesNo
from keel.start.plan import Caution, Plan, Type, Use
from keel.start.writing.code import Coded, class_name, coded, listed, literal
from keel.start.writing.derived import derived

MOST_SLICES = 4
SLICE_VALUES = 12  # a column with more values is no slice of its own accord
FEW_ROWS = 2_000  # below, each row is tested once, by folds
GATES = {"psi": 1.0, "same": 0.3, "nulls": 0.1, "unseen": 0.05}  # to begin with
STEPS = 40  # values of the column from which the label of a made-up table follows


@dataclass(frozen=True)
class Split:
    """Which rows test the model; as the settings have it."""

    by: str
    test_from: date | None = None
    column: str = ""
    folds: int | None = None
    tested: float | None = None  # share of the rows that are as late, where that is known


@dataclass(frozen=True)
class Rhythm:
    """How often there are rows, and what monitoring may expect therefore; as for a row each day."""

    gap: int = 7  # days in a row that may be without
    window: int = 28  # days to judge the quality by
    window_rows: int = 1_000  # of them are enough
    label_days: int = 7  # until the labels of a day have come


@dataclass(frozen=True)
class Eased:
    """A gate that the table is beyond from the start, and the limit that lets it pass."""

    gate: str
    limit: float | None
    why: str  # a column, and what is so with it


@dataclass(frozen=True)
class Measured:
    """What a first run showed; without one, what is a careful guess."""

    model: str = "boosting"
    beats_guess: bool = True  # whether there is anything to learn
    better: float | None = 0.0  # what the gate asks for, beyond the simple model or a guess
    eased: tuple[Eased, ...] = ()
    quick_rows: int = 2_000
    learns: bool = True  # whether each model is better than a guess on what it learnt from
    floors: dict[str, float] = field(default_factory=dict)
    slice_floors: dict[str, float] = field(default_factory=dict)
    quick_floors: dict[str, float] = field(default_factory=dict)
    quick_slice_floors: dict[str, float] = field(default_factory=dict)
    floors_words: str = "None yet: take the baseline's scores to begin with."
    rhythm: Rhythm = field(default_factory=Rhythm)
    split: Split | None = None
    metric: str = ""  # what the scores are, in words
    scores: dict[str, float | None] = field(default_factory=dict)
    cases: tuple[dict[str, Any], ...] = ()
    directions: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class About:
    """What the project is called, and what it is."""

    package: str
    title: str
    purpose: str
    is_product: bool
    baseline: str  # its name in conf/


def context(plan: Plan, about: About, measured: Measured) -> dict[str, Any]:
    """All names that a template may use."""
    columns = coded(plan)
    target = next(column for column in columns if column.column.use == Use.TARGET)
    time = next((column for column in columns if column.is_time), None)
    split = measured.split or split_of(plan)
    return {
        **vars(about),
        "plan": plan,
        "task": plan.task,
        "table": plan.table,
        "schema": class_name(plan.table),
        "file": file_words(plan),
        "pattern": pattern(plan),
        "target": target,
        "target_words": target_words(plan, target),
        "time": time,
        "measured": measured,
        "split": split,
        "boosting": "model=boosting " if measured.model == about.baseline else "",  # to try it
        "quick_words": _quick_words(plan, measured),
        "usual_limits": GATES,
        "limits": {**GATES, **{gate.gate: gate.limit for gate in measured.eased}},
        "share": f"folds: {split.folds}" if split.folds else "test_share: 0.25",
        "smallest_slice": max(20, min(1000, plan.rows // 20)),
        "rows_per_leaf": max(5, min(50, plan.rows // 20)),
        "trees": 50 if plan.rows < FEW_ROWS else 200,  # more would learn few rows by heart
        "leaves": max(4, min(31, plan.rows // 100)),
        **_by_use(plan, columns),
        **_words(plan),
        **_of_tests(plan, columns, target, time, split),
        **_of_texts(plan, columns),
    }


def _quick_words(plan: Plan, measured: Measured) -> str:
    rows = measured.quick_rows
    return f"about {rows:,} rows" if plan.rows > rows else "all rows, which are few"


def split_of(plan: Plan) -> Split:
    """By time where there is one, else by group, else by key; by folds where rows are few."""
    folds = 5 if plan.rows < FEW_ROWS else None
    group, time = plan.named(Use.GROUP), plan.named(Use.TIME)
    if group and (not time or plan.answers.get("group")):
        enough = folds and group[0].distinct >= folds
        return Split("group", column=group[0].identifier, folds=folds if enough else None)
    if time:
        first, last = _day(time[0].low), _day(time[0].high)
        return Split("time", test_from=first + (last - first) * 3 // 4)
    return Split("key", folds=folds)


def file_words(plan: Plan) -> str:
    """What the table is, for people."""
    files = plan.source.files
    return files[0].name if len(files) == 1 else f"{len(files)} files such as {files[0].name}"


def pattern(plan: Plan) -> str:
    """Where the pipeline finds the table: `data.source`."""
    ending = "".join(plan.source.files[0].suffixes[-2:])
    ending = ending if ending in (".csv.gz", ".csv.zip") else plan.source.files[0].suffix
    ending = ".parquet" if plan.source.format == "parquet" else ending
    if ending not in (".parquet", ".csv", ".csv.gz", ".csv.zip", ".tsv"):
        ending = ".csv"
    return f"source/{{table}}{'' if len(plan.source.files) == 1 else '-*'}{ending}"


def target_words(plan: Plan, target: Coded) -> str:
    """What is predicted, as part of a sentence."""
    if plan.task == YesNo.kind:
        if target.is_boolean:
            return f"whether {target.name} is true"
        return f"whether {target.name} is {target.column.true}"
    if plan.task == Classes.kind:
        return f"which {target.name} it is"
    return target.name


def _by_use(plan: Plan, columns: list[Coded]) -> dict[str, Any]:
    """The columns by where they stand in the code."""
    dropped = (Use.PERSONAL, Use.AFTERWARDS)
    kept: list[Coded] = []
    own: list[Coded] = []
    for column in columns:
        apart = column.making or column.column.use in dropped or column.has_classes
        (own if apart else kept).append(column)
    made = [c for c in own if c.column.use not in dropped]
    features = derived(plan, columns)
    plain = [column for column in columns if column.is_plain]
    sensitive = [c for c in columns if c.column.sensitive or c.column.use == Use.SLICE]
    own = [c for c in own if not (c.has_classes and not c.making)]
    shared = [c for c in made if c.has_classes and not c.making]
    kept = [c for c in columns if c in kept or c in shared]
    made = [c for c in made if c not in shared]
    zoned = any(c.needs_zone for c in columns) or any(f.needs_zone for f in features)
    return {
        "columns": columns,
        "kept": kept,
        "own": own,
        "made": made,
        "making": [column for column in made if column.making],
        "examples_columns": [*kept, *made],
        "key": [column.name for column in columns if column.is_key],
        "plain": plain,
        "derived": features,
        "sensitive": sensitive,
        "sensitive_features": [c for c in sensitive if c.is_feature],
        "personal": [c for c in columns if c.column.personal or c.column.use == Use.PERSONAL],
        "later": [c for c in columns if c.column.use == Use.AFTERWARDS],
        "left_out": [column for column in plan.columns if column.use == Use.LEFT_OUT],
        "names": [column for column in columns if column.column.name != column.name],
        "has_zone": zoned,
        **_ordered(columns),
        "slices": _slices(columns),
        "sensitive_slices": [c for c in sensitive if c.name in _slices(columns)],
    }


def _order(columns: list[Coded]) -> list[str]:
    """By what the examples are sorted: time and key; nothing if that leaves some alike."""
    first = [column.name for column in columns if column.is_time]
    key = [column.name for column in columns if column.is_key and not column.is_time]
    return [*first, *key] if key or _is_key(columns, first) else []


def _ordered(columns: list[Coded]) -> dict[str, str]:
    """The order in words, and as arguments of `sort`."""
    order = _order(columns)
    if order:
        return {
            "order_words": listed(order),
            "order_code": ", ".join(f'"{name}"' for name in order),
        }
    time = next((column.name for column in columns if column.is_time), None)
    if time is None:
        return {"order_words": "their values", "order_code": "Examples.column_names()"}
    return {
        "order_words": f"{time}, and then of their values",
        "order_code": f'"{time}", *Examples.column_names()',
    }


def _is_key(columns: list[Coded], names: list[str]) -> bool:
    return any(column.is_key for column in columns if column.name in names)


def _slices(columns: list[Coded]) -> list[str]:
    """Columns with few values to judge by: the sensitive ones first, then the group of few."""

    def few(column: Coded) -> bool:
        return column.column.type in (Type.CATEGORY, Type.YES_NO) and (
            2 <= max(column.column.distinct, len(column.column.values)) <= SLICE_VALUES
        )

    sliced = [c for c in columns if c.column.use == Use.SLICE or c.column.sensitive]
    must = [c.name for c in sliced if few(c) and c.column.use != Use.TARGET]
    may = [c.name for c in columns if c.is_plain and few(c) and c.name not in must]
    return [*must, *may[: max(0, MOST_SLICES - len(must))]]


def _words(plan: Plan) -> dict[str, str]:
    """What is said of an answer."""
    target, table = plan.target.identifier, plan.table
    if plan.task == YesNo.kind:
        return {
            "answer_words": "a probability from 0 to 1",
            "answer_property": "is_probability",
            "feature_title": f"Each row of {table} gets a probability for its {target}",
        }
    if plan.task == Classes.kind:
        return {
            "answer_words": "a probability for each class, 1 in all",
            "answer_property": "is_share_for_each",
            "feature_title": f"Each row of {table} gets a probability for each {target}",
        }
    return {
        "answer_words": "a number",
        "answer_property": "is_number",
        "feature_title": f"Each row of {table} gets a prediction of its {target}",
    }


def _of_tests(
    plan: Plan, columns: list[Coded], target: Coded, time: Coded | None, split: Split
) -> dict[str, Any]:
    """The cases of the tests, as code."""
    first = _first_day(time, split)
    texts = [c for c in columns if c.is_plain and c.column.type == Type.CATEGORY and not c.bounds]
    nullable = [c for c in columns if c.is_feature and c.is_nullable]
    impossible = [column for column in columns if column.impossible]
    impossible.sort(key=lambda column: (column.is_key, not column.bounds))  # numbers say most
    broken = impossible[0] if impossible else None
    invariant = [
        (c, c.usual_code)
        for c in columns
        if (c.is_key or c.column.use in (Use.GROUP, Use.SLICE))
        and not (c.is_plain or c.is_time or c.is_derived)
        and not c.making
    ]
    return {
        "impossible": [c for c in columns if c.impossible],
        "broken": broken,
        "broken_words": _broken_words(broken) if broken else "",
        "new_value": texts[0] if texts else None,
        "unknown": nullable[0] if nullable else None,
        "invariant": invariant,
        "change": _change(plan, columns, invariant),
        "first_day": f"datetime({first.year}, {first.month}, {first.day}, 12, tzinfo=UTC)",
        "own_keys": list(_own_keys(columns, split)),
        "label_cases": list(_label_cases(plan, target)),
        "label_type": {YesNo.kind: "bool | None", Classes.kind: "str | None"}.get(
            plan.task, "float | None"
        ),
        "made_cases": list(_made_cases(columns)),
        "ordering": _ordering(columns),
        "cases": [],
        "directions": [],
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


def _first_day(time: Coded | None, split: Split) -> date:
    """The day of the first row of a made-up table: three in four come before the test."""
    if time is None:
        return date(2024, 1, 1)
    if split.test_from:
        return split.test_from - timedelta(days=300)
    return _day(time.column.low)


def _own_keys(columns: list[Coded], split: Split) -> Iterator[tuple[str, str]]:
    """Code for the value of the i-th row, of the columns that differ from row to row."""
    keys = [c for c in columns if c.is_key and not c.is_time and c.column.type not in TIMES]
    for column in columns:
        if column.is_time:
            yield column.name, _day_code(column)
        elif column in keys[:1]:
            yield column.name, "i" if _is_whole(column) else 'f"K{i}"'
        elif column.name == split.column:
            yield column.name, "i % 50" if _is_whole(column) else 'f"G{i % 50}"'


TIMES = (Type.DATE, Type.MOMENT)


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
        for value in target.column.values[:3]:
            yield target.raw(value), repr(str(value))
    else:
        yield target.usual_raw, target.usual_raw
    yield "None", "None"


def _made_cases(columns: list[Coded]) -> Iterator[dict[str, Any]]:
    """Dates and moments that the table writes in another way than the examples."""
    for column in columns:
        if (
            not column.making
            or column.has_classes
            or column.column.use
            in (
                Use.PERSONAL,
                Use.AFTERWARDS,
            )
        ):
            continue
        day: Any = date(2024, 2, 3)
        if column.column.type == Type.MOMENT:
            zone = UTC if column.column.zone or "epoch" in (column.column.form or "") else None
            day = datetime(2024, 2, 3, 12, tzinfo=zone)
        there = column.moment(day)
        zoned = column.column.type == Type.MOMENT
        yield {"column": column, "raw": column.raw(day), "value": literal(there, zoned=zoned)}


def _ordering(columns: list[Coded]) -> dict[str, Any] | None:
    """Three rows that are not in the order of the examples."""
    order = _order(columns)
    if not order:
        return None
    column = next(column for column in columns if column.name == order[0])
    if column.column.type in TIMES:
        if column.making:
            return None  # what it is read as has a test of its own
        days: list[Any] = [date(2024, 2, day) for day in (3, 1, 2)]
        if column.column.type == Type.MOMENT:
            days = [datetime(2024, 2, day, 12, tzinfo=UTC) for day in (3, 1, 2)]
        moment = column.column.type == Type.MOMENT
        cases = [literal(day, zoned=moment) for day in days]
    elif column.is_key and _is_whole(column):
        cases = ["3", "1", "2"]
    elif column.is_key and column.column.type not in TIMES and isinstance(column.usual, str):
        cases = ["'c'", "'a'", "'b'"]
    else:
        return None
    ordered = [cases[1], cases[2], cases[0]]
    return {"name": column.name, "raw_cases": cases, "sorted_cases": ordered}


def _made_up(plan: Plan, columns: list[Coded], target: Coded) -> dict[str, Any]:
    """A table whose label follows from one column, as code."""
    plain = [c for c in columns if c.is_plain]
    numbers = [c for c in plain if c.bounds and c.column.type in (Type.WHOLE, Type.NUMBER)]
    wide = [c for c in numbers if c.bounds and c.bounds[1] - c.bounds[0] >= STEPS - 1]
    driver = next(iter(wide or [c for c in numbers if c.column.type == Type.NUMBER]), None)
    code = "step"
    if driver is not None and driver.bounds:
        low, high = driver.bounds
        step = (high - low) / STEPS
        step = int(step) if driver.column.type == Type.WHOLE else float(f"{0.9 * step:.3g}")
        start = f"{literal(low)} + " if low else ""
        code = f"{start}{literal(step)} * step" if step != 1 else f"{start}step"
    label, classes = _label_code(plan, target)
    metric = {YesNo.kind: ("auc", 0.9), Classes.kind: ("balanced_accuracy", 0.8)}
    return {
        "driver": driver,
        "driver_code": code,
        "label_code": label,
        "classes": classes,
        "steps": STEPS,
        "learnt": metric.get(plan.task, ("r2", 0.8)),
    }


def _label_code(plan: Plan, target: Coded) -> tuple[str, list[str]]:
    if plan.task == YesNo.kind:
        if target.is_boolean:
            return "step >= STEPS // 2", []
        no = next(value for value in target.column.values if value != target.column.true)
        return f"{target.column.true!r} if step >= STEPS // 2 else {no!r}", []
    if plan.task == Classes.kind:
        values = sorted(target.column.values, key=str)
        return "CLASSES[step * len(CLASSES) // STEPS]", [target.raw(value) for value in values]
    low, high = target.bounds or (0, 100)
    span = (high - low) / STEPS
    whole = target.column.type == Type.WHOLE
    step = max(1, int(span)) if whole else float(f"{0.9 * span:.3g}")
    return f"{literal(low)} + {literal(step)} * step" if low else f"{literal(step)} * step", []


def _of_texts(plan: Plan, columns: list[Coded]) -> dict[str, Any]:
    """What the how-to and the other texts take as their examples."""
    plain = [c for c in columns if c.is_plain]
    numbers = [c.name for c in plain if c.bounds and c.bounds[0] <= 0 and c.bounds[1] >= 6]
    known = {c.name: _json(c) for c in columns if c.column.use not in (Use.TARGET, Use.AFTERWARDS)}
    features = [*(c.name for c in plain), *(f.name for f in derived(plan, columns))]
    return {
        "two_numbers": numbers[:2] if len(numbers) > 1 else None,
        "any_column": (plain or columns)[0].name,
        "any_feature": features[0] if features else columns[0].name,
        "request": json.dumps(known, ensure_ascii=False).replace("'", "’"),
        "questions": [
            {
                "name": _slug(warning.column or plan.table, number),
                "question": _question(warning),
                "dear": "Scores that rest on it are of another problem than the one in use.",
            }
            for number, warning in enumerate(_to_decide(plan), 1)
        ],
    }


def _to_decide(plan: Plan) -> list[Caution]:
    """The warnings that somebody has to answer; privacy is a question of its own."""
    private = {c.name for c in plan.columns if c.personal or c.sensitive or c.use == Use.PERSONAL}
    return [
        warning
        for warning in plan.warnings
        if warning.column not in private and not warning.cure.startswith("leave it so")
    ]


def _question(warning: Caution) -> str:
    """A warning as something to be decided."""
    said = f"{warning.column}: {warning.sentence}" if warning.column else warning.sentence
    cure = f"{warning.cure[:1].lower()}{warning.cure[1:].rstrip('.')}"
    return f"{said.rstrip('.')}. Is that as it should be? If not: {cure}."


def _slug(name: str, number: int) -> str:
    plain = "".join(c if c.isalnum() and c.isascii() else "-" for c in name.lower()).strip("-")
    return f"warning-{number}-{plain or 'table'}"


def _json(column: Coded) -> Any:
    """An ordinary value as a request has it."""
    value = column.usual
    if column.column.form and column.column.type in TIMES:
        return ast.literal_eval(column.usual_raw)
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if column.column.zone and value.tzinfo is None else "")
    return value.isoformat() if isinstance(value, date) else value


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
