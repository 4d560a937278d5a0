"""Which examples a model learns from, and which judge it."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Split

SHARES = 2**64  # a hash is one of so many numbers, all as likely


@dataclass(frozen=True)
class Labelled:
    """Examples that have a label, in the order in which they came."""

    examples: pl.DataFrame
    label: pl.Series  # as the task has it: booleans, an Enum or floats
    unlabelled: int  # examples that have no label, and are left out


def training(examples: pl.LazyFrame, project: Project, split: Split) -> Labelled:
    """The examples to learn from; with folds all, since the model in use learns from all.

    Raises UserError if there are none, or a model can't learn from their labels; so does `test`.
    """
    return _side(examples, project, split, test=False)


def test(examples: pl.LazyFrame, project: Project, split: Split) -> Labelled:
    """The examples to judge by; with folds all, each of them by a model that has not seen it."""
    return _side(examples, project, split, test=True)


def held_out(learnt: Labelled, project: Project, split: Split) -> tuple[Labelled, Labelled]:
    """Four fifths of what a model learns from, and the fifth that is most like what comes later.

    Split by time, that is the last one; else it is drawn by the same keys or groups.
    """
    rows = learnt.examples
    if split.by == "time":
        order = rows.select(project.moment.rank("ordinal")).to_series()
        later = order > len(rows) * 4 / 5
    else:
        later = pl.Series([part * 5 % 1 < 0.2 for part in drawn(rows, project, split)])
    first, last = (
        Labelled(rows.filter(side), learnt.label.filter(side), 0) for side in (~later, later)
    )
    return first, last


def folds(
    examples: pl.LazyFrame, project: Project, split: Split
) -> Iterator[tuple[Labelled, Labelled]]:
    """For each fold the examples of all others, to learn from, and its own, to judge by.

    A fold may have no example, as where there are few groups, and is left out then.
    """
    rows = examples.collect()
    place = pl.Series([int(part * (split.folds or 1)) for part in drawn(rows, project, split)])
    for fold in sorted(place.unique()):
        judged = _labelled(rows.filter(place == fold), project)
        if len(judged.label):
            learnt = _labelled(rows.filter(place != fold), project)
            _check(learnt.label, project, split, "train on")
            yield learnt, judged


def drawn(examples: pl.DataFrame, project: Project, split: Split) -> list[float]:
    """For each example a number from 0 to 1, that of its key or group, the same for ever.

    Raises UserError if the group is no column, or is unknown of an example.
    """
    names = [split.column] if split.column else project.key
    if split.column and split.column not in examples.columns:
        raise UserError(
            f"split.column is {split.column!r}, which is no column of the examples: they have "
            f"{', '.join(examples.columns)}"
        )
    if split.column and examples[split.column].null_count():
        raise UserError(
            f"split.column: {split.column} is null in {examples[split.column].null_count():,} "
            "examples, so that nobody knows on which side they belong: fill it in `build`"
        )
    return [share(values) for values in examples.select(names).iter_rows()]


def share(key: Sequence[object]) -> float:
    """A number from 0 to 1 for a key: the first 8 bytes of the BLAKE2b hash of its values.

    The values are written as a list in JSON, in UTF-8 and without blanks; what JSON does not know,
    such as a date, as Python's `str` writes it. So it is the same on all machines and in all
    versions. Source: RFC 7693.
    """
    text = json.dumps(key, default=str, ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") / SHARES


def _side(examples: pl.LazyFrame, project: Project, split: Split, *, test: bool) -> Labelled:
    use = "test on" if test else "train on"
    if split.by == "time":
        if project.time is None:
            raise UserError(
                "split.by is time, and the project has none: set split to {by: key, test_share: "
                "0.2} in conf/config.yaml, or name the column in Project(time=…)"
            )
        later = project.local_day >= split.test_from
        rows = examples.filter(later if test else later.not_()).collect()
    else:
        rows = examples.collect()
        if split.test_share is not None:
            chosen = [(part < split.test_share) == test for part in drawn(rows, project, split)]
            rows = rows.filter(chosen)
    if not len(rows):
        raise UserError(
            f"{_set(split)}: that leaves no examples to {use}; there are "
            f"{_available(examples, project)}"
        )
    labelled = _labelled(rows, project)
    _check(labelled.label, project, split, use)
    return labelled


def _labelled(rows: pl.DataFrame, project: Project) -> Labelled:
    known = rows.drop_nulls(project.label)
    return Labelled(known, project.task.labels(known[project.label]), len(rows) - len(known))


def _check(label: pl.Series, project: Project, split: Split, use: str) -> None:
    """Raise UserError if no model can learn from such labels, or be told by them from a guess.

    To judge by, a class may be missing; all of one say nothing.
    """
    problem = project.task.problem(label, to_learn=use == "train on")
    if problem:
        raise UserError(
            f"examples.py: of the examples to {use}, {problem}. "
            f"See how `build` makes {project.label!r}, and {_set(split)}"
        )


def _set(split: Split) -> str:
    """What the settings say, as a sentence names it."""
    if split.by == "time":
        return f"split.test_from = {split.test_from}"
    return (
        f"split.folds = {split.folds}" if split.folds else f"split.test_share = {split.test_share}"
    )


def _available(examples: pl.LazyFrame, project: Project) -> str:
    if project.time is None:
        return f"{examples.select(pl.len()).collect().item():,} in all"
    day = project.local_day
    first, last = examples.select(day.min(), day.max().alias("last")).collect().row(0)
    return "none at all" if first is None else f"some from {first} to {last}"
