"""The stage: a model is stored whole or not at all, and is the one that was fitted."""

import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
import yaml
from builders import content, content_of, stage, store

from keel.data.store import Store
from keel.model.inputs import model_inputs
from keel.model.predictor import Predictor
from keel.project.errors import UserError

SLOW = """
import time

from keel import Logistic


class Settings(Logistic):
    def fit(self, features, label, progress):
        print("fitting", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def slow(repository: Path, season_run: Store) -> Path:
    """A project that was run, and now has another model, which takes a minute to fit."""
    shutil.copytree(season_run.root, repository, dirs_exist_ok=True)
    package = repository / "src/flight_delay"
    (package / "models/slow.py").write_text(SLOW)
    text = (package / "project.py").read_text().replace("import boosting", "import boosting, slow")
    text = text.replace("models={", 'models={"slow": slow.Settings, ')
    (package / "project.py").write_text(text)
    chosen = {"model": {"name": "slow", "regularisation": 1.0, "iterations": 5}}
    (repository / "settings.yaml").write_text(yaml.safe_dump(content("-", chosen)))
    return repository


def test_training_that_is_killed_leaves_the_model_of_before(slow: Path) -> None:
    before = content_of(slow / "model")

    with subprocess.Popen(["keel", "stage", "train"], stdout=subprocess.PIPE, text=True) as train:
        assert train.stdout is not None
        assert train.stdout.readline() == "fitting\n"
        train.kill()

    assert content_of(slow / "model") == before


def test_training_again_makes_the_same_model(run_copy: Store) -> None:
    before = run_copy.model.read_bytes()

    stage("train", run_copy)

    assert run_copy.model.read_bytes() == before


def test_a_stored_model_that_predicts_otherwise_is_refused(
    run_copy: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_another_unit(self: Predictor, examples: pl.DataFrame) -> pl.DataFrame:
        inputs = model_inputs(self.features, examples, self.known)
        return inputs.with_columns(pl.col(pl.Float64) * 25.4)

    monkeypatch.setattr(Predictor, "inputs", with_another_unit)

    with pytest.raises(UserError, match="predicts otherwise than the model that was fitted"):
        stage("train", run_copy)


def test_missing_examples_are_named_with_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data/examples\.parquet is missing: `uv run keel run`"):
        stage("train", store(tmp_path))
