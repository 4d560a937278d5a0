import json
import shutil
import subprocess
import sys
from pathlib import Path

from builders import REPOSITORY, content, store

from keel.data.store import Store
from keel.pipeline import flow

METRICS = {"auc", "average_precision", "log_loss", "calibration_error"}


def started(folder: Path, *changes: str) -> subprocess.CompletedProcess[str]:
    """The flow, as it is started by hand, with its files in a folder of the test."""
    return subprocess.run(
        [sys.executable, "-m", "flight_delay", f"hydra.run.dir={folder}", *changes],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def small(source: str) -> list[str]:
    return [
        f"data.source='{source}'",
        "model.trees=5",
        "model.rows_per_leaf=5",
        "model.rows_per_category=5",
        "evaluation.resamples=20",
    ]


def test_a_run_leaves_the_scores_of_model_and_baseline(season_run: Store) -> None:
    scores = json.loads(season_run.report("metrics.json").read_text())

    assert set(scores) == {*METRICS, "baseline", "refusals"}
    assert set(scores["baseline"]) == METRICS
    assert scores["auc"] > 0.8  # wind is all that makes the season's flights late


def test_a_run_keeps_the_settings_it_had(season_run: Store, source: str) -> None:
    assert content(source) == json.loads(json.dumps(content(source)))
    assert f"source: {source}" in season_run.read_text(season_run.settings)


def test_runs_in_folders_of_their_own_do_not_touch_each_other(
    tmp_path: Path, source: str, season_run: Store
) -> None:
    before = season_run.model.read_bytes()
    other = store(tmp_path / "other")

    flow.run(content(source, {"model.trees": 3}), other)

    assert season_run.model.read_bytes() == before
    assert other.model.read_bytes() != before


def test_a_refused_model_ends_the_flow_with_its_reasons(tmp_path: Path, source: str) -> None:
    done = started(tmp_path, *small(source), "evaluation.floors={auc: 1.1}")

    assert done.returncode == 1
    assert "error: the model is refused:\n  floors: AUC on all rows is" in done.stderr
    assert (tmp_path / "reports/report.html").is_file()


def test_a_refused_model_is_a_warning_in_a_sweep_which_goes_on(tmp_path: Path, source: str) -> None:
    where = f"hydra.sweep.dir={tmp_path}"
    done = started(tmp_path, *small(source), "evaluation.floors={auc: 1.1}", where, "--multirun")

    assert done.returncode == 0, done.stderr
    assert "warning: the model is refused:\n  floors: AUC on all rows is" in done.stderr


def test_a_mistake_ends_the_flow_with_one_error(tmp_path: Path) -> None:
    done = started(tmp_path, "data.source=nowhere.csv")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: flights: nowhere.csv can't be read (there is no such")
    assert "Traceback" not in done.stderr


def test_an_unknown_choice_is_named_beside_those_there_are(tmp_path: Path) -> None:
    done = started(tmp_path, "model=nope")

    assert done.returncode == 1
    assert "Could not find 'model/nope'" in done.stderr
    assert "logistic" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    (tmp_path / "conf/model/boosting.yaml").write_text("name: [")

    done = subprocess.run(
        [sys.executable, "-m", "flight_delay"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error: conf/ can't be composed: ")
    assert "boosting.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_flow_is_started_in_the_project_s_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flight_delay"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "error: there is no conf/config.yaml here: run this in the project's folder\n"
    )
