"""A pipeline and a trained model, for tests of a project's own problem to ask."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import polars as pl

from keel.data.periods import test
from keel.judge.metrics import metrics_of
from keel.pipeline.stages import STAGES
from keel.project.description import Project
from keel.testing.runs import Run, quick, root_of, start


class Trained:
    """A trained model of a project, asked as the service asks it."""

    def __init__(self, run: Run) -> None:
        self._predictor = run.predictor()
        examples = run.store.read_table(run.store.examples)
        self._test = test(examples, run.project, run.settings.split).examples

    @property
    def test_examples(self) -> pl.DataFrame:
        """Labelled examples that the model has not seen, in the order of their time."""
        return self._test

    def probability(self, examples: pl.DataFrame) -> pl.Series:
        """The predicted probability of each example, shape (rows,), between 0 and 1.

        What is known only afterwards may be missing. Raises polars' errors for other missing
        columns.
        """
        return self._predictor.probability(examples)


def trained(project: Project, root: Path | None = None) -> Trained:
    """The model that the settings give with `data=quick`: trained once for all tests of a process.

    `root` is the project's folder, by default the one here or above whose pyproject.toml has
    [tool.keel]. Raises UserError if a stage of the pipeline does.
    """
    return Trained(quick(project, root_of(root)))


class Pipeline:
    """The stages of a project, on tables that a test gives, in a temporary folder.

    The settings are those of `data=quick` with `changes` such as "model.trees=10". The tables are
    raw, by name, and may break their schemas; without any, the quick data are taken. `root` is as
    for `trained`. Raises UserError for settings that are wrong.
    """

    def __init__(
        self,
        project: Project,
        *changes: str,
        tables: Mapping[str, pl.DataFrame | pl.LazyFrame] | None = None,
        root: Path | None = None,
    ) -> None:
        self._run = start(project, root_of(root), changes)
        self._left = list(STAGES if tables is None else STAGES[1:])
        for name, table in (tables or {}).items():
            self._run.store.write_table(self._run.store.raw(name), table.lazy().collect())

    def run(self, last: str = STAGES[-1]) -> Self:
        """Run the stages that are left, up to `last`: ingest, validate, prepare, train, evaluate.

        Raises UserError as they do, such as for too many broken rows or a model that is refused.
        """
        while last in self._left:
            self._run.stage(self._left.pop(0))
        return self

    def used(self, table: str) -> pl.DataFrame:
        """The rows of a raw table that satisfy its schema; after `validate`."""
        return self._read(self._run.store.checked(table))

    def set_aside(self, table: str) -> pl.DataFrame:
        """The others, with `reasons` such as "wind_speed|max"; after `validate`."""
        return self._read(self._run.store.quarantine(table))

    def examples(self) -> pl.DataFrame:
        """What was made from the tables; after `prepare`."""
        return self._read(self._run.store.examples)

    def model(self) -> Trained:
        """The model; after `train`."""
        return Trained(self._run)

    def scores(self) -> dict[str, float | None]:
        """The model's scores on the test examples, by metric; after `evaluate`."""
        written = self._run.store.read_json(self._run.store.report("metrics.json"))
        return {name: written[name] for name in metrics_of(self._run.project)}

    def _read(self, file: Path) -> pl.DataFrame:
        return self._run.store.read_table(file).collect()
