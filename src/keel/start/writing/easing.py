"""Gates that a first run can pass: where the table itself is beyond a limit, that is said."""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from keel.data.split import test, training
from keel.judge.shift import Shift, shifts
from keel.project.description import Project
from keel.project.settings import Gates
from keel.start.writing.measured import Eased
from keel.testing.pipeline import Pipeline

ROOM = 1.25  # of what was found, since all rows differ a little from those of a first run
WHAT = {
    "psi": ("stability", "has other values than before"),
    "same": ("more_same", "has one and the same value more often than before"),
    "nulls": ("more_nulls", "is unknown more often than before"),
    "unseen": ("unseen", "has values that were not there before"),
}


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
    for gate, (measure, words) in WHAT.items():
        worst = max(found, key=lambda shift: _value(shift, measure), default=None)
        if worst and (enough := beyond(_value(worst, measure), getattr(limits, gate))) is not None:
            above = enough if math.isfinite(enough) else None
            yield Eased(gate, above, f"{worst.column} {words}")


def _value(shift: Shift, measure: str) -> float:
    value = getattr(shift, measure)
    return 0.0 if value is None else float(value)


def beyond(value: float, limit: float | None) -> float | None:
    """A limit with room above the value, in two digits; None if the present one has that."""
    if limit is None or value * ROOM <= limit:
        return None
    if not math.isfinite(value):
        return value
    step = 10.0 ** (math.floor(math.log10(value * ROOM)) - 1)
    return float(f"{math.ceil(value * ROOM / step) * step:.2g}")
