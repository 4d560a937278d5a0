"""Stages of a project in a folder of their own, with the settings of its quick data."""

import atexit
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from keel.data.store import Store
from keel.model.predictor import Predictor, load
from keel.pipeline import configuration
from keel.pipeline.stages import STAGES, run_stage
from keel.project.about import own_settings
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Settings

_quick: dict[tuple[int, Path], "Run"] = {}


@dataclass(frozen=True)
class Run:
    """A folder in which stages have run, or will."""

    project: Project
    settings: Settings
    store: Store

    def stage(self, *names: str) -> "Run":
        """Run these stages. Raises UserError as they do."""
        today = datetime.now(UTC).date()
        for name in names:
            run_stage(name, self.store, self.project, self.settings, today)
        return self

    def again(self, *changes: str) -> "Run":
        """A copy of the folder, with changes of the settings."""
        run = start(self.project, self.store.repository, changes)
        shutil.copytree(
            self.store.root,
            run.store.root,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns(self.store.settings.name),
        )
        return run

    def tables(self) -> Mapping[str, pl.LazyFrame]:
        """The checked tables."""
        read = self.store.read_table
        return {name: read(self.store.checked(name)) for name in self.project.tables}

    def examples(self) -> pl.DataFrame:
        return self.store.read_table(self.store.examples).collect()

    def predictor(self) -> Predictor:
        return load(self.store, self.project, self.settings.model, self.store.model)


def start(project: Project, root: Path, changes: Sequence[str] = ()) -> Run:
    """A new folder, which is deleted when the process ends.

    Raises UserError for settings that are wrong.
    """
    folder = Path(tempfile.mkdtemp(prefix="keel-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = Store(root, folder)
    content = configuration.compose(root / "conf", ["data=quick", *changes])
    return Run(project, configuration.write(project, content, store), store)


def quick(project: Project, root: Path) -> Run:
    """The models of the quick data, trained once in a process; callers leave the folder as it is.

    Raises UserError if a stage does.
    """
    key = (id(project), root)
    if key not in _quick:
        _quick[key] = start(project, root).stage(*STAGES[: STAGES.index("train") + 1])
    return _quick[key]


def root_of(root: Path | None) -> Path:
    """The project's folder: the one that is given, or here or above, with [tool.keel].

    Raises UserError if there is none.
    """
    here = Path.cwd()
    for folder in [root] if root else [here, *here.parents]:
        if "project" in own_settings(folder):
            return folder
    raise UserError(
        f"{root or here} is not in a project: give `root`, the folder whose pyproject.toml has "
        "[tool.keel] and project = …"
    )
