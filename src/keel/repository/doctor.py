"""What is missing on this machine, and how to get it."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from keel.project.about import pyproject
from keel.project.commands import UV, must, output
from keel.project.errors import UserError
from keel.repository import source
from keel.repository.setup import HOOKS, USUAL, guards, hooks, in_repository
from keel.repository.template import ANSWERS, number, recorded

WHOLE = ("exclude-newer", "exclude-dependencies")  # what uv reads of a workspace's root only
WORKFLOW = ".github/workflows/checks.yml"


@dataclass(frozen=True)
class Finding:
    """Something looked at: fine without a cure; a problem stops work, a hint does not."""

    what: str
    cure: str = ""
    problem: bool = False


def examine(root: Path) -> Iterator[Finding]:
    """Look at the tools, the repository, the packages and the data of the project."""
    yield Finding(f"Python {sys.version.split()[0]}")
    yield from _tools(root)
    yield from _repository(root)
    yield from _packages(root)
    if (root / ANSWERS).exists():
        yield from versions(recorded(root), version("keel-ml"))
    yield from _data(root)


def _tools(root: Path) -> Iterator[Finding]:
    for program in ("git", "uv"):
        version = output(root, program, "--version")
        cure = "" if version else f"install {program} and put it on the PATH"
        yield Finding(version or f"{program} is missing", cure, problem=True)
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        cure = "unset it, or start what you do with `uv run keel`"
        yield Finding("PYTHONDONTWRITEBYTECODE is set: every start takes twice as long", cure)
    free = shutil.disk_usage(root).free / 1024**3
    if free < 1:
        cure = "make room: a run needs about 1 GB"
        yield Finding(f"{free:.1f} GB of disk are free", cure, problem=True)


def _repository(root: Path) -> Iterator[Finding]:
    if not in_repository(root):
        yield Finding("no Git repository", "uv run keel setup", problem=True)
        return
    for name in ("user.name", "user.email"):
        if not output(root, "git", "config", name):
            cure = f'git config --global {name} "…"'
            yield Finding(f"Git does not know your {name}", cure, problem=True)
    place = hooks(root)
    if not (root / ".git").exists():
        cure = "the repository around it decides on hooks: `uv run keel check` does what they would"
        yield Finding("no hooks: this folder is part of another repository", cure)
    elif guards(root / place / "pre-commit"):
        yield Finding("the Git hooks are installed")
    elif place == USUAL:
        yield Finding("the Git hooks are not installed", "uv run keel setup", problem=True)
    else:
        cure = f"have them call `pre-commit run --config {HOOKS}`"
        yield Finding(f"your Git takes its hooks from {place}, which do not call Keel's", cure)
    default = (output(root, "git", "symbolic-ref", "refs/remotes/origin/HEAD") or "").rpartition(
        "/"
    )
    named = re.search(r"^    branches: \[(.*?)\]", _text(root / WORKFLOW), re.MULTILINE)
    if default[2] and named and default[2] not in re.split(r",\s*", named[1]):
        cure = f"add it to `branches` in {WORKFLOW}, and in the others there"
        yield Finding(f"no push to your default branch {default[2]} is checked", cure)
    if output(root, "git", "ls-files", "--unmerged"):
        cure = "git status names the files: fix them, git add, git commit"
        yield Finding("a merge has conflicts", cure, problem=True)


def _text(file: Path) -> str:
    return file.read_text("utf-8", errors="replace") if file.is_file() else ""


def _packages(root: Path) -> Iterator[Finding]:
    try:
        must(root, UV, "lock", "--check", "--offline")
    except UserError as error:
        if "needs to be updated" in str(error):
            cure = "uv lock, then commit uv.lock"
            yield Finding("uv.lock does not fit pyproject.toml", cure, problem=True)
        else:
            cure = "`uv lock --check` with a network, and a cache that you may write to, can"
            yield Finding("uv can't tell whether the packages fit uv.lock", cure)
    else:
        yield Finding("the packages fit uv.lock")
    above = source.workspace(root)
    there, here = (pyproject(place).get("tool", {}).get("uv", {}) for place in (above, root))
    if lost := [name for name in WHOLE if name in here and name not in there]:
        cure = f"copy it below [tool.uv] in {above / 'pyproject.toml'}, then uv lock"
        yield Finding(f"uv takes no {' or '.join(lost)} from a member of a workspace", cure)


def versions(answers: dict[str, Any], library: str) -> Iterator[Finding]:
    """Whether the library and the files around it are a release apart at most, as is promised."""
    release = str(answers.get("_commit", ""))
    frame, here = number(release), number(f"v{library}")
    if not frame or not here:
        return  # one of them is of no release
    about = f"Keel {library}, in a project of {release}"
    if frame[0] == here[0] and abs(frame[1] - here[1]) <= 1:
        yield Finding(about)
    elif frame < here:
        yield Finding(f"{about}: they fit when one release apart", "uv run keel update")
    else:
        cure = "uv lock --upgrade-package keel-ml, or write its tag into pyproject.toml"
        yield Finding(f"{about}: they fit when one release apart", cure)


def _data(root: Path) -> Iterator[Finding]:
    listed = (output(root, "dvc", "config", "--list") or "").splitlines()
    settings = dict(line.split("=", 1) for line in listed if "=" in line)
    place = settings.get(f"remote.{settings.get('core.remote')}.url")
    if not place:
        yield Finding("data are shared nowhere", "dvc remote add --default storage URL")
    elif "://" not in place and not Path(place).is_dir():
        cure = "the first `uv run dvc push` makes it"
        yield Finding(f"data are shared in {place}, which does not exist yet", cure)
    else:
        yield Finding(f"data are shared in {place}")
    if (root / "dvc.lock").exists() and not (root / "data/raw").exists():
        cure = "uv run dvc pull, or uv run keel run to make them again"
        yield Finding("the data are not here", cure)
