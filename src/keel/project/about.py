"""What `pyproject.toml` says of a project: what it is called, and where it describes itself."""

from __future__ import annotations

import importlib
import sys
import tomllib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError

if TYPE_CHECKING:
    from .description import Project


def pyproject(root: Path) -> dict[str, Any]:
    """The content of the project's `pyproject.toml`; nothing if it is not there.

    Raises UserError if it is not TOML.
    """
    file = root / "pyproject.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"pyproject.toml is not TOML: {error}") from error


def own_settings(root: Path) -> dict[str, Any]:
    """The table `[tool.keel]` of `pyproject.toml`."""
    found: dict[str, Any] = pyproject(root).get("tool", {}).get("keel", {})
    return found


def about(root: Path) -> dict[str, str]:
    """Name and purpose of the project."""
    content = pyproject(root)
    named = content.get("project", {})
    return {
        "name": content.get("tool", {}).get("keel", {}).get("title")
        or named.get("name", root.name),
        "purpose": named.get("description", ""),
    }


def package(root: Path) -> str:
    """The name of the project's package; of its folder where it does not say."""
    place = own_settings(root).get("project")
    return str(place).partition(".")[0] if place else root.name


def load(root: Path) -> Project:
    """The object in which the project describes itself, as `[tool.keel] project` names it.

    Raises UserError if it is not there, or the project's own code can't be imported.
    """
    from .description import Project

    place = own_settings(root).get("project")
    if not isinstance(place, str) or place.count(":") != 1:
        raise UserError(
            f"[tool.keel] in pyproject.toml has project = {place!r}: write it as "
            '"my_package.project:PROJECT"; run this in the project\'s folder'
        )
    module, _, name = place.partition(":")
    source = str(root / "src")
    if source not in sys.path:  # a copy of the project, as DVC makes one, has its own code
        sys.path.insert(0, source)
    try:
        found = getattr(importlib.import_module(module), name, None)
    except UserError:
        raise
    except Exception as error:  # whatever the team's code raises
        raise UserError(f"{module} can't be imported: {blamed(error, root)}") from error
    if not isinstance(found, Project):
        raise UserError(f"{module} has no {name} that is a keel.Project: [tool.keel] names it")
    return found


def blamed(error: BaseException, root: Path) -> str:
    """An error with the place in the team's own code where it was raised, innermost."""
    message = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_name(Path(error.filename), root)}, line {error.lineno}: {message}"
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(root / "src")
    ]
    if not own:
        return message
    return f"{_name(Path(own[-1].filename), root)}, line {own[-1].lineno}: {message}"


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
