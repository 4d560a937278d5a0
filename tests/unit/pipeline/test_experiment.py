import subprocess
from pathlib import Path

import pytest
from builders import REPOSITORY

from keel.pipeline import experiment
from keel.project.errors import UserError


@pytest.mark.parametrize(
    ("change", "recorded"),
    [
        ("model=logistic", "++choose.model=logistic"),
        ("data=quick", "++choose.data=quick"),
        ("model@baseline=boosting", "++choose={model@baseline:boosting}"),
        ("model@baseline=a,b", "++choose={model@baseline:a},{model@baseline:b}"),
        ("model.trees=20,30", "++set.model.trees=20,30"),
        ("++data.rows.flights=500", "++set.data.rows.flights=500"),
        ("+evaluation.floors.log_loss=0.6", "++set.evaluation.floors.log_loss=0.6"),
        ("evaluation.slices=[carrier,weekday]", "++set.evaluation.slices=[carrier,weekday]"),
        ("data.source='a=b'", "++set.data.source='a=b'"),
    ],
)
def test_a_change_is_recorded_as_a_choice_of_a_file_or_a_value(change: str, recorded: str) -> None:
    assert experiment.recorded(REPOSITORY, change) == f"conf/overrides.yaml:{recorded}"


@pytest.mark.parametrize("change", ["model", "=logistic", "++", "trees 5"])
def test_what_is_no_change_of_a_setting_is_named_with_an_example(change: str) -> None:
    with pytest.raises(UserError, match=r"is not a change of a setting: uv run keel exp model="):
        experiment.recorded(REPOSITORY, change)


@pytest.mark.parametrize("arguments", [[], ["--queue"], ["-f"]])
def test_an_experiment_needs_a_change(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(UserError, match=r"say what to change: uv run keel exp model=logistic"):
        experiment.main(tmp_path, arguments)


def test_an_experiment_needs_a_commit_and_says_how_to_make_one(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)

    with pytest.raises(UserError, match=r"there is none yet: git add --all && git commit -m"):
        experiment.main(tmp_path, ["model=logistic"])
