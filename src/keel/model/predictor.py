"""A trained model that predicts from examples, as the service and the evaluation do."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from keel.data.store import Store, sha256
from keel.model.choice import learner
from keel.model.inputs import Categories, Inputs
from keel.model.passport import schema_hash
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.features import Features
from keel.project.learning import Model
from keel.project.settings import Choice
from keel.project.task import Task


@dataclass(frozen=True)
class Predictor:
    """A model, its features, the categories that its training saw, and what is predicted."""

    model: Model
    features: Features
    known: Categories
    task: Task

    def predict(self, examples: pl.DataFrame) -> pl.Series:
        """The prediction for each example, as the task has it. Raises UserError if it is none."""
        return self.predict_inputs(self.inputs(examples))

    def predict_inputs(self, inputs: pl.DataFrame) -> pl.Series:
        """The same, of features of shape (rows, features)."""
        return self.task.predictions(self.model.predict(inputs))

    def answers(self, examples: pl.DataFrame) -> tuple[pl.Series, list[list[str]]]:
        """The same, and for each example the features whose category training did not see."""
        inputs, unseen = self._inputs.and_unseen(examples)
        return self.predict_inputs(inputs), unseen

    def inputs(self, examples: pl.DataFrame) -> pl.DataFrame:
        """The features of the examples, shape (rows, features)."""
        return self._inputs.of(examples)

    @cached_property
    def _inputs(self) -> Inputs:
        return Inputs(self.features, self.known)


@dataclass(frozen=True)
class InUse:
    """The model that answers, with the passport that lies beside it."""

    predictor: Predictor
    passport: dict[str, Any]

    @property
    def version(self) -> str:
        """The start of its hash: what a prediction is recorded with."""
        return str(self.passport["sha256"]["model"])[:12]


def in_use(store: Store, project: Project) -> InUse:
    """The champion where the project has one, else the trained model.

    Raises UserError if it is not there, not what its passport describes, or of other examples than
    the code makes.
    """
    path = store.in_use
    passport = read_passport(store, path)
    try:
        choice = Choice.model_validate(passport["settings"]["model"])
        schema, _ = passport["sha256"]["schema"], passport["sha256"]["model"]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{store.name(path.with_name('passport.json'))} is not a passport: {store.cure(path)}"
        ) from error
    if schema != schema_hash(project.examples):
        raise UserError(
            f"examples.py changed since {store.name(path)} was trained: train it again with "
            "`uv run keel run`, or go back to the code that it was trained with"
        )
    return InUse(load(store, project, choice, path), passport)


def load(store: Store, project: Project, choice: Choice, path: Path) -> Predictor:
    """The model in a file, as the settings describe it and the passport beside it.

    Raises UserError if the file is no such model.
    """
    passport = read_passport(store, path)
    if list(passport["features"]) != list(project.features):
        raise UserError("features.py changed since the model was trained: `uv run keel run`")
    text = store.read_text(path)
    if sha256(path) != passport["sha256"][path.stem]:
        raise UserError(
            f"{store.name(path)} is not what {store.name(path.with_name('passport.json'))} "
            f"describes: {store.cure(path)}"
        )
    known = {
        name: values for name, values in passport["features"].items() if isinstance(values, list)
    }
    try:
        model = learner(project, choice).from_text(text)
    except ValueError as error:
        raise UserError(f"{store.name(path)} is {error}: {store.cure(path)}") from error
    return Predictor(model, project.features, known, project.task)


def read_passport(store: Store, path: Path) -> Any:
    """What lies beside a model."""
    return store.read_json(path.with_name("passport.json"))
