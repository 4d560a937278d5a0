"""Projects rendered from this template, for the tests to look at and to run."""

import os
import shutil
from functools import cache
from pathlib import Path

import pytest
from rendering import TEMPLATE, Render, commit, keel, must, render


def pytest_configure(config: pytest.Config) -> None:
    """Leave out what Copier says of templates that are being worked on."""
    for warning in ("DirtyLocalWarning", "MissingFileWarning"):
        config.addinivalue_line("filterwarnings", f"ignore::copier.errors.{warning}")


# What takes longest, to begin with: at the end one worker would wait for it.
FIRST = ("tutorials", "release_of_a_project", "pipeline", "update", "docs", "maturity", "releases")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    places = {f"test_{name}": place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(scope="session", autouse=True)
def _own_git(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Git and Copier as on a machine that nobody has configured, whatever this one has."""
    home = tmp_path_factory.mktemp("home")
    (home / "gitconfig").write_text("[user]\n\tname = Somebody\n\temail = somebody@example.com\n")
    os.environ["GIT_CONFIG_GLOBAL"] = str(home / "gitconfig")
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
    (home / "settings.yml").write_text("{}\n")
    os.environ["COPIER_SETTINGS_PATH"] = str(home / "settings.yml")
    os.environ["PRE_COMMIT_HOME"] = str(home / "pre-commit")
    os.environ["MYPY_CACHE_DIR"] = str(home / "mypy")  # looking at all libraries takes ten seconds


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Projects by their answers, each rendered once; tests leave them as they are."""

    @cache
    def once(**answers: str) -> Path:
        return render(tmp_path_factory.mktemp("rendered") / "project", **answers)

    return once


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the default answers, a commit and packages; tests leave it as it is."""
    folder = render(tmp_path_factory.mktemp("default") / "project")
    must(folder, "git", "init", "--quiet", "--initial-branch", "main")
    must(folder, "git", "add", "--all")
    must(folder, "git", "commit", "--quiet", "--message", "Start")
    must(folder, "uv", "sync", "--quiet")
    return folder


@pytest.fixture(scope="session")
def trained(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose pipeline has run on the quick data, committed, with the packages of another.

    Tests leave it as it is, and take a copy for anything else.
    """
    folder = render(tmp_path_factory.mktemp("trained") / "project")
    (folder / "conf/overrides.yaml").write_text("choose: {data: quick}\nset: {}\n")
    shutil.copy(project / "uv.lock", folder)
    commit(folder, "Start")
    for name, value in (("name", "Somebody"), ("email", "somebody@example.com")):
        must(folder, "git", "config", f"user.{name}", value)  # DVC looks nowhere else for it here
    must(folder, *keel(project), "run")
    commit(folder, "The first run", "--no-verify")  # the hooks are others' matter
    return folder


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it stands, as a repository with one release: what projects update from."""
    folder = tmp_path_factory.mktemp("release") / "template"
    for name in must(TEMPLATE, "git", "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
        if (TEMPLATE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, folder / name)
    commit(folder, "A release")
    must(folder, "git", "tag", "v1.0.0")
    return folder


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository with its releases as tags, and what stands here as the newest."""
    from updates import clone  # which builds on what stands here

    return clone(tmp_path_factory.mktemp("clone") / "template")
