"""What DVC runs again, experiments, and a pipeline that is killed, in a project of its own."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rendering import commit, must, render, run

QUICK = "choose: {data: quick}\nset: {}\n"
KEEL = ("uv", "run", "--quiet", "keel")
PACKAGE = "src/flight_delay"


def quick_project(folder: Path) -> Path:
    """A project with its packages and a first commit, whose pipeline takes seconds."""
    render(folder)
    (folder / "conf/overrides.yaml").write_text(QUICK)
    must(folder, "uv", "sync", "--quiet")
    commit(folder, "Start")
    for name, value in (("name", "Somebody"), ("email", "somebody@example.com")):
        must(folder, "git", "config", f"user.{name}", value)  # DVC looks nowhere else for it here
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose pipeline has run; tests leave it as it is."""
    folder = quick_project(tmp_path_factory.mktemp("finished") / "project")
    must(folder, *KEEL, "run")
    commit(folder, "The first run")
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of it with an environment of its own."""
    folder = tmp_path / "project"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns(".venv"), symlinks=True)
    must(folder, "uv", "sync", "--quiet")
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}"
    file.write_text(text.replace(old, new))


def stages_run(printed: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", printed)


def changes(folder: Path) -> str:
    return must(folder, "git", "status", "--porcelain")


def experiments(folder: Path) -> dict[str, dict[str, Any]]:
    """Scores and settings of each experiment by its name."""
    shown = json.loads(must(folder, "uv", "run", "dvc", "exp", "show", "--json"))
    return {
        revision["name"]: {
            "scores": revision["data"]["metrics"]["reports/metrics.json"]["data"],
            "settings": revision["data"]["params"]["settings.yaml"]["data"],
        }
        for baseline in shown
        for experiment in baseline["experiments"] or []
        for revision in experiment["revs"]
    }


def test_a_second_run_does_nothing(project: Path) -> None:
    printed = must(project, *KEEL, "run")

    assert stages_run(printed) == []
    assert printed.count("didn't change, skipping") == 6
    assert changes(project) == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("conf/model/boosting.yaml", "trees: 200", "trees: 20", ["configure", "train", "evaluate"]),
        ("conf/config.yaml", "[carrier, origin]", "[carrier]", ["configure", "evaluate"]),
        ("conf/data/full.yaml", "tolerated: 0.01", "tolerated: 0.02", ["configure", "validate"]),
        ("conf/config.yaml", "# The defaults.", "# Our own.", ["configure"]),
        (f"{PACKAGE}/evaluation.py", "GROUPS = 200", "GROUPS = 199", ["evaluate"]),
        (
            f"{PACKAGE}/features.py",
            "arrival_minute.col / 60",
            "arrival_minute.col / 60.0",
            ["train", "evaluate"],
        ),
    ],
)
def test_a_change_runs_again_what_depends_on_it(
    project: Path, file: str, old: str, new: str, stages: list[str]
) -> None:
    edit(project / file, old, new)

    printed = must(project, *KEEL, "run")

    assert stages_run(printed) == stages


def test_an_experiment_leaves_the_workspace_as_it_was(tmp_path: Path) -> None:
    project = quick_project(tmp_path / "project")

    printed = must(project, *KEEL, "exp", "model=logistic", "evaluation.floors.log_loss=0.9")

    assert stages_run(printed)[-1] == "evaluate"
    assert changes(project) == ""
    (experiment,) = experiments(project).values()
    assert experiment["settings"]["model"]["name"] == "logistic"
    assert experiment["settings"]["evaluation"]["floors"]["log_loss"] == 0.9
    assert experiment["scores"]["auc"] > 0.6


def test_a_wrong_experiment_says_why_and_leaves_the_workspace_as_it_was(project: Path) -> None:
    done = run(project, *KEEL, "exp", "model.tres=20")

    assert done.returncode != 0
    assert "error: configure: model.tres is not a setting" in done.stderr
    assert changes(project) == ""


def test_queued_experiments_run_the_code_that_they_were_queued_with(project: Path) -> None:
    metrics = project / PACKAGE / "evaluation.py"
    edit(metrics, '"log_loss": Metric(', '"surprise": Metric(')
    must(project, *KEEL, "exp", "--queue", "model.trees=20,30")
    must(project, "git", "restore", ".")

    must(project, *KEEL, "exp", "--run-all")

    found = list(experiments(project).values())
    assert sorted(one["settings"]["model"]["trees"] for one in found) == [20, 30]
    assert all("surprise" in one["scores"] for one in found)
    assert changes(project) == ""


def test_an_experiment_with_another_baseline_is_taken_over_into_the_workspace(
    project: Path,
) -> None:
    must(project, *KEEL, "exp", "--name=twice", "model@baseline=boosting", "model.trees=20")

    must(project, "uv", "run", "dvc", "exp", "apply", "twice")

    assert stages_run(must(project, *KEEL, "run")) == []
    passport = json.loads((project / "model/passport.json").read_text())
    assert passport["settings"]["baseline"]["name"] == "boosting"
    assert passport["settings"]["model"]["trees"] == 20


def test_a_wrong_setting_stops_the_run_with_one_error_and_the_next_goes_through(
    project: Path,
) -> None:
    model = (project / "model/model.txt").read_bytes()
    edit(project / "conf/model/boosting.yaml", "trees: 200", "trees: many")

    done = run(project, *KEEL, "run")

    assert done.returncode != 0
    assert done.stderr.count("error: ") == 1
    assert "error: configure: model.trees is 'many'" in done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "model/model.txt").read_bytes() == model

    edit(project / "conf/model/boosting.yaml", "trees: many", "trees: 20")
    assert stages_run(must(project, *KEEL, "run")) == ["configure", "train", "evaluate"]


def test_a_run_that_is_killed_leaves_the_model_of_before_and_the_next_goes_through(
    project: Path,
) -> None:
    model = (project / "model/model.txt").read_bytes()
    edit(project / "conf/model/boosting.yaml", "trees: 200", "trees: 1000000")
    with subprocess.Popen(
        ("uv", "run", "--quiet", "python", "-m", "flight_delay.chassis", "run"),
        cwd=project,
        env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as pipeline:
        assert pipeline.stdout is not None
        assert any("chassis train" in line for line in pipeline.stdout)
        (dvc,) = set(re.findall(r'"pid": (\d+)', (project / ".dvc/tmp/rwlock").read_text()))
        os.kill(int(dvc), signal.SIGKILL)
        pipeline.wait()
        with contextlib.suppress(ProcessLookupError):  # it may have ended with its parent
            os.killpg(pipeline.pid, signal.SIGKILL)  # the training, which it had started

    assert (project / "model/model.txt").read_bytes() == model

    edit(project / "conf/model/boosting.yaml", "trees: 1000000", "trees: 20")
    assert "evaluate" in stages_run(must(project, *KEEL, "run"))
    assert (project / "model/model.txt").read_bytes() != model
