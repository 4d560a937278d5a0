"""The examples to learn from, and those to judge by."""

from dataclasses import dataclass

import polars as pl

from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Split


@dataclass(frozen=True)
class Period:
    """The labelled examples of a period, in the order of time."""

    examples: pl.DataFrame
    label: pl.Series
    unlabelled: int  # examples of the period that have no label, and are left out


def training(examples: pl.LazyFrame, project: Project, split: Split) -> Period:
    """The examples to learn from: those before `split.test_from`.

    Raises UserError if there are none, or all have the same label; so does `test`.
    """
    return _period(examples, project, split, split.test_from > project.local_day, "train on")


def test(examples: pl.LazyFrame, project: Project, split: Split) -> Period:
    """The examples to judge by: those from `split.test_from` on."""
    return _period(examples, project, split, split.test_from <= project.local_day, "test on")


def _period(
    examples: pl.LazyFrame, project: Project, split: Split, when: pl.Expr, use: str
) -> Period:
    rows = examples.filter(when)
    total = rows.select(pl.len()).collect().item()
    if total == 0:
        day = project.local_day
        first, last = examples.select(day.min(), day.max().alias("last")).collect().row(0)
        available = "none at all" if first is None else f"some from {first} to {last}"
        raise UserError(
            f"split.test_from is {split.test_from}: that leaves no examples to {use}; "
            f"there are {available}"
        )
    labelled = rows.drop_nulls(project.label).collect()
    label = labelled[project.label]
    values = label.unique().to_list()
    if len(values) < 2:
        what = f"all {len(label):,} labels are {values[0]}" if values else "no example has a label"
        raise UserError(
            f"examples.py: of the examples to {use}, {what}; a model needs both. "
            f"See how `build` makes {project.label!r}, and split.test_from = {split.test_from}"
        )
    return Period(labelled, label, total - len(labelled))
