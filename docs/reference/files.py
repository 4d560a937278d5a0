"""The files of a project by their owner, as `ownership.yml` says, each with its purpose."""

import ast
from fnmatch import fnmatch
from pathlib import Path

import yaml

from .rendered import TEMPLATE, projects

CLASSES = {
    "seed": "The team's: a first, working version, which no update touches.",
    "frame": "Shared: it binds the project and the library, and an update merges both sides.",
}


def tables() -> str:
    """A table for each class, in the order of `ownership.yml`: the first pattern counts."""
    owners = yaml.safe_load((TEMPLATE / "ownership.yml").read_text("utf-8"))
    left = _paths()
    rows: dict[str, str] = dict.fromkeys(CLASSES, "")
    for owner, patterns in owners.items():
        for pattern, purpose in patterns.items():
            for path in sorted(path for path in left if fnmatch(path, pattern)):
                file, answer = left.pop(path)
                only = f" (only with `{answer}`)" if answer else ""
                rows[owner] += f"| `{path}` | {purpose or _said_by(file)}{only} |\n"
    return "\n".join(
        f"## {owner.capitalize()}\n\n{about}\n\n| file | purpose |\n|---|---|\n{rows[owner]}"
        for owner, about in CLASSES.items()
    )


def _paths() -> dict[str, tuple[Path, str]]:
    """Each path with a file of it, and the answer that it takes."""
    found: dict[str, tuple[Path, str]] = {}
    for answer, folder in projects():
        for file in folder.rglob("*"):
            if file.is_file():
                found.setdefault(file.relative_to(folder).as_posix(), (file, answer))
    return found


def _said_by(module: Path) -> str:
    """What a Python module says of itself: its docstring's first line."""
    said = ast.get_docstring(ast.parse(module.read_text("utf-8")))
    if not said:
        raise ValueError(f"{module.name} has no docstring, and ownership.yml no purpose for it")
    return said.partition("\n")[0]
