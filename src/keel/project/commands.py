"""Calls of other programs."""

import os
import subprocess
from pathlib import Path

from keel.project.errors import UserError

# A person's own settings make Git's words colourful, and letters of names numbers.
GIT = ("git", "-c", "core.quotePath=false", "-c", "color.ui=false", "-c", "log.showSignature=false")
UV = os.environ.get("UV", "uv")  # `uv run` says where it is; it need not be on the PATH


def call(folder: Path, *command: str, **environment: str) -> int:
    """Run a program in a folder, for people to see; returns its exit code."""
    try:
        return subprocess.run(
            command, cwd=folder, env={**os.environ, **environment}, check=False
        ).returncode
    except FileNotFoundError as error:
        raise _missing(command[0]) from error


def output(folder: Path, *command: str) -> str | None:
    """What a program prints, None if it fails or is missing."""
    try:
        return must(folder, *command).strip()
    except (OSError, UserError):
        return None


def must(folder: Path, *command: str, **environment: str) -> str:
    """What a program prints. Raises UserError with what it says if it fails."""
    try:
        return subprocess.run(
            (*GIT, *command[1:]) if command[0] == "git" else command,
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",  # names of files need not be text
            check=True,
        ).stdout
    except FileNotFoundError as error:
        raise _missing(command[0]) from error
    except subprocess.CalledProcessError as error:
        message = f"{error.stdout}{error.stderr}".strip()
        raise UserError(f"`{' '.join(command)}` failed: {message}") from error


def _missing(program: str) -> UserError:
    return UserError(
        f"{program} is not installed, or not on the PATH: `uv run keel doctor` says more"
    )
