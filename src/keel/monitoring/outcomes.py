"""What was predicted beside what came: the number, the share, or the share of each class."""

from typing import Any

import polars as pl

from keel.project.task import Task, YesNo
from keel.show.pages import number

MOST = 3  # classes: the commonest
BOTH = ("predicted", "came")


def outcomes(task: Task, facts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By class or, where there are none, for "": `day`, `predicted` and `came` of the known rows.

    Both are numbers, the commonest class comes first.
    """
    known = facts.filter("last", pl.col("label").is_not_null(), pl.col("prediction").is_not_null())
    label, scores = known["label"], task.scores(known["prediction"]).values()
    came = {name: label == name for name in task.classes} or {"": label}
    both = {
        name: known.select("day", predicted=score, came=truth.cast(pl.Float64))
        for (name, truth), score in zip(came.items(), scores, strict=True)
    }
    ordered = sorted(both.items(), key=lambda item: -item[1]["came"].sum())
    return dict(ordered[:MOST])


def means(rows: pl.DataFrame, period: pl.Expr) -> pl.DataFrame:
    """The mean of both in each period, such as a week."""
    return rows.group_by(period).agg(pl.col(BOTH).mean())


def title(task: Task, name: str) -> str:
    """What these are means of."""
    if not task.has_probabilities:
        return f"{task.label}, on average"
    value = task.true if isinstance(task, YesNo) else name
    return task.label if value is True else f"{task.label} = {value}"


def cells(task: Task, name: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of `means` by the heads of a table; shares as they are, numbers as people read them."""
    return {
        f"{name}, {kind}" if name else kind: value
        if value is None or task.has_probabilities
        else number(value)
        for kind in BOTH
        for value in [row.get(kind)]
    }
