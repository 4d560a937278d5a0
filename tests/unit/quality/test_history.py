"""What Git says of commits and of GTO's deployments, in real repositories."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keel.project.errors import UserError
from keel.quality.delivery.dora import delivered
from keel.quality.records.history import Deployment, deployments
from keel.releasing.versions import parsed

START = datetime(2026, 9, 1, 12, tzinfo=UTC)


class Repository:
    """A repository whose clock goes on by an hour with each commit and tag."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = START
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, **environment: str) -> str:
        who = {
            f"GIT_{role}_{what}": "a@b.c"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        when = {
            f"GIT_{role}_DATE": f"{self.at.timestamp():.0f} +0900"
            for role in ("AUTHOR", "COMMITTER")
        }
        clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(
            ("git", *arguments),
            cwd=self.folder,
            env={**os.environ, **who, **when, **clean, **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def commit(self, message: str, file: str = "file") -> str:
        self.at += timedelta(hours=1)
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(message)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def tag(self, name: str, commit: str = "HEAD") -> None:
        self.at += timedelta(hours=1)
        self.git("tag", "--annotate", name, "--message", name, commit)

    def read(self) -> list[Deployment]:
        return deployments(self.folder)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def brought(repository: Repository, folder: str = ".") -> list[list[str]]:
    """The first lines of what each deployment brought."""
    return [
        [repository.git("show", "--no-patch", "--format=%s", each.sha) for each in one.changes]
        for one in deployments(repository.folder / folder)
    ]


def test_deployments_are_what_gto_recorded(repository: Repository) -> None:
    from gto.api import assign, register

    first = repository.commit("one")
    second = repository.commit("two")
    for version, commit in (("v1.0.0", first), ("v1.1.0", second)):
        register(str(repository.folder), "model", commit, version, author="A", author_email="a@b.c")
        assign(
            str(repository.folder),
            "model",
            "production",
            version,
            author="A",
            author_email="a@b.c",
        )

    found = repository.read()

    assert [(one.name, one.commit) for one in found] == [
        ("model#production#1", first),
        ("model#production#2", second),
    ]


def test_only_production_counts(repository: Repository) -> None:
    repository.commit("one")
    for name in (
        "model@v1.0.0",
        "model#sandbox#1",
        "model#production#2",
        "model#production!#3",
        "other#production#1",
        "v1.0.0",
    ):
        repository.tag(name)

    assert [one.name for one in repository.read()] == ["model#production#2"]


def test_a_tag_without_a_message_is_none_of_gtos(repository: Repository) -> None:
    repository.commit("one")
    repository.git("tag", "model#production#1")

    assert repository.read() == []


def test_deployments_come_by_number_since_clocks_differ() -> None:
    lines = [
        "model#production#10\tcommit\tb\t1000\tAda",
        "model#production#2\tcommit\ta\t2000\tAda",
    ]

    events = parsed(lines, "model")

    assert [event.tag for event in events] == ["model#production#2", "model#production#10"]


def test_a_merge_brings_what_it_merges(repository: Repository) -> None:
    repository.commit("one")
    repository.tag("model#production#1")
    repository.git("switch", "--quiet", "--create", "branch")
    repository.commit("feat: two", "two")
    repository.commit("feat: three", "three")
    repository.git("switch", "--quiet", "main")
    repository.commit("fix: four", "four")
    repository.git("merge", "--quiet", "--no-ff", "branch", "--message", "Merge it")
    repository.tag("model#production#2")

    assert sorted(brought(repository)[1]) == ["feat: three", "feat: two", "fix: four"]


def test_a_squash_brings_one_change(repository: Repository) -> None:
    repository.commit("one")
    repository.tag("model#production#1")
    repository.git("switch", "--quiet", "--create", "branch")
    repository.commit("feat: two", "two")
    repository.commit("feat: three", "three")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--squash", "branch")
    repository.commit("feat: both")
    repository.tag("model#production#2")

    assert brought(repository) == [[], ["feat: both"]]


def test_a_rebase_keeps_the_time_at_which_a_change_was_written(repository: Repository) -> None:
    repository.commit("one")
    repository.tag("model#production#1")
    repository.git("switch", "--quiet", "--create", "branch")
    repository.commit("feat: two", "two")
    written = repository.at
    repository.git("switch", "--quiet", "main")
    repository.commit("three", "three")
    repository.at += timedelta(days=9)
    repository.git("cherry-pick", "branch")

    repository.tag("model#production#2")

    [change] = [c for c in repository.read()[1].changes if c.written == written]
    assert change.sha == repository.git("rev-parse", "HEAD")


def test_a_revert_names_what_it_takes_back(repository: Repository) -> None:
    repository.commit("one")
    repository.tag("model#production#1")
    bad = repository.commit("feat: two")
    repository.tag("model#production#2")
    repository.git("revert", "--no-edit", bad)
    repository.tag("model#production#3")

    past = repository.read()

    assert past[2].changes[0].reverts == (bad,)
    assert [one.failed for one in delivered(past, [])] == [False, True, False]


@pytest.mark.parametrize("seconds", ["99999999999", "0", "4102444800"])
def test_a_clock_that_is_far_off_is_no_error(repository: Repository, seconds: str) -> None:
    repository.commit("one")
    repository.tag("model#production#1")
    when = {f"GIT_{role}_DATE": f"@{seconds} +0000" for role in ("AUTHOR", "COMMITTER")}
    repository.git("commit", "--quiet", "--allow-empty", "--message", "two", **when)
    repository.tag("model#production#2")

    assert brought(repository) == [[], ["two"]]


def test_a_project_in_a_folder_has_its_own_deployments_and_changes(repository: Repository) -> None:
    repository.commit("one", "services/delay/file")
    repository.tag("services/delay=model#production#1")
    repository.tag("model#production#2")
    repository.commit("ours", "services/delay/file")
    repository.commit("theirs", "services/other/file")
    repository.tag("services/delay=model#production#2")

    past = deployments(repository.folder / "services/delay")

    assert [one.name for one in past] == [
        "services/delay=model#production#1",
        "services/delay=model#production#2",
    ]
    assert brought(repository, "services/delay") == [[], ["ours"]]


def test_a_repository_without_a_commit_has_no_history(repository: Repository) -> None:
    assert repository.read() == []


def test_without_git_there_is_a_cure(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not in Git: `uv run keel setup`"):
        deployments(tmp_path)


def test_a_clone_of_the_newest_commits_only_is_refused(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit("one")
    repository.commit("two")
    repository.git(
        "clone", "--quiet", "--depth=1", repository.folder.as_uri(), str(tmp_path / "clone")
    )

    with pytest.raises(UserError, match="fetch-depth: 0"):
        deployments(tmp_path / "clone")
