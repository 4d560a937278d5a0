"""What a first run of a project showed: settings that it passes, and cases for its tests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any

import polars as pl

from keel.data.split import test, training
from keel.judge.shift import shifts
from keel.project.description import Project
from keel.project.settings import Gates
from keel.testing.pipeline import Pipeline

GATES = {"psi": 1.0, "same": 0.3, "nulls": 0.1, "unseen": 0.05}  # to begin with
ROOM = 1.25  # of what was found, since all rows differ a little from those of a first run
WHAT = {
    "psi": "has other values than before",
    "same": "has one and the same value more often than before",
    "nulls": "is unknown more often than before",
    "unseen": "has values that were not there before",
}


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


def eased(pipeline: Pipeline, project: Project, limits: Gates) -> Iterator[Eased]:
    """The gates that the rows for the test are beyond, each with a value that lets them pass.

    Folds differ by chance only, so nothing is asked of them.
    """
    split = pipeline.settings.split
    if split.folds:
        return
    examples: pl.LazyFrame = pipeline.examples().lazy()
    sides = (side(examples, project, split).examples for side in (training, test))
    found = list(shifts(project, *sides))
    for gate, words in WHAT.items():
        values = [(shift.measured[gate] or 0.0, shift.column) for shift in found]
        value, column = max(values, key=itemgetter(0), default=(0.0, ""))
        if (enough := beyond(value, getattr(limits, gate))) is not None:
            yield Eased(gate, enough if math.isfinite(enough) else None, f"{column} {words}")


def beyond(value: float, limit: float | None) -> float | None:
    """A limit with room above the value, in two digits; None if the present one has that."""
    if limit is None or value * ROOM <= limit:
        return None
    if not math.isfinite(value):
        return value
    step = 10.0 ** (math.floor(math.log10(value * ROOM)) - 1)
    return float(f"{math.ceil(value * ROOM / step) * step:.2g}")
