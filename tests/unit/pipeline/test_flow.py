"""`keel run data=quick`: all stages in one process, in a folder of their own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import PROJECT, TODAY, content, content_of, store

from keel.cli import run
from keel.data.store import Store
from keel.pipeline.configuration import load
from keel.pipeline.flow import flow

METRICS = {"auc", "average_precision", "log_loss", "calibration_error"}


def test_a_run_leaves_the_scores_of_model_and_baseline(season_run: Store) -> None:
    scores = json.loads(season_run.report("metrics.json").read_text())

    assert set(scores) == {*METRICS, "baseline", "naive", "refusals"}
    assert set(scores["baseline"]) == METRICS
    assert scores["auc"] > 0.8  # wind is all that makes the season's flights late


def test_a_run_keeps_the_settings_it_had(season_run: Store, source: str) -> None:
    assert content(source) == json.loads(json.dumps(content(source)))
    assert load(season_run).data.source == source


def test_runs_in_folders_of_their_own_do_not_touch_each_other(
    tmp_path: Path, source: str, season_run: Store
) -> None:
    before = season_run.model.read_bytes()
    other = store(tmp_path / "other")

    flow(PROJECT, content(source, {"model.trees": 3}), other, TODAY)

    assert season_run.model.read_bytes() == before
    assert other.model.read_bytes() != before


def test_a_change_runs_all_stages_beside_what_is_here(
    repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["run", "data=season", "evaluation.floors.log_loss=9"])

    printed, events = capfd.readouterr()
    assert (code, printed.splitlines()[0]) == (0, "")
    report = Path(printed.strip().removeprefix("The report: "))
    assert report.is_relative_to(repository / "outputs")
    assert [line.split()[3] for line in events.splitlines()] == [
        *("ingest", "validate", "prepare", "train", "evaluate")
    ]
    assert all("seconds=" in line for line in events.splitlines())
    assert not (repository / "reports").exists()
    assert "log_loss: 9" in (report.parents[1] / "settings.yaml").read_text()


def test_a_refused_model_ends_the_run_with_its_reasons(
    repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["run", "data=season", "evaluation.floors.auc=1.1", "hydra.run.dir=here"])

    _, errors = capfd.readouterr()
    assert code == 1
    assert "error: the model is refused:\n  floors: AUC on all rows is" in errors
    assert (repository / "here/reports/report.html").is_file()


def test_a_refused_model_is_a_warning_in_a_sweep_which_goes_on(
    repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = ["data=season", "evaluation.floors.auc=1.1", "model.trees=2,3"]

    code = run(["run", *changes, "--multirun", "hydra.sweep.dir=here"])

    _, errors = capfd.readouterr()
    assert code == 0
    assert errors.count("warning: the model is refused:\n  floors: AUC on all rows is") == 2
    assert (repository / "here/1/reports/report.html").is_file()


CONSTANT = '''
"""The same probability for all: the share of the training."""

import json

import numpy as np
import polars as pl
from keel import Progress, Section


class Constant:
    def __init__(self, share: float) -> None:
        self.share = share

    def predict(self, features: pl.DataFrame) -> np.ndarray:
        return np.full(len(features), self.share)

    def to_text(self) -> str:
        return json.dumps({"share": self.share})


class Settings(Section):
    shift: float

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> Constant:
        return Constant(label.sum() / len(label) + self.shift)

    def from_text(self, text: str) -> Constant:
        return Constant(**json.loads(text))
'''


@pytest.fixture
def constant(repository: Path) -> Path:
    """The project with a third model: a module, a settings file and a name in `project.py`."""
    package = repository / "src/flight_delay"
    (package / "models/constant.py").write_text(CONSTANT)
    (repository / "conf/model/constant.yaml").write_text("name: constant\nshift: 0\n")
    text = (package / "project.py").read_text()
    text = text.replace("import boosting", "import boosting, constant")
    text = text.replace("models={", 'models={"constant": constant.Settings, ')
    (package / "project.py").write_text(text)
    return repository


def test_a_third_model_is_a_module_a_settings_file_and_a_name(constant: Path) -> None:
    assert run(["run", "model=constant", "data=season", "hydra.run.dir=here"]) == 0

    assert json.loads((constant / "here/model/model.txt").read_text()).keys() == {"share"}
    assert json.loads((constant / "here/reports/metrics.json").read_text())["auc"] == 0.5


def settings_that_are_broken(root: Path) -> None:
    (root / "conf/model/boosting.yaml").write_text("name: [")


def no_settings(root: Path) -> None:
    (root / "conf/config.yaml").unlink()


def no_project(root: Path) -> None:
    (root / "pyproject.toml").write_text("")


def nothing(_: Path) -> None:
    """All is well with the folder."""


MISTAKES: dict[str, tuple[Callable[[Path], None], list[str], str]] = {
    "an unknown choice": (
        nothing,
        ["model=nope"],
        "model=nope: there is no such file in conf/model/, which has boosting, logistic\n",
    ),
    "an unknown choice in a sweep": (
        nothing,
        ["model=boosting,nope", "--multirun"],
        "model=nope: there is no such file in conf/model/, which has boosting, logistic\n",
    ),
    "an unknown key": (
        nothing,
        ["model.tres=5"],
        "model.tres is not a setting: did you mean model.trees?\n",
    ),
    "an unknown key in a sweep": (
        nothing,
        ["model.tres=5,6", "-m"],
        "model.tres is not a setting: did you mean model.trees?\n",
    ),
    "several values": (
        nothing,
        ["model.trees=5,6"],
        "model.trees=5,6 are several values: add --multirun to run each, or write a list as mo",
    ),
    "no value": (nothing, ["model.trees="], "model.trees is '': input should be a valid integer"),
    "a word beside a change": (
        nothing,
        ["data=quick", "now"],
        "'now' is not a change of a setting: write it as name=value, such as data=quick",
    ),
    "an option of DVC's": (nothing, ["data=quick", "--force"], "--force: beside changes of"),
    "no source": (
        nothing,
        ["data.source=nowhere.csv"],
        "flights: nowhere.csv can't be read (there is no such file): see data.source\n",
    ),
    "broken settings": (settings_that_are_broken, ["data=quick"], "conf/ can't be composed: "),
    "no settings": (
        no_settings,
        ["data=quick"],
        "there is no conf/config.yaml here: run this in the project's folder\n",
    ),
    "no project": (no_project, ["data=quick"], "[tool.keel] in pyproject.toml has project = None"),
}


@pytest.mark.parametrize(("make", "changes", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_with_a_cure(
    repository: Path,
    capfd: pytest.CaptureFixture[str],
    make: Callable[[Path], None],
    changes: list[str],
    message: str,
) -> None:
    make(repository)

    code = run(["run", *changes])

    printed, errors = capfd.readouterr()
    assert (code, printed) == (1, "")
    assert errors.startswith(f"error: {message}")
    assert not [word for word in ("Traceback", "HYDRA_FULL_ERROR", " +") if word in errors]


def test_a_mistake_leaves_no_folder_of_a_run(repository: Path) -> None:
    before = set(content_of(repository))

    run(["run", "model.tres=5"])

    made = set(content_of(repository)) - before
    assert {name for name in made if "__pycache__" not in name} == set()
