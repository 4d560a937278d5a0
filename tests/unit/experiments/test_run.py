"""What is asked before an experiment runs: who tries, and whether there is such a setting."""

import os
import subprocess
from pathlib import Path

import pytest
from builders import PROJECT, REPOSITORY
from repositories import Repository

from keel.experiments.run import apart, introduce, run
from keel.project.errors import UserError

PARTS = [f"GIT_{role}_{part}" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")]


@pytest.fixture
def nameless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a commit and Keel's settings, where no settings of Git name a person."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in (*PARTS, "GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE", "EMAIL"):
        monkeypatch.setenv(name, "")  # so that what is there afterwards is taken away
        monkeypatch.delenv(name)
    repository = Repository(tmp_path)
    (tmp_path / "conf").symlink_to(REPOSITORY / "conf")
    repository.commit("2026-01-01")
    return tmp_path


@pytest.mark.parametrize("roles", [("AUTHOR", "COMMITTER"), ("AUTHOR",), ("COMMITTER",)])
def test_a_name_in_the_environment_is_enough(
    nameless: Path, monkeypatch: pytest.MonkeyPatch, roles: tuple[str, ...]
) -> None:
    for role in roles:
        monkeypatch.setenv(f"GIT_{role}_NAME", "Eve Ö")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "eve@example.com")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-01-01T00:00:00")

    introduce(nameless)

    assert [os.environ[part] for part in PARTS] == ["Eve Ö", "eve@example.com"] * 2
    assert "GIT_AUTHOR_DATE" not in os.environ  # DVC can't do with it


def test_a_name_in_the_settings_is_enough(nameless: Path) -> None:
    for part, value in (("name", "Eve"), ("email", "eve@example.com")):
        subprocess.run(["git", "-C", str(nameless), "config", f"user.{part}", value], check=True)

    introduce(nameless)

    assert [os.environ[part] for part in PARTS] == ["Eve", "eve@example.com"] * 2


def test_without_a_name_git_is_told_one(nameless: Path) -> None:
    with pytest.raises(UserError, match=r"^git config --global user\.name"):
        run(nameless, PROJECT, ["model=logistic"], [])


@pytest.mark.parametrize(
    ("change", "cure"),
    [
        ("model.tres=5", "^model.tres is not a setting: did you mean model.trees"),
        ("evaluation.seed=${x}", r"^name a setting between \$\{ and \}, or write \\\$\{"),
        ("evaluation.seed=${", r"^name a setting between \$\{ and \}, or write \\\$\{"),
        ("data.source=${x:1}", r"^name a setting between \$\{ and \}, or write \\\$\{"),
        ("model.trees=5,6", "^add --queue to try each of 2, then"),
        ("evaluation.floors.mae=1", "^evaluation.floors names 'mae': the metrics are auc"),
    ],
)
def test_what_is_no_setting_is_told_before_dvc_makes_a_copy(
    nameless: Path, monkeypatch: pytest.MonkeyPatch, change: str, cure: str
) -> None:
    for part in PARTS:
        monkeypatch.setenv(part, "eve@example.com")

    with pytest.raises(UserError, match=cure):
        run(nameless, PROJECT, [change], [])


@pytest.mark.parametrize(
    ("words", "changes", "options"),
    [
        ("model=logistic", ["model=logistic"], []),
        ("--queue model.trees=5,6 -f", ["model.trees=5,6"], ["--queue", "-f"]),
        ("-n mine model=logistic", ["model=logistic"], ["-n", "mine"]),
        ("model=logistic --name=mine", ["model=logistic"], ["--name=mine"]),
        ("--run-all --jobs 2", [], ["--run-all", "--jobs", "2"]),
    ],
)
def test_the_value_of_an_option_is_no_change(
    words: str, changes: list[str], options: list[str]
) -> None:
    assert apart(words.split()) == (changes, options)
