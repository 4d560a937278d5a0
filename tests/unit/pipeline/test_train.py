"""Models of one's own, in a copy of the package: a third one, and one that is killed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from builders import REPOSITORY, content, content_of, settings

from keel.data.store import Store
from keel.model.inputs import model_inputs
from keel.model.predictor import Predictor
from keel.pipeline.stages import run_stage
from keel.project.errors import UserError

CONSTANT = '''
"""The same probability for all: the share of the training."""

import json
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from ..settings import Section
from . import Probabilities, Progress


@dataclass(frozen=True)
class Constant:
    """What is always predicted."""

    share: float

    def predict(self, features: pl.DataFrame) -> Probabilities:
        return np.full(len(features), self.share)

    def to_text(self) -> str:
        return json.dumps(asdict(self))


class Settings(Section):
    """What can be set."""

    name: str
    nap: float

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> Constant:
        if self.nap:
            import time

            print("fitting", flush=True)
            time.sleep(self.nap)
        return Constant(label.sum() / len(label))

    def from_text(self, text: str) -> Constant:
        return Constant(**json.loads(text))
'''


@pytest.fixture
def project(tmp_path: Path, source: str) -> Path:
    """A copy of the project's code and settings with a third model, on the season's tables."""
    for part in ("src", "conf", "docs"):
        shutil.copytree(
            REPOSITORY / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / "src/flight_delay/models/constant.py").write_text(CONSTANT)
    (tmp_path / "conf/model/constant.yaml").write_text("name: constant\nnap: 0\n")
    (tmp_path / "conf/data/season.yaml").write_text(f"defaults: [full]\nsource: {source}\n")
    return tmp_path


def start(project: Path, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start Python in a folder, with the code of the copy."""
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(project / "src"), "OMP_NUM_THREADS": "1", "PATH": os.defpath},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_third_model_is_one_module_and_one_settings_file(project: Path) -> None:
    off = ["gates.better_than_baseline=null", "gates.feature_loss=null"]
    judged = ["~evaluation.floors.calibration_error", "evaluation.floors.auc=0.5", *off]
    judged += ["evaluation.slice_floors={auc: 0.5}"]

    with start(project, project, "flight_delay", "model=constant", "data=season", *judged) as flow:
        printed, said = flow.communicate()

    assert flow.returncode == 0, said
    root = Path(printed.strip()).parents[1]
    assert json.loads((root / "model/model.txt").read_text()).keys() == {"share"}
    assert json.loads((root / "reports/metrics.json").read_text())["auc"] == 0.5


def test_a_model_that_does_not_exist_is_named_beside_those_that_do(project: Path) -> None:
    (project / "conf/model/constant.yaml").write_text("name: constnat\n")

    with start(project, project, "flight_delay", "model=constant", "data=season") as flow:
        _, said = flow.communicate()

    assert flow.returncode == 1
    assert said == "error: model.name is 'constnat': models/ has boosting, constant, logistic\n"


def test_training_that_is_killed_leaves_the_model_of_before(project: Path, run_copy: Store) -> None:
    root = run_copy.root
    before = content_of(root / "model")
    slow = content(
        "-", {"model": {"name": "constant", "nap": 60.0}, "baseline.regularisation": 9.0}
    )
    (root / "settings.yaml").write_text(json.dumps(slow))

    with start(project, root, "flight_delay.chassis", "train") as train:
        assert train.stdout is not None
        assert train.stdout.readline() == "fitting\n"
        train.kill()

    assert content_of(root / "model") == before

    run_stage("train", settings("-"), run_copy)

    after = content_of(root / "model")
    assert after.keys() == before.keys()
    assert after["model.txt"] == before["model.txt"]


def test_a_stored_model_that_predicts_otherwise_is_refused(
    run_copy: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_another_unit(self: Predictor, examples: pl.DataFrame) -> pl.DataFrame:
        return model_inputs(examples, self.known).with_columns(pl.col(pl.Float64) * 25.4)

    monkeypatch.setattr(Predictor, "inputs", with_another_unit)

    with pytest.raises(UserError, match="predicts otherwise than the model that was fitted"):
        run_stage("train", settings("-"), run_copy)
