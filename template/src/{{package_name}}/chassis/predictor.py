# Keel keeps this file up to date.
"""A trained model that predicts from examples, as the service and the evaluation do."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..features import FEATURES
from ..models import Model
from ..settings import Choice
from .configuration import learner
from .errors import UserError
from .inputs import Categories, model_inputs
from .store import Store, sha256


@dataclass(frozen=True)
class Predictor:
    """A model and the categories that its training saw."""

    model: Model
    known: Categories

    def probability(self, examples: pl.DataFrame) -> pl.Series:
        """The probability of the label for each example, shape (rows,)."""
        return pl.Series(self.model.predict(self.inputs(examples)))

    def inputs(self, examples: pl.DataFrame) -> pl.DataFrame:
        """The features of the examples, shape (rows, features)."""
        return model_inputs(examples, self.known)


def load(store: Store, choice: Choice, path: Path) -> Predictor:
    """The model in a file, as the settings describe it and the passport beside it.

    Raises UserError if the file is no such model.
    """
    passport = store.read_json(store.passport)
    if list(passport["features"]) != list(FEATURES):
        raise UserError("features.py changed since the model was trained: `uv run poe run`")
    text = store.read_text(path)
    if sha256(path) != passport["sha256"][path.stem]:
        raise UserError(
            f"{store.name(path)} is not what {store.name(store.passport)} describes: "
            "delete it, then `uv run poe run`"
        )
    known = {
        name: values for name, values in passport["features"].items() if isinstance(values, list)
    }
    try:
        return Predictor(learner(choice).from_text(text), known)
    except ValueError as error:
        raise UserError(
            f"{store.name(path)} is {error}: delete it, then `uv run poe run`"
        ) from error
