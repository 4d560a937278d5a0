"""A run as a person looks at it: in a notebook, or at a prompt."""

import os
from functools import cached_property
from pathlib import Path

import polars as pl

from keel.data.split import test
from keel.data.store import Store
from keel.model.inputs import feature_table
from keel.model.predictor import load
from keel.pipeline import configuration
from keel.project.about import load as load_project
from keel.project.about import root_of
from keel.project.task import Classes, Task

FOLDER = "KEEL_RUN"  # names the run that is opened where nobody says


class Run:
    """What a run left, to look at in a notebook.

    `folder` is that of a run of its own, such as outputs/quick; without one the environment's
    KEEL_RUN, else the project's last run. Raises UserError where there is none, or the code has
    changed since.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        root = root_of(None)
        chosen = folder or os.environ.get(FOLDER)
        self._store = Store(root, root / chosen if chosen else root)
        self._settings = configuration.load(self._store)
        self.project = load_project(root)
        self._model = load(self._store, self.project, self._settings.model, self._store.model)

    @property
    def examples(self) -> pl.LazyFrame:
        """All examples, a row for each thing to predict."""
        return self._store.read_table(self._store.examples)

    @cached_property
    def judged(self) -> pl.DataFrame:
        """The labelled examples that judge the model; but for folds it has not seen them."""
        return test(self.examples, self.project, self._settings.split).examples

    def features(self, examples: pl.DataFrame) -> pl.DataFrame:
        """What the model sees of examples: a column for each feature, shape (rows, features)."""
        return feature_table(self.project.features, examples)

    def predict(self, examples: pl.DataFrame) -> pl.Series:
        """What the run's model says of each example, shape (rows,).

        Yes or no: the probability of yes. One of several: an array of the probability of each
        class, in the order of the label's dy.Enum. A number: the number. Raises polars' errors for
        columns that are missing; what is known only afterwards may be.
        """
        return self._model.predict(examples)

    def errors(self, examples: pl.DataFrame) -> pl.DataFrame:
        """How far off the model is on examples with a label: `label`, `predicted` and `error`.

        Predicted is the number, the probability of yes, or the likeliest class. The error is how
        far it is from the label: in its unit, or 1 less the probability of what came.
        """
        task = self.project.task
        return errors(task, task.labels(examples[task.label]), self.predict(examples))


def errors(task: Task, label: pl.Series, predicted: pl.Series) -> pl.DataFrame:
    """The same, of labels and predictions as the task has them."""
    if not isinstance(task, Classes):
        error = (label.cast(pl.Float64) - predicted).abs()
        return pl.DataFrame({"label": label, "predicted": predicted, "error": error})
    came = pl.DataFrame({"of": predicted, "at": label.to_physical()})
    error = came.select(1 - pl.col("of").arr.get(pl.col("at"))).to_series()
    likeliest = pl.Series(task.names).gather(predicted.arr.arg_max())
    return pl.DataFrame({"label": label, "predicted": likeliest, "error": error})
