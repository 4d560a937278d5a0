"""How a check fails: with the place, the value and the cure."""

from collections.abc import Callable

import numpy as np
import polars as pl


def sentence(holds: Callable[..., None]) -> str:
    """What a check says, which is its name."""
    return holds.__name__.replace("_", " ")


def require(condition: object, message: str) -> None:
    """Raise AssertionError with the message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def differing(one: pl.DataFrame, other: pl.DataFrame) -> list[str]:
    """The columns that differ between two tables of equal columns and rows."""
    return [name for name in one.columns if not one[name].equals(other[name], null_equal=True)]


def same(one: pl.Series, other: pl.Series, message: str) -> None:
    """Raise AssertionError if two predictions of the same rows differ by more than rounding."""
    first, second = one.to_numpy(), other.to_numpy()
    worst = float(np.max(np.abs(first - second), initial=0))
    scale = float(np.max(np.abs(second), initial=1))
    require(worst < 1e-9 * scale, f"{message}: predictions differ by up to {worst:.2g}")


def spread(rows: pl.DataFrame, count: int = 50) -> pl.DataFrame:
    """About so many of the rows, evenly spread, to look at each by itself."""
    return rows.gather_every(max(1, len(rows) // count))
