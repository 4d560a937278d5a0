"""A digest of Keel's code behind each stage, so that a newer Keel runs again what it changes.

`settings.yaml` holds the digests and `dvc.yaml` names one for each stage. A stage's code is its
module, and all of Keel's that this imports, directly or not, wherever in the file.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

STAGES = ("ingest", "validate", "prepare", "train", "evaluate")
KEEL = Path(__file__).parents[1]
# What the project's models are made of: it imports that, and no stage does.
ALSO = dict.fromkeys(("train", "evaluate"), ("keel.model.logistic", "keel.project.features"))
# Notes what a stage read and made, and changes nothing of it.
BESIDE = ("keel.lineage", "keel.show.trac", "keel.show.spans", "keel.show.progress")


def digests(keel: Path = KEEL) -> dict[str, str]:
    """The digest of the code behind each stage, by its name."""
    return {
        name: _digest(keel, files(keel, f"keel.pipeline.{name}", *ALSO.get(name, ())))
        for name in STAGES
    }


def newest(folder: Path) -> float:
    """When the newest of the code in a folder was changed or put there, in seconds."""
    changed = folder.stat().st_mtime
    for entry in os.scandir(folder):
        if entry.is_dir() and entry.name != "__pycache__":
            changed = max(changed, newest(Path(entry)))
        elif entry.name.endswith((".py", ".html")):
            changed = max(changed, entry.stat().st_mtime)
    return changed


def files(keel: Path, *modules: str) -> list[Path]:
    """The files behind modules of Keel: their own, those they import, and the templates of each."""
    seen: dict[str, Path] = {}
    for module in modules:
        _follow(keel, module, seen)
    templates = [page for file in seen.values() if (page := file.with_suffix(".html")).is_file()]
    return sorted({*seen.values(), *templates})


def _follow(keel: Path, module: str, seen: dict[str, Path]) -> None:
    file = keel.joinpath(*module.split(".")[1:]).with_suffix(".py")
    if not module.startswith("keel.") or not file.is_file():
        return  # a package, a name in a module, or not Keel's
    if module not in seen and not module.startswith(BESIDE):
        seen[module] = file
        for imported in _imports(file.read_bytes(), module.rpartition(".")[0]):
            _follow(keel, imported, seen)


@cache
def _imports(code: bytes, package: str) -> list[str]:
    """What a module of a package may import, by its whole name."""
    return list(_named(ast.parse(code), package))


def _named(tree: ast.AST, package: str) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of code, less what is there for the types alone."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from _running(node)


def _digest(keel: Path, paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(keel).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:8]  # a longer one looks like a secret to the project's hooks
