"""What the templates of a project know: columns by what they are for, and words for the task."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from keel.project.task import Classes, Number, YesNo
from keel.start.plan import Caution, Plan, Type, Use
from keel.start.writing.cases import DROPPED, cases_of
from keel.start.writing.code import DAYS, LATER, Coded, class_name, coded
from keel.start.writing.derived import Derived, derived
from keel.start.writing.measured import GATES, Measured
from keel.start.writing.splitting import FEW_ROWS, split_of

MOST_SLICES = 4
SLICE_VALUES = 12  # a column with more values is no slice of its own accord


# What an answer is, what tests call that, and what a row gets, before the name of the label.
ANSWER = ("answer_words", "answer_property", "gets")
ANSWERS = {
    YesNo.kind: ("a probability from 0 to 1", "is_probability", "a probability for its"),
    Classes.kind: (
        "a probability for each class, 1 in all",
        "is_share_for_each",
        "a probability for each",
    ),
    Number.kind: ("a number", "is_number", "a prediction of its"),
}
# A metric, and what is reached where a column says it all.
LEARNT = {
    YesNo.kind: ("auc", 0.9),
    Classes.kind: ("balanced_accuracy", 0.8),
    Number.kind: ("r2", 0.8),
}


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
    features = derived(plan, columns)
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
        "derived": features,
        "local": any(column.needs_zone for column in columns),
        "has_zone": any(column.needs_zone for column in columns)
        or any(feature.needs_zone for feature in features),
        "left_out": plan.named(Use.LEFT_OUT),
        **_by_use(columns),
        "order_code": _order(columns),
        **dict(zip(ANSWER, ANSWERS[plan.task], strict=True)),
        "learnt": LEARNT[plan.task],
        **cases_of(plan, columns, target, split),
        "cases": measured.cases,
        "directions": measured.directions,
        **_of_texts(plan, columns, features),
    }


def _quick_words(plan: Plan, measured: Measured) -> str:
    rows = measured.quick_rows
    return f"about {rows:,} rows" if plan.rows > rows else "all rows, which are few"


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


def _by_use(columns: list[Coded]) -> dict[str, Any]:
    """The columns by where they stand in the code."""
    kept = [c for c in columns if not c.making and c.column.use not in DROPPED]
    made = [c for c in columns if c.making and c.column.use not in DROPPED]
    sensitive = [c for c in columns if c.column.sensitive or c.column.use == Use.SLICE]
    slices = _slices(columns, sensitive)
    return {
        "columns": columns,
        "kept": kept,
        "own": [column for column in columns if column not in kept],
        "made": made,
        "examples_columns": [*kept, *made],
        "key": [column.name for column in columns if column.is_key],
        "plain": [column for column in columns if column.is_plain],
        "sensitive": sensitive,
        "sensitive_features": [c for c in sensitive if c.is_feature],
        "personal": [c for c in columns if c.column.personal or c.column.use == Use.PERSONAL],
        "later": [c for c in columns if c.column.use == Use.AFTERWARDS],
        "names": [column for column in columns if column.column.name != column.name],
        "slices": slices,
        "sensitive_slices": [c for c in sensitive if c.name in slices],
    }


def _order(columns: list[Coded]) -> str:
    """By what the examples are sorted, as arguments of `sort`: time and key.

    Where these leave some alike, also by all values.
    """
    order = [*(c.name for c in columns if c.is_time)]
    order += [c.name for c in columns if c.is_key and not c.is_time]
    code = [f'"{name}"' for name in order]
    if any(column.is_key for column in columns):
        return ", ".join(code)
    values = "*Examples.column_names()" if order else "Examples.column_names()"
    return ", ".join([*code, values])


def _slices(columns: list[Coded], sensitive: list[Coded]) -> list[str]:
    """Columns with few values to judge by: the sensitive ones first, then the group of few."""

    def few(column: Coded) -> bool:
        return column.column.type in (Type.CATEGORY, Type.YES_NO) and (
            2 <= max(column.column.distinct, len(column.column.values)) <= SLICE_VALUES
        )

    must = [c.name for c in sensitive if few(c) and c.column.use != Use.TARGET]
    may = [c.name for c in columns if c.is_plain and few(c) and c.name not in must]
    return [*must, *may[: max(0, MOST_SLICES - len(must))]]


def _of_texts(plan: Plan, columns: list[Coded], features: list[Derived]) -> dict[str, Any]:
    """What the how-to and the other texts take as their examples."""
    plain = [c for c in columns if c.is_plain]
    numbers = [c.name for c in plain if c.bounds and c.bounds[0] <= 0 and c.bounds[1] >= 6]
    known = {c.name: _json(c) for c in columns if c.column.use not in LATER}
    return {
        "two_numbers": numbers[:2] if len(numbers) > 1 else None,
        "any_column": (plain or columns)[0].name,
        "any_feature": [*(c.name for c in plain), *(f.name for f in features), columns[0].name][0],
        "request": json.dumps(known, ensure_ascii=False).replace("'", "’"),
        "questions": [
            {
                "name": name,
                "question": _question(warning),
                "dear": "Scores that depend on it may not hold in use.",
            }
            for name, warning in _named(_to_decide(plan), plan)
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
    return f"{said.rstrip('.')}. Is that right? If not: {cure}."


def _named(warnings: list[Caution], plan: Plan) -> Iterator[tuple[str, Caution]]:
    """Each with a name by its column: data-market-segment, and data-market-segment-2."""
    names = {column.name: column.identifier for column in plan.columns}
    seen: Counter[str] = Counter()
    for warning in warnings:
        name = f"data-{names.get(warning.column, plan.table).strip('_').replace('_', '-')}"
        seen[name] += 1
        yield name + f"-{seen[name]}" * (seen[name] > 1), warning


def _json(column: Coded) -> Any:
    """An ordinary value as a request has it."""
    value = column.usual
    if column.column.form and column.column.type in DAYS:
        return ast.literal_eval(column.usual_raw)
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if column.column.zone and value.tzinfo is None else "")
    return value.isoformat() if isinstance(value, date) else value
