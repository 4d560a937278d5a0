"""What `pyproject.toml` says of a project: what it is called, and where it describes itself."""

from __future__ import annotations

import hashlib
import importlib
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .blame import blamed, message
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
    table: dict[str, Any] = pyproject(root).get("tool", {}).get("keel", {})
    return table


def root_of(root: Path | None) -> Path:
    """The project's folder: the one that is given, or here or above, with [tool.keel].

    Raises UserError if there is none.
    """
    here = Path.cwd()
    for folder in [root] if root else [here, *here.parents]:
        if "project" in own_settings(folder):
            return folder
    raise UserError(
        f"{root or here} is not in a project: give `root`, the folder whose pyproject.toml has "
        "[tool.keel] and project = …"
    )


def about(root: Path) -> dict[str, str]:
    """Name and purpose of the project."""
    content = pyproject(root)
    project = content.get("project", {})
    title = content.get("tool", {}).get("keel", {}).get("title")
    return {
        "name": title or project.get("name", root.name),
        "purpose": project.get("description", ""),
    }


def package(root: Path) -> str:
    """The name of the project's package; of its folder where it does not say."""
    place = own_settings(root).get("project")
    return str(place).partition(".")[0] if place else root.name


def own_code(root: Path) -> str:
    """A hash of the team's own package: the names of its files, and what they hold."""
    digest = hashlib.sha256()
    folder = root / "src" / package(root)
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            content = file.read_bytes()
            name = file.relative_to(folder).as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


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
        project = getattr(importlib.import_module(module), name, None)
    except UserError:
        raise
    except Exception as error:  # whatever the team's code raises
        reason = blamed(error, root) or message(error)
        raise UserError(_taken(module, root) or f"{module} can't be imported: {reason}") from error
    if not isinstance(project, Project):
        raise UserError(f"{module} has no {name} that is a keel.Project: [tool.keel] names it")
    return project


def _taken(module: str, root: Path) -> str:
    """What to say if another package of the name was imported, and so hides the project's own."""
    name = module.partition(".")[0]
    place = getattr(sys.modules.get(name), "__file__", None)
    own = root / "src" / name
    if not place or not own.is_dir() or own.resolve() in Path(place).resolve().parents:
        return ""
    return (
        f"Rename src/{name}, in imports and pyproject.toml too, such as to {name}_model: "
        f"another package has that name, {place}"
    )
