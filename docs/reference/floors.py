"""The folders of the library, from the top: what each is for, and which others it imports."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from .rendered import TEMPLATE

KEEL = TEMPLATE / "src/keel"


def floors() -> list[str]:
    """The folders of the library from the top, as the import contract has them."""
    contracts = tomllib.loads((TEMPLATE / "pyproject.toml").read_text("utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    return [layer.removeprefix("keel.") for layer in layers]


def named(file: Path) -> Iterator[str]:
    """Each module that a file imports, wherever it does; relative ones with their full name."""
    package = ["keel", *file.relative_to(KEEL).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imported(folder: str) -> list[str]:
    """The other folders of Keel that the code of a folder imports, from the top."""
    modules = (name.split(".") for file in (KEEL / folder).rglob("*.py") for name in named(file))
    others = {parts[1] for parts in modules if parts[0] == "keel" and len(parts) > 1} - {folder}
    return [name for name in floors() if name in others]


def purpose(folder: str) -> str:
    """The first paragraph of a folder's docstring."""
    docstring = ast.get_docstring(ast.parse((KEEL / folder / "__init__.py").read_text("utf-8")))
    if not docstring:
        raise ValueError(f"keel.{folder} does not say what it is for")
    return " ".join(docstring.partition("\n\n")[0].split())


def table() -> str:
    """A row for each folder."""
    rows = (
        f"| `{name}` | {purpose(name)} | {', '.join(map('`{}`'.format, imported(name))) or '–'} |"
        for name in floors()
    )
    return "\n".join(["| folder | what it is for | imports |", "|---|---|---|", *rows])
