"""What DVC runs again, experiments, and a pipeline that is killed, in a project of its own."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml
from rendering import keel, must, run

PACKAGE = "src/flight_delay"
STAGES = ["ingest", "validate", "prepare", "train", "evaluate"]
OWN_METRIC = """    metrics={"surprise": Metric("-", lambda *_: 0.5, higher_is_better=False)},
)
"""


class Folder:
    """A project whose pipeline takes seconds, with the packages of another."""

    def __init__(self, place: Path, packages: Path) -> None:
        self.place = place
        self._command = keel(packages)

    def keel(self, *arguments: str) -> CompletedProcess[str]:
        return run(self.place, *self._command, *arguments)

    def dvc(self, *arguments: str) -> str:
        return must(self.place, *self._command[:-1], "dvc", *arguments)

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.place / file).read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}"
        (self.place / file).write_text(text.replace(old, new))

    def changes(self) -> str:
        return must(self.place, "git", "status", "--porcelain")

    @property
    def model(self) -> bytes:
        return (self.place / "model/model.txt").read_bytes()

    def experiments(self) -> dict[str, dict[str, Any]]:
        """Scores and settings of each experiment by its name."""
        shown = json.loads(self.dvc("exp", "show", "--json"))
        return {
            revision["name"]: {
                "scores": revision["data"]["metrics"]["reports/metrics.json"]["data"],
                "settings": revision["data"]["params"]["settings.yaml"]["data"],
            }
            for baseline in shown
            for experiment in baseline["experiments"] or []
            for revision in experiment["revs"]
        }


def stages_run(done: CompletedProcess[str]) -> list[str]:
    """The stages that say what they did; `configure` has nothing to say."""
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(r"\[info\s*\] (\w+)", done.stderr)


@pytest.fixture
def copy(trained: Path, project: Path, tmp_path: Path) -> Folder:
    """A project whose pipeline has run, to change."""
    return Folder(Path(shutil.copytree(trained, tmp_path / "project", symlinks=True)), project)


def test_the_first_run_has_run_all_stages(trained: Path) -> None:
    run_so_far = yaml.safe_load((trained / "dvc.lock").read_text("utf-8"))["stages"]

    assert run_so_far.keys() == {"configure", *STAGES}


def test_a_second_run_does_nothing(copy: Folder) -> None:
    done = copy.keel("run")

    assert stages_run(done) == []
    assert done.stdout.startswith("Nothing has changed since the last run.\n")
    assert copy.changes() == ""


# What each stage depends on is a matter of `dvc.yaml`, which unit tests compare with the code.
@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("conf/data/full.yaml", "tolerated: 0.01", "tolerated: 0.02", ["validate"]),
        ("conf/config.yaml", "[carrier, origin]", "[carrier]", ["evaluate"]),
        (f"{PACKAGE}/features.py", "minute.col / 60", "minute.col / 60.0", ["train", "evaluate"]),
    ],
)
def test_a_change_runs_again_what_depends_on_it(
    copy: Folder, file: str, old: str, new: str, stages: list[str]
) -> None:
    copy.edit(file, old, new)

    assert stages_run(copy.keel("run")) == stages


def test_an_experiment_leaves_the_workspace_as_it_was(copy: Folder) -> None:
    done = copy.keel("exp", "model=logistic", "evaluation.floors.log_loss=0.9")

    assert stages_run(done)[-1] == "evaluate"
    assert copy.changes() == ""
    (experiment,) = copy.experiments().values()
    assert experiment["settings"]["model"]["name"] == "logistic"
    assert experiment["settings"]["evaluation"]["floors"]["log_loss"] == 0.9
    assert experiment["scores"]["auc"] > 0.6
    assert "model=logistic, evaluation.floors.log_loss=0.9" in done.stdout
    assert re.search(r"AUC .* (better|worse|unclear|the same)", done.stdout)
    page = (copy.place / "reports/experiments.html").read_text()
    assert page.count('aria-label="Calibration"') == 2
    assert copy.keel("exp").stdout.lstrip() == done.stdout.lstrip()


def test_a_run_ends_beside_the_last_commit(copy: Folder) -> None:
    copy.edit("conf/model/boosting.yaml", "trees: 200", "trees: 2")

    done = copy.keel("run")

    assert re.search(
        r"Compared with the last commit.*\n +AUC +(better|worse|unclear|the same)", done.stdout
    ), done.stderr
    assert done.stdout.splitlines()[-1].startswith("The report: ")
    assert "here, not committed: model.trees=2" in copy.keel("exp").stdout


def test_dvc_shows_charts_metrics_and_settings(copy: Folder) -> None:
    plots = json.loads(copy.dvc("plots", "show", "--json"))["data"]
    metrics = json.loads(copy.dvc("metrics", "show", "--json"))[""]["data"]

    assert "reports/charts/Importance of the features.svg" in plots
    assert "auc" in metrics["reports/metrics.json"]["data"]


def test_a_wrong_experiment_says_why_and_leaves_the_workspace_as_it_was(copy: Folder) -> None:
    done = copy.keel("exp", "model.tres=20")

    assert done.returncode != 0
    assert "error: model.tres is not a setting: did you mean model.trees?" in done.stderr
    assert copy.changes() == ""


def test_queued_experiments_run_the_code_that_they_were_queued_with(copy: Folder) -> None:
    copy.edit(f"{PACKAGE}/project.py", "import Linear,", "import Linear, Metric,")
    file = copy.place / PACKAGE / "project.py"
    file.write_text(file.read_text().removesuffix(")\n") + OWN_METRIC)
    queued = copy.keel("exp", "--queue", "model.trees=20,30")
    assert queued.returncode == 0, queued.stderr
    must(copy.place, "git", "restore", ".")

    done = copy.keel("exp", "--run-all")

    assert done.returncode == 0, done.stdout + done.stderr
    experiments = list(copy.experiments().values())
    trees = [experiment["settings"]["model"]["trees"] for experiment in experiments]
    assert sorted(trees) == [20, 30]
    assert all("surprise" in experiment["scores"] for experiment in experiments)
    assert copy.changes() == ""


def test_an_experiment_with_another_baseline_is_taken_over_into_the_workspace(
    copy: Folder,
) -> None:
    done = copy.keel("exp", "--name=twice", "model@baseline=boosting", "model.trees=20")
    assert done.returncode == 0, done.stdout + done.stderr

    copy.dvc("exp", "apply", "twice")

    assert stages_run(copy.keel("run")) == []
    passport = json.loads((copy.place / "model/passport.json").read_text())
    assert passport["settings"]["baseline"]["name"] == "boosting"
    assert passport["settings"]["model"]["trees"] == 20


def test_a_wrong_setting_stops_the_run_with_one_error_and_the_next_goes_through(
    copy: Folder,
) -> None:
    model = copy.model
    copy.edit("conf/model/boosting.yaml", "trees: 200", "trees: many")

    done = copy.keel("run")

    assert done.returncode != 0
    assert done.stderr.count("error: ") == 1
    assert "error: model.trees is 'many'" in done.stderr
    assert "Traceback" not in done.stderr
    assert copy.model == model

    copy.edit("conf/model/boosting.yaml", "trees: many", "trees: 20")
    assert stages_run(copy.keel("run")) == ["train", "evaluate"]


def test_a_run_that_is_killed_leaves_the_model_of_before_and_the_next_goes_through(
    copy: Folder, project: Path
) -> None:
    model = copy.model
    copy.edit("conf/model/boosting.yaml", "trees: 200", "trees: 1000000")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    with subprocess.Popen(
        [*keel(project), "run", "--verbose"],
        cwd=copy.place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as pipeline:
        assert pipeline.stdout is not None
        assert any("Running stage 'train'" in line for line in pipeline.stdout)
        (dvc,) = set(re.findall(r'"pid": (\d+)', (copy.place / ".dvc/tmp/rwlock").read_text()))
        os.kill(int(dvc), signal.SIGKILL)
        pipeline.wait(60)  # which takes note of its death, so that its lock is seen to be free
        with contextlib.suppress(ProcessLookupError):  # it may have ended with its parent
            os.killpg(pipeline.pid, signal.SIGKILL)  # the training, which it had started

    assert copy.model == model

    copy.edit("conf/model/boosting.yaml", "trees: 1000000", "trees: 20")
    assert "evaluate" in stages_run(copy.keel("run"))
    assert copy.model != model
