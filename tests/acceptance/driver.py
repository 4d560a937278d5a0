"""Does what the scenarios say, on the worked example with its quick data."""

import contextlib
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from builders import PROJECT, REPOSITORY
from dvc.repo import Repo  # type: ignore[import-untyped]  # DVC has no types

from keel.judge import champion
from keel.judge.metrics.known import main_metric
from keel.pipeline import configuration
from keel.project.errors import UserError
from keel.testing.pipeline import Quick, quick


class Driver:
    """One trained model for all scenarios, and a folder for each of them."""

    def __init__(self) -> None:
        self.run = quick(PROJECT, REPOSITORY)
        self.trained = self.run.model()

    def start_scenario(self) -> None:
        self.error: str | None = None
        self.floor = 0.0

    # Settings

    def have_pipeline_that_ran(self) -> None:
        place = self.run.again("evaluate").store.root / "project"
        self._place = Path(shutil.copytree(self._pipeline, place))

    def change_setting(self, name: str, value: str) -> None:
        *parents, last = name.split(".")
        change: dict[str, Any] = {last: value}
        for parent in reversed(parents):
            change = {parent: change}
        _configure(self._place, {"choose": {"data": "quick"}, "set": change})

    def steps_that_run_again(self) -> list[str]:
        with contextlib.chdir(self._place), Repo() as repo:
            steps = [stage.name for stage in repo.reproduce("evaluate", dry=True)]
        return [step for step in steps if step != "configure"]  # it is what notices the change

    @cached_property
    def _pipeline(self) -> Path:
        """The project beside the files of its run, as DVC knows them."""
        place = self.run.again("evaluate").run().store.root
        for name in ("conf", "docs", "src"):
            shutil.copytree(REPOSITORY / name, place / name)
        for name in ("dvc.yaml", "pyproject.toml"):
            shutil.copy(REPOSITORY / name, place)
        (place / ".dvc").mkdir()
        (place / ".dvc/config").write_text("[core]\n    no_scm = true\n")
        _configure(place, {"choose": {"data": "quick"}})
        with contextlib.chdir(place), Repo() as repo:
            repo.commit("evaluate", with_deps=True, force=True)
        return place

    # Gates

    def evaluate(self) -> None:
        self._judged: Quick = self.run.again("evaluate", f"evaluation.floors.auc={self.floor}")
        try:
            self._judged.run()
        except UserError as error:
            self.error = str(error)

    def report(self) -> str:
        return self._judged.store.report("report.html").read_text(encoding="utf-8")

    # Champion and candidate

    def have_champion(self, wrong: int) -> None:
        self._champion = _judged(wrong)

    def judge_candidate(self, errors: int, airline: str | None = None) -> None:
        """A candidate that is wrong so often, or for all flights of an airline too."""
        candidate = _judged(errors)
        if airline:
            wrong = 1 - pl.col("label").cast(pl.Float64)
            candidate = candidate.with_columns(
                model=pl.when(carrier=airline).then(wrong).otherwise("model")
            )
        metric = main_metric(PROJECT)
        compared = champion.compare(
            PROJECT.task, self._champion, candidate, metric, ["carrier"], 50
        )
        verdicts = champion.verdicts(compared, metric)
        self.replaced = not any(verdict.refused for verdict in verdicts)


def _judged(wrong: int) -> pl.DataFrame:
    """Predictions of 1,000 flights, half of them late and a tenth UA's; some are wrong."""
    flights = pl.DataFrame({"example": range(1000)})
    late = pl.col("example") % 2 == 0
    mistaken = (pl.col("example") * 617) % 1000 < wrong  # spread over all of them
    return flights.with_columns(
        label=late,
        model=(late != mistaken).cast(pl.Float64),
        carrier=pl.when(pl.col("example") < 100).then(pl.lit("UA")).otherwise(pl.lit("B6")),
    )


def _configure(place: Path, overrides: dict[str, Any]) -> None:
    (place / "conf/overrides.yaml").write_text(yaml.safe_dump(overrides))
    configuration.configure(place, PROJECT)
