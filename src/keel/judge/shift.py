"""How far the examples that judge a model are from those that it learnt from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keel.project.description import Project

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

BINS = 10
YEAR = 360  # days


@dataclass(frozen=True)
class Shift:
    """How much a column is otherwise, by the gate that limits it; None where it does not apply.

    `psi` is the population stability index of a number. The others are shares of rows: `nulls`
    and `same`, of the value that most have, less those in training, and `unseen` of categories.
    """

    column: str
    measured: Mapping[str, float | None]
    values: str  # some of the categories that training did not see


def shifts(project: Project, learnt: pl.DataFrame, judged: pl.DataFrame) -> Iterator[Shift]:
    """The shift of each column that a feature reads.

    A distribution is judged only when training covers a year, since else any season is a shift, or
    where there is no time.
    """
    days = YEAR
    if project.time:
        day = project.local_day
        days = learnt.select((day.max() - day.min()).dt.total_days()).item()
    for name in project.features.columns_read():
        before, after = learnt[name], judged[name]
        number = before.dtype.is_numeric() or before.dtype == pl.Boolean
        text = before.dtype in (pl.String, pl.Categorical, pl.Enum)
        new = _text(after).filter(~_text(after).is_in(_text(before).unique().implode()))
        same = _surely(_most(after), len(after)) - _most(before) / len(before) if number else None
        measured = {
            "psi": stability(before, after) if number and days >= YEAR else None,
            "nulls": _surely(after.null_count(), len(after)) - before.null_count() / len(before),
            "same": same,
            "unseen": _surely(len(new), len(after)) if text else None,
        }
        yield Shift(name, measured, ", ".join(map(repr, new.unique().sort()[:3])) if text else "")


def stability(before: pl.Series, after: pl.Series) -> float:
    """Population stability index over tenths of `before`, less what chance adds; 0 is alike.

    0 without known values.
    """
    edges = tenths(before)
    return index(binned(before, edges), binned(after, edges))


def tenths(before: pl.Series) -> Array:
    """What separates the tenths of the known values, shape (9,) or less where values repeat."""
    known = _finite(before).to_numpy()
    return np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else known


def binned(column: pl.Series, edges: Array) -> Array:
    """How many known values lie between the edges, shape (edges + 1,)."""
    bins = np.searchsorted(edges, _finite(column).to_numpy())
    return np.bincount(bins, minlength=len(edges) + 1).astype(np.float64)


def index(before: Array, after: Array) -> float:
    """The population stability index of two counts of the same bins, less what chance adds.

    Source: Yurdakul and Naranjo, Statistical properties of the population stability index, 2020:
    chance adds (bins - 1) (1/n + 1/m).
    """
    if not (before.sum() and after.sum()):
        return 0.0
    old, new = ((counts + 0.5) / (counts + 0.5).sum() for counts in (before, after))
    chance = (len(before) - 1) * (1 / before.sum() + 1 / after.sum())
    return float(max(0, np.sum((new - old) * np.log(new / old)) - chance))


def gaps(project: Project, examples: pl.DataFrame, longest: int) -> list[str]:
    """Where more than `longest` days in a row have no example."""
    days = examples.select(project.local_day.unique().sort().alias("day"))
    missing = days.with_columns(days=pl.col("day").diff().dt.total_days() - 1)
    return [
        f"the {count} days before {day}"
        for day, count in missing.filter(pl.col("days") > longest).iter_rows()
    ]


def _surely(count: int, rows: int) -> float:
    """The share, less twice its standard error, which a few rows could reach by chance."""
    share = count / rows
    return float(max(0, share - 2 * np.sqrt(share * (1 - share) / rows)))


def _most(column: pl.Series) -> int:
    """How many rows have the value that most have."""
    counts = column.drop_nulls().unique_counts().sort(descending=True)
    return int(counts[0]) if len(counts) else 0


def _finite(column: pl.Series) -> pl.Series:
    known = column.drop_nulls().cast(pl.Float64)
    return known.filter(known.is_finite())


def _text(column: pl.Series) -> pl.Series:
    """The known values as text; none of a column of another kind."""
    text = column.dtype in (pl.String, pl.Categorical, pl.Enum)
    return column.drop_nulls().cast(pl.String) if text else pl.Series([], dtype=pl.String)
