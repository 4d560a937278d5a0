"""How a model is built: one module each, chosen by `model` in the settings.

A module `models/<name>.py` has a class `Settings` (a `Learner`), and `conf/model/<name>.yaml` has
its values. That is all it takes to add one. A model is saved as text, so that loading it can't run
code and equal models are equal files.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import polars as pl

Probabilities = np.ndarray[tuple[int], np.dtype[np.float64]]
Progress = Callable[[int, int], None]  # called with (steps done, steps in all)


class Model(Protocol):
    """A fitted model."""

    def predict(self, features: pl.DataFrame) -> Probabilities:
        """The probability of the label for each row, shape (rows,)."""
        ...

    def to_text(self) -> str:
        """All of the model, for `Learner.from_text`."""
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
    return {
        name: dtype.categories.to_list()
        for name, dtype in features.schema.items()
        if isinstance(dtype, pl.Enum)
    }
