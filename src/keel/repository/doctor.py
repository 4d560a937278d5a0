"""What is missing on this machine, and how to get it."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keel.project.commands import output
from keel.project.errors import UserError
from keel.repository.setup import HOOKS, in_repository

GIGABYTE = 1024**3


@dataclass(frozen=True)
class Finding:
    """Something looked at: fine without a cure; a problem stops work, a hint does not."""

    what: str
    cure: str = ""
    problem: bool = False


def main(root: Path, arguments: list[str]) -> int:
    """Print a line for each thing looked at; the exit code is 1 if there is a problem."""
    if arguments:
        raise UserError(f"doctor takes no arguments, and got {' '.join(arguments)}")
    findings = list(examine(root))
    for finding in findings:
        mark = "fine   " if not finding.cure else "PROBLEM" if finding.problem else "hint   "
        print(f"{mark}  {finding.what}" + (f"\n         → {finding.cure}" if finding.cure else ""))
    return int(any(finding.problem for finding in findings))


def examine(root: Path) -> Iterator[Finding]:
    """Look at the tools, the repository, the packages and the data of the project."""
    yield Finding(f"Python {sys.version.split()[0]}")
    yield from _tools(root)
    yield from _repository(root)
    yield from _packages(root)
    yield from _data(root)


def _tools(root: Path) -> Iterator[Finding]:
    for program in ("git", "uv"):
        version = output(root, program, "--version")
        if version is None:
            yield Finding(
                f"{program} is missing", f"install {program} and put it on the PATH", problem=True
            )
        else:
            yield Finding(version)
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        cure = "unset it, or start what you do with `uv run keel`"
        yield Finding("PYTHONDONTWRITEBYTECODE is set: every start takes twice as long", cure)
    free = shutil.disk_usage(root).free
    if free < GIGABYTE:
        yield Finding(
            f"{free / GIGABYTE:.1f} GB of disk are free",
            "make room: a run needs about 1 GB",
            problem=True,
        )


def _repository(root: Path) -> Iterator[Finding]:
    if not in_repository(root):
        yield Finding("no Git repository", "uv run keel setup", problem=True)
        return
    for name in ("user.name", "user.email"):
        if not output(root, "git", "config", name):
            yield Finding(
                f"Git does not know your {name}", f'git config --global {name} "…"', problem=True
            )
    elsewhere = output(root, "git", "config", "core.hooksPath")
    hook = output(root, "git", "rev-parse", "--git-path", "hooks/pre-commit") or ""
    if elsewhere:
        yield Finding(
            f"your Git takes its hooks from {elsewhere}",
            f"have them call `pre-commit run --config {HOOKS}`",
        )
    elif (root / hook).exists():
        yield Finding("the Git hooks are installed")
    elif (root / ".git").exists():
        yield Finding("the Git hooks are not installed", "uv run keel setup", problem=True)
    else:
        cure = "the repository around it decides on hooks: `uv run keel check` does what they would"
        yield Finding("no hooks: this folder is part of another repository", cure)
    unmerged = output(root, "git", "ls-files", "--unmerged")
    if unmerged:
        yield Finding(
            "a merge has conflicts",
            "git status names the files: mend them, git add, git commit",
            problem=True,
        )


def _packages(root: Path) -> Iterator[Finding]:
    if output(root, "uv", "lock", "--check", "--offline") is None:
        yield Finding(
            "uv.lock does not fit pyproject.toml", "uv lock, then commit uv.lock", problem=True
        )
    else:
        yield Finding("the packages fit uv.lock")


def _data(root: Path) -> Iterator[Finding]:
    listed = output(root, "dvc", "remote", "list") or ""
    place = " ".join(listed.split()[1:2])
    if not listed:
        yield Finding("data are shared nowhere", "dvc remote add --default storage URL")
    elif "://" not in place and not Path(place).is_dir():
        yield Finding(
            f"data are shared in {place}, which is not there yet",
            "the first `uv run dvc push` makes it",
        )
    else:
        yield Finding(f"data are shared in {place}")
    if (root / "dvc.lock").exists() and not (root / "data/raw").exists():
        yield Finding(
            "the data are not here", "uv run dvc pull, or uv run keel run to make them again"
        )
