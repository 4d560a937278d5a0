"""What a model is to Keel: settings that can be fitted, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

Predictions: TypeAlias = "npt.NDArray[np.float64]"
Progress = Callable[[int, int], None]  # `fit` calls it with (steps done, steps in all)


class Model(Protocol):
    """A fitted model."""

    def predict(self, features: pl.DataFrame) -> Predictions:
        """What is predicted of each row, by what the label is.

        Yes or no: the probability of yes, shape (rows,). One of several: that of each class in the
        order of the label's Enum, shape (rows, classes). A number: the number, shape (rows,).
        """
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
        """Fit on features of shape (rows, features) and a label of shape (rows,).

        Without nulls, it is boolean for yes or no, a `pl.Enum` for one of several, else Float64.
        """
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
