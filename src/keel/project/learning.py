"""What a model is to Keel: settings that can be fitted, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

Probabilities: TypeAlias = "npt.NDArray[np.float64]"
Progress = Callable[[int, int], None]  # `fit` calls it with (steps done, steps in all)


class Model(Protocol):
    """A fitted model."""

    def predict(self, features: pl.DataFrame) -> Probabilities:
        """The probability of the label for each row, shape (rows,)."""
        ...

    def to_text(self) -> str:
        """All of the model, for `Learner.from_text`: text, so that loading it can't run code."""
        ...


class Learner(Protocol):
    """The settings of a model, which can be fitted with them.

    Features arrive as numbers, with nulls, and as `pl.Enum` for categories; a category that
    training did not see is null.
    """

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> Model:
        """Fit on features of shape (rows, features) and a boolean label of shape (rows,)."""
        ...

    def from_text(self, text: str) -> Model:
        """The model that `Model.to_text` wrote. Raises ValueError if it is not one."""
        ...


def categories(features: pl.DataFrame) -> dict[str, list[str]]:
    """The values of each column that holds categories, in the order of their codes."""
    import polars as pl

    return {
        name: dtype.categories.to_list()
        for name, dtype in features.schema.items()
        if isinstance(dtype, pl.Enum)
    }
