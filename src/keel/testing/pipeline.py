"""A pipeline in a folder of its own and a trained model, for tests to ask."""

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import polars as pl

from keel.data.split import Labelled, folds, test, training
from keel.data.store import Store
from keel.judge.metrics.known import metrics_of
from keel.model.predictor import Predictor, load
from keel.pipeline import configuration
from keel.pipeline.stages import STAGES, run_stage
from keel.project.about import root_of
from keel.project.description import Project

_quick: dict[tuple[int, Path], "Quick"] = {}


@dataclass(frozen=True)
class Trained:
    """A trained model of a project, asked as the service asks it."""

    predictor: Predictor  # for the checks that come with Keel
    test_examples: pl.DataFrame  # labelled; the model has not seen them, but for folds

    def predict(self, examples: pl.DataFrame) -> pl.Series:
        """What is predicted of each example, shape (rows,).

        Yes or no: the probability of yes. One of several: an array of the probability of each
        class, in the order of the label's dy.Enum. A number: the number. What is known only
        afterwards may be missing. Raises polars' errors for other missing columns, and UserError
        if the model predicts what can't be.
        """
        return self.predictor.predict(examples)

    def probability(self, examples: pl.DataFrame) -> pl.Series:
        """The same, for yes or no."""
        return self.predict(examples)


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
        folder = Path(tempfile.mkdtemp(prefix="keel-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self.project = project
        self.store = store = Store(root_of(root), folder)
        composed = configuration.compose(store.repository / "conf", ["data=quick", *changes])
        self.settings = configuration.write(project, composed, store)
        self._left = list(STAGES if tables is None else STAGES[1:])
        for name, table in (tables or {}).items():
            store.write_table(store.raw(name), table.lazy().collect())

    def run(self, last: str = STAGES[-1]) -> Self:
        """Run the stages that are left, up to `last`: ingest, validate, prepare, train, evaluate.

        Raises UserError as they do, such as for too many broken rows or a model that is refused.
        """
        today = datetime.now(UTC).date()
        while last in self._left:
            run_stage(self._left.pop(0), self.store, self.project, self.settings, today)
        return self

    def used(self, table: str) -> pl.DataFrame:
        """The rows of a raw table that satisfy its schema; after `validate`."""
        return self._read(self.store.checked(table))

    def set_aside(self, table: str) -> pl.DataFrame:
        """The others, with `reasons` such as "wind_speed|max"; after `validate`."""
        return self._read(self.store.quarantine(table))

    def examples(self) -> pl.DataFrame:
        """What was made from the tables; after `prepare`."""
        return self._read(self.store.examples)

    def model(self) -> Trained:
        """The model; after `train`."""
        chosen = self.settings.model
        predictor = load(self.store, self.project, chosen, self.store.model)
        examples = self.store.read_table(self.store.examples)
        return Trained(predictor, test(examples, self.project, self.settings.split).examples)

    def scores(self) -> dict[str, float | None]:
        """The model's scores on the test examples, by metric; after `evaluate`."""
        written = self.store.read_json(self.store.report("metrics.json"))
        return {name: written[name] for name in metrics_of(self.project, self.settings.evaluation)}

    def _read(self, file: Path) -> pl.DataFrame:
        return self.store.read_table(file).collect()


class Quick(Pipeline):
    """What the checks that come with Keel ask of a pipeline beyond what a project's tests do."""

    def tables(self) -> Mapping[str, pl.LazyFrame]:
        """The checked tables."""
        return {name: self.used(name).lazy() for name in self.project.tables}

    def learnt(self) -> Labelled:
        """What the model learns from."""
        examples = self.store.read_table(self.store.examples)
        return training(examples, self.project, self.settings.split)

    def sides(self) -> tuple[Labelled, Labelled]:
        """What a model learns from, and what it has not seen then; with folds, of the first."""
        examples, split = self.store.read_table(self.store.examples), self.settings.split
        if split.folds:
            return next(folds(examples, self.project, split))
        return training(examples, self.project, split), test(examples, self.project, split)

    def again(self, first: str, *changes: str) -> "Quick":
        """A copy of the folder to run the stages from `first` on once more, with other settings."""
        copy = Quick(self.project, *changes, root=self.store.repository)
        copy._left = list(STAGES[STAGES.index(first) :])
        own = shutil.ignore_patterns(self.store.settings.name)
        shutil.copytree(self.store.root, copy.store.root, dirs_exist_ok=True, ignore=own)
        return copy


def quick(project: Project, root: Path) -> Quick:
    """The models of the quick data, trained once in a process; callers leave the folder as it is.

    Raises UserError if a stage does.
    """
    key = (id(project), root)
    if key not in _quick:
        _quick[key] = Quick(project, root=root).run("train")
    return _quick[key]


def trained(project: Project, root: Path | None = None) -> Trained:
    """The model that the settings give with `data=quick`: trained once for all tests of a process.

    `root` is the project's folder, by default the one here or above whose pyproject.toml has
    [tool.keel]. Raises UserError if a stage of the pipeline does.
    """
    return quick(project, root_of(root)).model()
