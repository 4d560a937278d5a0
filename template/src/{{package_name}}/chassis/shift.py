# Keel keeps this file up to date.
"""How far the examples that judge a model are from those that it learnt from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ..examples import Examples
from ..tables import Known
from .inputs import LOCAL_DAY

BINS = 10


@dataclass(frozen=True)
class Shift:
    """A column's: None where it does not apply."""

    column: str
    stability: float | None  # population stability index of a number
    more_nulls: float  # the share in the examples to judge by, less that in training
    unseen: float | None  # the share of rows whose category training did not see
    values: str  # some of these


def shifts(learnt: pl.DataFrame, judged: pl.DataFrame) -> Iterator[Shift]:
    """The shift of each column that is known before the prediction."""
    for name, column in Examples.columns().items():
        if (column.metadata or {}).get("known") not in (Known.AHEAD, Known.MEASURED):
            continue
        before, after = learnt[name], judged[name]
        text, number = before.dtype == pl.String, before.dtype.is_numeric()
        new = after.filter(~after.is_in(before.unique().implode()) & after.is_not_null())
        yield Shift(
            name,
            stability(before, after) if number else None,
            _surely(after.null_count(), len(after)) - before.null_count() / len(before),
            _surely(len(new), len(after)) if text else None,
            ", ".join(new.unique().sort()[:3]) if text else "",
        )


def stability(before: pl.Series, after: pl.Series) -> float:
    """Population stability index over tenths of `before`, less what chance adds; 0 is alike.

    0 without known values. Source: Yurdakul and Naranjo, Statistical properties of the population
    stability index, 2020: chance adds (bins - 1) (1/n + 1/m).
    """
    old, new = before.drop_nulls(), after.drop_nulls()
    if not (len(old) and len(new)):
        return 0.0
    edges = np.unique(np.quantile(old.to_numpy(), np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = []
    for column in (old, new):
        bins = np.searchsorted(edges, column.to_numpy())
        counts = np.bincount(bins, minlength=len(edges) + 1) + 0.5
        shares.append(counts / counts.sum())
    index = np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0]))
    return float(max(0, index - len(edges) * (1 / len(old) + 1 / len(new))))


def gaps(examples: pl.DataFrame, longest: int) -> list[str]:
    """Where more than `longest` days in a row have no example."""
    days = examples.select(LOCAL_DAY.unique().sort().alias("day"))
    missing = days.with_columns(days=pl.col("day").diff().dt.total_days() - 1)
    return [
        f"the {count} days before {day}"
        for day, count in missing.filter(pl.col("days") > longest).iter_rows()
    ]


def _surely(count: int, rows: int) -> float:
    """The share, less twice its standard error, which a few rows could reach by chance."""
    share = count / rows
    return float(max(0, share - 2 * np.sqrt(share * (1 - share) / rows)))
