"""Projects rendered from this template, for the tests to look at and to run."""

import ast
import configparser
import json
import os
import shutil
import subprocess
import sysconfig
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy

TEMPLATE = Path(__file__).parents[1]
TOOLS = Path(sysconfig.get_path("scripts"))  # of the environment that the tests run in
Render = Callable[..., Path]


def pytest_configure(config: pytest.Config) -> None:
    """Leave out what Copier says of templates that are being worked on."""
    for warning in ("DirtyLocalWarning", "MissingFileWarning"):
        config.addinivalue_line("filterwarnings", f"ignore::copier.errors.{warning}")


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


def render(folder: Path, **answers: Any) -> Path:
    """Render the template as it stands, with the defaults but for `answers`."""
    run_copy(
        str(TEMPLATE),
        folder,
        {"keel_source": str(TEMPLATE), **answers},
        vcs_ref="HEAD",
        defaults=True,
        overwrite=True,
        quiet=True,
    )
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a project as a person would, in an environment without ours."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONDONTWRITEBYTECODE")
    }
    if uv := inherited.get("UV"):  # `python -m uv` may be the only way to reach it
        inherited["PATH"] += f"{os.pathsep}{Path(uv).parent}"
    return subprocess.run(
        command,
        cwd=folder,
        env=inherited | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def must(folder: Path, *command: str, **environment: str) -> str:
    """Run a command that has to succeed; returns what it prints."""
    done = run(folder, *command, **environment)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def files(folder: Path) -> list[Path]:
    """The files that a folder has from the template, relative to it."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _ini(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


PARSERS: dict[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".py": ast.parse,
    ".toml": tomllib.loads,
    ".yaml": yaml.safe_load,
    ".yml": yaml.safe_load,
    "config": _ini,  # DVC's
}


def parse(file: Path) -> Any:
    """The content of a file by its kind, or else its text. Raises the parser's own error."""
    try:
        return PARSERS.get(file.suffix or file.name, str)(file.read_text(encoding="utf-8"))
    except Exception as error:
        error.add_note(f"in {file}")
        raise


def questions() -> dict[str, dict[str, Any]]:
    """The questions of the template, and the answers that it computes."""
    return {
        name: about
        for name, about in parse(TEMPLATE / "copier.yml").items()
        if not name.startswith("_")
    }


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


def commit(folder: Path, message: str, *options: str) -> None:
    """Commit all that a folder holds, in a repository of its own."""
    must(folder, "git", "init", "--quiet", "--initial-branch", "main")
    must(folder, "git", "add", "--all")
    must(folder, "git", "commit", "--quiet", "--message", message, *options)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository with its releases as tags, and what stands here as the newest."""
    from updates import clone  # which builds on what stands here

    return clone(tmp_path_factory.mktemp("clone") / "template")
