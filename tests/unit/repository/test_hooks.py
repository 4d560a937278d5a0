"""Hooks: installed where they can be, beside those that are there, and never in the way."""

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from keel.repository.doctor import Finding, examine
from keel.repository.setup import HOOKS, set_up

HOOK = Path(".git/hooks/pre-commit")
GUARD = "exec python -mpre_commit hook-impl --config=.pre-commit-config.yaml"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with a list of hooks, on a machine that nobody has configured."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    made = Repository(tmp_path / "project")
    made.file(HOOKS, "repos: []\n")
    return made


def put(hook: Path, *lines: str) -> Path:
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    hook.chmod(0o755)
    return hook


def about_hooks(root: Path) -> Finding:
    """What the doctor says of them."""
    return next(found for found in examine(root) if "hook" in found.what)


def test_a_hook_of_ones_own_is_called_by_the_new_one(repository: Repository) -> None:
    put(repository.root / HOOK, "echo mine")

    done = set_up(repository.root)

    assert done == ["Installed the Git hooks, which call yours: .git/hooks/pre-commit.legacy."]
    assert "hook-impl" in (repository.root / HOOK).read_text()
    assert "echo mine" in (repository.root / HOOK).with_suffix(".legacy").read_text()
    assert set_up(repository.root) == []
    assert not about_hooks(repository.root).cure


@pytest.mark.parametrize(
    "line", [GUARD, "uv run pre-commit run --hook-stage manual", "uv run keel check lint"]
)
def test_a_hook_that_guards_is_left_as_it_is(repository: Repository, line: str) -> None:
    hook = put(repository.root / HOOK, line)
    before = hook.read_text()

    assert set_up(repository.root) == []
    assert hook.read_text() == before
    assert not about_hooks(repository.root).cure


@pytest.mark.parametrize("setting", [".git/hooks", "./.git/hooks/", ".git/hooks/"])
def test_hooks_are_installed_where_a_setting_says_what_is_usual(
    repository: Repository, setting: str
) -> None:
    repository.git("config", "core.hooksPath", setting)

    assert set_up(repository.root) == ["Installed the Git hooks."]
    assert (repository.root / HOOK).is_file()


@pytest.mark.parametrize("place", [".husky/_", "/dev/null", "hooks of ours"])
def test_hooks_that_come_from_elsewhere_are_a_hint(repository: Repository, place: str) -> None:
    repository.git("config", "core.hooksPath", place)

    assert set_up(repository.root) == []
    found = about_hooks(repository.root)
    assert found.what == f"your Git takes its hooks from {place}, which do not call Keel's"
    assert not found.problem


def test_hooks_from_elsewhere_that_guard_are_fine(repository: Repository) -> None:
    repository.git("config", "core.hooksPath", ".husky")
    put(repository.root / ".husky/pre-commit", "uv run pre-commit run")

    assert not about_hooks(repository.root).cure


def is_a_file(repository: Repository) -> None:
    (repository.root / HOOK).unlink(missing_ok=True)
    for sample in (repository.root / ".git/hooks").iterdir():
        sample.unlink()
    (repository.root / ".git/hooks").rmdir()
    (repository.root / ".git/hooks").write_text("")


def is_no_yaml(repository: Repository) -> None:
    (repository.root / HOOK).mkdir()


@pytest.mark.parametrize("spoil", [is_a_file, is_no_yaml])
def test_hooks_that_cant_be_installed_stop_nobody(
    repository: Repository, spoil: Callable[[Repository], None]
) -> None:
    spoil(repository)

    first, reason = set_up(repository.root)

    assert first == "No Git hooks: `uv run keel check` does what they would."
    assert "Error" in reason
    assert "\n" not in reason


def test_hooks_are_no_matter_without_a_place_for_their_caches(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", "/dev/null/cache")

    assert set_up(repository.root)[0].startswith("No Git hooks")
