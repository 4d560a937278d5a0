"""How much one column alone says of the target, measured on rows it was not learned from."""

from __future__ import annotations

import numpy as np
import polars as pl

from keel.judge.leaks import MOST_ROWS, Array, told
from keel.start.looking import roles
from keel.start.looking.answers import Answered
from keel.start.looking.facts import Counted, Facts
from keel.start.looking.kinds import DATED
from keel.start.looking.labels import CLASSES, YES_NO
from keel.start.plan import Type
from keel.start.words import NAMES, parts, says

ROWS = 30_000  # that are enough to measure by
NEARLY = {"yes or no": 0.99, "one of several": 0.97, "a number": 0.98}
BY_NULLS = {"yes or no": 0.9, "one of several": 0.9, "a number": 0.9}
MEASURE = {
    "yes or no": "AUC",
    "one of several": "share of the mistakes of the commonest class that it avoids",
    "a number": "R²",
}


def leaking(counted: Counted, answer: Answered, target: Array) -> dict[str, str]:
    """Columns that give the target away or are known later, with the reason."""
    order = np.random.default_rng(0).permutation(len(target))[:ROWS]
    found = {}
    for name, facts in counted.facts.items():
        if (
            name in {*answer.taken, *answer.ahead, *answer.afterwards}
            or facts.type == Type.NOTHING
            or name in counted.personal
        ):
            continue
        values = counted.sample[name]
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the greatest there are
            reason = _given_away(facts, values[order], target[order], answer)
        reason = reason or _by_time(facts, values, answer, counted)
        if not reason and says(name, NAMES["with_target"]) and _is_of(name, answer.target):
            reason = f"by its name it is known with {answer.target}"
        if reason:
            found[name] = reason
    return found


def _given_away(facts: Facts, values: pl.Series, target: Array, answer: Answered) -> str:
    task = answer.label.task
    if facts.nulls:  # that there is a reason for leaving says enough
        score = gives_away(values.is_null(), target, task)
        if score >= BY_NULLS[task]:
            return (
                f"whether it has a value nearly tells {answer.target}: {MEASURE[task]} {score:.3f}"
            )
    if facts.type == Type.TEXT or roles.is_id(facts.name) or values.dtype.is_nested():
        return ""
    score = gives_away(values, target, task)
    if score < NEARLY[task]:
        return ""
    return f"alone it nearly tells {answer.target}: {MEASURE[task]} {score:.3f}"


def _by_time(facts: Facts, values: pl.Series, answer: Answered, counted: Counted) -> str:
    """A date that is after the moment of the prediction in most rows."""
    if facts.type not in DATED or not answer.time:
        return ""
    later = values.cast(pl.Date) > counted.sample[answer.time].cast(pl.Date)
    share = int(later.sum()) / max(later.count(), 1)
    return f"it is after {answer.time} in {share:.0%} of the rows" if share > MOST_ROWS else ""


def _is_of(name: str, target: str) -> bool:
    """Whether the names have the beginning of a word in common: churn_reason and churned."""
    return any(
        len(one) >= 4 and one[:5] == other[:5] for one in parts(name) for other in parts(target)
    )


def numbers(counted: Counted, answer: Answered) -> Array:
    """The sample's target as numbers: 1 for yes, the place of a class, or the number itself."""
    values = counted.sample[answer.target]
    if answer.label.task == YES_NO:
        values = values == answer.label.true
    elif answer.label.task == CLASSES:
        values = values.rank("dense") - 1.0
    as_numbers: Array = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return as_numbers


def gives_away(column: pl.Series, target: Array, task: str) -> float:
    """How well the column alone predicts, learned on half of the rows, which are in no order."""
    column, target = column.head(ROWS), target[:ROWS]
    known = ~np.isnan(target)
    learned = np.arange(int(known.sum())) % 2 == 0
    return told(column.filter(pl.Series(known)), target[known], task, learned)
