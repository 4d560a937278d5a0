"""A digest of Keel's code behind each stage, so that a newer Keel runs again what it changes.

`settings.yaml` holds the digests and `dvc.yaml` names one for each stage. A stage's code is its
module, and all of Keel's that this imports, directly or not, wherever in the file.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from keel.pipeline.stages import STAGES

KEEL = Path(__file__).parents[1]
# Notes what a stage read and made, and changes nothing of it.
BESIDE = ("keel.lineage", "keel.show.tracing", "keel.show.spans", "keel.show.progress")


def digests() -> dict[str, str]:
    """The digest of the code behind each stage, by its name."""
    return {name: _digest(files(f"keel.pipeline.{name}")) for name in STAGES}


def files(module: str) -> list[Path]:
    """The files behind a module of Keel: its own, those it imports, and their templates."""
    seen: dict[str, Path] = {}
    _follow(module, seen)
    beside = [page for file in seen.values() if (page := file.with_suffix(".html")).is_file()]
    return sorted({*seen.values(), *beside})


def _follow(module: str, seen: dict[str, Path]) -> None:
    file = _file(module)
    if file is None or module in seen or module.startswith(BESIDE):
        return
    seen[module] = file
    for imported in _imports(file):
        _follow(imported, seen)


def _file(module: str) -> Path | None:
    """The file of a module; None if it is a package, a name in a module, or not Keel's."""
    file = KEEL.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return file if module.startswith("keel.") and file.is_file() else None


@cache
def _imports(file: Path) -> list[str]:
    return list(_named(ast.parse(file.read_bytes())))


def _named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def _digest(paths: list[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.relative_to(KEEL).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:8]  # a longer one looks like a secret to the project's hooks
