"""Versions, deployments and going back, in real Git repositories."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from keel.cli import run
from keel.project.errors import UserError
from keel.releasing import deploy
from keel.releasing.deploy import guard
from keel.releasing.versions import (
    Deployment,
    Registry,
    assign,
    following,
    read,
    register,
    tag_of,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PEOPLE = ("anna", "ben")


def git(folder: Path, *arguments: str) -> str:
    command = ("git", *arguments)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path, text: str) -> str:
    (folder / "file.txt").write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD").strip()


def be(folder: Path, person: str) -> Path:
    git(folder, "config", "user.name", person)
    git(folder, "config", "user.email", f"{person}@example.com")
    return folder


@pytest.fixture(autouse=True)
def _on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENVIRONMENT", "GITHUB_ACTIONS", "GITLAB_CI", "GITHUB_RUN_ID", "CI_JOB_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A repository with a commit and no remote."""
    folder = tmp_path / "alone"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(be(folder, "anna"), "start")
    return folder


@pytest.fixture
def clones(alone: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two people's clones of one repository."""
    git(tmp_path, "clone", "--quiet", "--bare", str(alone), "origin.git")
    for person in PEOPLE:
        git(tmp_path, "clone", "--quiet", "origin.git", person)
    anna, ben = (be(tmp_path / person, person) for person in PEOPLE)
    return anna, ben


def ran(*versions: str, environment: str = "production") -> tuple[Deployment, ...]:
    """Deployments, one after another; one with an exclamation mark took the version out."""
    return tuple(
        Deployment(one.strip("!"), environment, NOW, "somebody", one.endswith("!"))
        for one in versions
    )


def now_and_before(registry: Registry) -> tuple[str | None, str | None]:
    running, before = registry.running("production"), registry.before("production")
    return running.version if running else None, before.version if before else None


# Which version comes next


def test_the_first_version_is_1_0_0() -> None:
    assert following(Registry(), "patch") == "1.0.0"


@pytest.mark.parametrize(
    ("wish", "version"),
    [
        ("patch", "1.10.3"),
        ("minor", "1.11.0"),
        ("major", "2.0.0"),
        ("1.12.0", "1.12.0"),
        ("v3.0.0", "3.0.0"),
    ],
)
def test_a_wish_becomes_a_version_after_the_highest(wish: str, version: str) -> None:
    registry = Registry({"1.9.0": "a", "1.10.2": "b", "1.2.0": "c"})

    assert following(registry, wish) == version


@pytest.mark.parametrize("wish", ["1.2", "latest", "1.2.0-rc1", ""])
def test_what_is_no_version_is_named(wish: str) -> None:
    with pytest.raises(UserError, match=r"is not a version: 1\.2\.0 is one"):
        following(Registry(), wish)


# What runs where


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ((), (None, None)),
        (("1.0.0",), ("1.0.0", None)),
        (("1.0.0", "1.1.0"), ("1.1.0", "1.0.0")),
        (("1.0.0", "1.1.0", "1.0.0"), ("1.0.0", None)),
        (("1.0.0", "1.1.0", "1.2.0", "1.1.0"), ("1.1.0", "1.0.0")),
        (("1.0.0", "1.1.0", "1.0.0", "1.1.0"), ("1.1.0", "1.0.0")),
        (("1.0.0", "1.1.0", "1.1.0!"), ("1.0.0", None)),
        (("1.0.0", "1.0.0!"), (None, None)),
    ],
)
def test_what_runs_and_what_ran_before(
    versions: tuple[str, ...], expected: tuple[str | None, str | None]
) -> None:
    assert now_and_before(Registry(deployments=ran(*versions))) == expected


def test_environments_know_nothing_of_each_other() -> None:
    deployments = ran("1.0.0") + ran("1.1.0", environment="sandbox")

    assert now_and_before(Registry(deployments=deployments)) == ("1.0.0", None)


@pytest.mark.parametrize(
    ("versions", "said"),
    [((), "nothing runs in production"), (("1.0.0",), "nothing ran in production before 1.0.0")],
)
def test_there_may_be_nothing_to_go_back_to(versions: tuple[str, ...], said: str) -> None:
    with pytest.raises(UserError, match=said):
        deploy.goal(Registry({"1.0.0": "a"}, ran(*versions)), "production")


def test_a_deployment_of_an_earlier_version_is_told_as_a_rollback() -> None:
    registry = Registry({"1.0.0": "a", "1.1.0": "b"}, ran("1.0.0", "1.1.0"))

    said = deploy.message(registry, "1.0.0", "production").splitlines()

    assert {"before: 1.1.0", "kind: rollback"} <= set(said)


# The record in Git


def test_a_version_is_a_tag_that_gto_reads(alone: Path) -> None:
    from gto.api import show

    register(alone, "1.2.0", "first\n\nauc: 0.7")
    assign(alone, "1.2.0", "production", "goes live")

    assert git(alone, "tag").split() == ["model#production#1", "model@v1.2.0"]
    assert "auc: 0.7" in git(alone, "cat-file", "-p", "refs/tags/model@v1.2.0")
    (found,) = show(str(alone), "model#production")
    assert (found["version"], found["author"]) == ("v1.2.0", "anna")


def test_what_gto_recorded_is_read(alone: Path) -> None:
    from gto import api

    who: dict[str, Any] = {"author": "anna", "author_email": "anna@example.com"}
    first = git(alone, "rev-parse", "HEAD").strip()
    api.register(str(alone), "model", "HEAD", "v1.0.0", **who)
    api.assign(str(alone), "model", "production", "v1.0.0", **who)
    second = commit(alone, "more")
    api.register(str(alone), "model", "HEAD", "v1.1.0", **who)
    api.assign(str(alone), "model", "production", "v1.1.0", **who)
    assert now_and_before(read(alone)) == ("1.1.0", "1.0.0")

    api.unassign(str(alone), "model", stage="production", version="v1.1.0", **who)
    assert now_and_before(read(alone)) == ("1.0.0", None)
    assert read(alone).commits == {"1.0.0": first, "1.1.0": second}

    api.deregister(str(alone), "model", version="v1.1.0", **who)
    assert read(alone).commits == {"1.0.0": first}
    assert [one.version for one in read(alone).deployments] == ["1.0.0", "1.1.0", "1.1.0"]


def test_a_team_shares_versions_and_deployments(clones: tuple[Path, Path]) -> None:
    anna, ben = clones
    register(anna, "1.0.0", "first")
    assign(anna, "1.0.0", "production", "goes live")

    registry = read(ben)

    assert registry.commits == {"1.0.0": git(ben, "rev-parse", "HEAD").strip()}
    running = registry.running("production")
    assert running is not None
    assert (running.version, running.by) == ("1.0.0", "anna <anna@example.com>")


def test_of_two_who_release_the_same_version_the_second_is_refused(
    clones: tuple[Path, Path],
) -> None:
    anna, ben = clones
    read(ben)  # before anna's was there
    commit(ben, "another")
    register(anna, "1.0.0", "anna's")

    with pytest.raises(UserError, match="origin did not take it; was somebody quicker"):
        register(ben, "1.0.0", "ben's")

    assert git(ben, "tag") == ""
    assert following(read(ben), "patch") == "1.0.1"
    assert "anna's" in git(ben, "cat-file", "-p", "refs/tags/model@v1.0.0")


def test_of_two_who_deploy_at_once_the_second_is_refused(clones: tuple[Path, Path]) -> None:
    anna, ben = clones
    register(anna, "1.0.0", "first")
    read(ben)
    assign(anna, "1.0.0", "production", "anna's")

    with pytest.raises(UserError, match="model#production#1 is not recorded"):
        assign(ben, "1.0.0", "production", "ben's")

    assert git(ben, "tag").split() == ["model@v1.0.0"]


def test_a_remote_that_is_gone_leaves_no_tag(clones: tuple[Path, Path]) -> None:
    anna, _ = clones
    shutil.rmtree(anna.parent / "origin.git")

    with pytest.raises(UserError, match="is not recorded"):
        register(anna, "1.0.0", "first")

    assert git(anna, "tag") == ""


def test_deployments_in_the_same_second_are_in_the_order_of_their_numbers(alone: Path) -> None:
    register(alone, "1.0.0", "first")
    commit(alone, "more")
    register(alone, "1.1.0", "second")
    for version in ("1.0.0", "1.1.0") * 6:  # past the tenth, which comes before the second as text
        assign(alone, version, "production", "again")

    deployments = read(alone).deployments

    assert [one.version for one in deployments] == ["1.0.0", "1.1.0"] * 6


def test_two_projects_in_one_repository_have_versions_of_their_own(alone: Path) -> None:
    (alone / "flights").mkdir()
    register(alone / "flights", "1.0.0", "of a folder")

    assert tag_of(alone / "flights", "1.0.0") == "flights=model@v1.0.0"
    assert list(read(alone / "flights").commits) == ["1.0.0"]
    assert read(alone).commits == {}


def test_a_person_whom_git_knows_by_variables_is_named(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "a job")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "job@example.com")

    register(alone, "1.0.0", "first")

    assert "tagger a job <job@example.com>" in git(alone, "cat-file", "-p", "model@v1.0.0")


def test_outside_of_git_there_is_nothing_to_deploy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not in Git"):
        read(tmp_path)


# Environments


@pytest.mark.parametrize("name", ["local", "sandbox", "production"])
def test_an_environment_is_named_by_a_variable(name: str) -> None:
    assert deploy.current({"ENVIRONMENT": name}) == name


def test_without_a_variable_it_is_local() -> None:
    assert deploy.current({}) == "local"


def test_an_unknown_environment_is_an_error_with_the_three() -> None:
    with pytest.raises(UserError, match="'prod': make it one of local, sandbox, production"):
        deploy.current({"ENVIRONMENT": "prod"})


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "GITLAB_CI"])
def test_production_is_reached_from_ci_at_the_tag(alone: Path, variable: str) -> None:
    register(alone, "1.0.0", "first")

    guard(alone, "production", "1.0.0", {variable: "true"})


def test_production_is_not_reached_with_changes_or_from_another_commit(alone: Path) -> None:
    register(alone, "1.0.0", "first")
    (alone / "more.txt").touch()
    with pytest.raises(UserError, match="files have changed"):
        guard(alone, "production", "1.0.0", {"GITLAB_CI": "true"})

    commit(alone, "more")
    with pytest.raises(UserError, match=r"this commit is not model@v1\.0\.0"):
        guard(alone, "production", "1.0.0", {"GITLAB_CI": "true"})


@pytest.mark.parametrize(
    ("file", "job"),
    [
        (".github/workflows/deploy.yml", "gh workflow run deploy.yml -f version=1.0.0"),
        (".gitlab-ci.yml", "the job `production` in the pipeline of model@v1.0.0"),
        ("neither", "checks out model@v1.0.0 and types `uv run keel deploy 1.0.0 production`"),
    ],
)
def test_at_a_laptop_the_way_through_ci_is_named(alone: Path, file: str, job: str) -> None:
    (alone / file).parent.mkdir(parents=True, exist_ok=True)
    (alone / file).touch()

    with pytest.raises(UserError, match="reached from CI only") as caught:
        guard(alone, "production", "1.0.0", {})

    assert job in str(caught.value)


def test_who_says_to_be_in_production_is_asked_the_same(alone: Path) -> None:
    with pytest.raises(UserError, match="reached from CI only"):
        guard(alone, "sandbox", "1.0.0", {"ENVIRONMENT": "production"})


def test_nothing_is_deployed_to_the_own_machine(alone: Path) -> None:
    with pytest.raises(UserError, match=r"git checkout model@v1\.0\.0"):
        guard(alone, "local", "1.0.0", {})


# The verbs


def test_a_version_is_deployed_and_gone_back_from(alone: Path) -> None:
    register(alone, "1.0.0", "first")
    commit(alone, "more")
    register(alone, "1.1.0", "second")
    for version in ("1.0.0", "1.1.0"):
        deploy.deploy(alone, version, "sandbox", {})

    message = deploy.rollback(alone, "sandbox", {}, datetime.now(UTC))

    assert "sandbox went back from 1.1.0 to 1.0.0; 1.1.0 ran for" in message
    assert "sandbox     1.0.0, since" in deploy.overview(read(alone))
    assert "kind: rollback" in git(alone, "cat-file", "-p", "model#sandbox#3")


def test_without_a_name_a_rollback_is_of_production_and_refused_at_a_laptop(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    register(alone, "1.0.0", "first")
    commit(alone, "more")
    register(alone, "1.1.0", "second")
    for version in ("1.0.0", "1.1.0"):
        assign(alone, version, "production", "goes live")

    monkeypatch.chdir(alone)
    assert run(["rollback"]) == 1
    assert "reached from CI only" in capsys.readouterr().err

    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert run(["rollback"]) == 1
    assert "have the CI job check out that tag" in capsys.readouterr().err
    git(alone, "checkout", "--quiet", "model@v1.0.0")
    assert run(["rollback"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["1.0.0"], "say which version and where"),
        (["1.0.0", "prod"], "the environment is 'prod': there is local, sandbox, production"),
        (["9.9.9", "sandbox"], "no version 9.9.9; there are: 1.0.0"),
        (["1.0.0", "sandbox"], "1.0.0 runs in sandbox already"),
    ],
)
def test_a_deployment_that_makes_no_sense_is_refused(
    alone: Path,
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    register(alone, "1.0.0", "first")
    assign(alone, "1.0.0", "sandbox", "there")
    monkeypatch.chdir(alone)

    assert run(["deploy", *arguments]) == 1

    assert said in capsys.readouterr().err
    assert len(git(alone, "tag").split()) == 2
