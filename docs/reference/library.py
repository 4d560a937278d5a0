"""The public names of `keel` and `keel.testing`, from their own code and docstrings."""

import ast
import inspect
from dataclasses import dataclass
from pathlib import Path

from .rendered import TEMPLATE

SRC = TEMPLATE / "src"
PLAIN = ("__init__", "__call__")  # methods that a person calls without writing their names
Defined = ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True)
class Name:
    """A public name: where it stands, and what defines it."""

    name: str
    text: str
    node: ast.stmt

    def section(self) -> str:
        """A heading, how it is written, what it says of itself, and its methods."""
        parts = [f"### `{self.name}`", f"```python\n{self._written()}\n```"]
        if isinstance(self.node, Defined):
            parts.append(_docstring(self.node))
        if isinstance(self.node, ast.ClassDef):
            parts.append("\n".join(filter(None, map(_method, _methods(self.node)))))
        return "\n\n".join(filter(None, parts)) + "\n"

    def _written(self) -> str:
        if isinstance(self.node, ast.FunctionDef):
            return _signature(self.node)
        if isinstance(self.node, ast.ClassDef):
            return _class(self.node, self.text)
        return "\n".join(self.text.splitlines()[self.node.lineno - 1 : self.node.end_lineno])


def sections(package: str) -> str:
    """A section for each name in `__all__` of a package, in the order of the alphabet."""
    door = SRC.joinpath(*package.split("."), "__init__.py")
    places = {
        alias.asname or alias.name: (alias.name, node)
        for node in ast.walk(ast.parse(door.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return "\n".join(_section(name, door, *places[name]) for name in names(door))


def _section(name: str, door: Path, defined: str, node: ast.ImportFrom) -> str:
    if name != defined:
        return f"### `{name}`\n\nAn earlier name of `{defined}`.\n"
    return _find(name, _module(door, node)).section()


def names(door: Path) -> list[str]:
    """What a package exports."""
    for node in ast.parse(door.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            exported: list[str] = ast.literal_eval(node.value)
            return exported
    raise ValueError(f"{door} has no __all__")


def _module(door: Path, node: ast.ImportFrom) -> Path:
    start = door.parents[node.level - 1] if node.level else SRC
    return start.joinpath(*(node.module or "").split(".")).with_suffix(".py")


def _find(name: str, module: Path) -> Name:
    text = module.read_text("utf-8")
    for node in ast.parse(text).body:
        defined = isinstance(node, Defined) and node.name == name
        if defined or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name):
            return Name(name, text, node)
    raise ValueError(f"{module} does not define {name}")


def _class(node: ast.ClassDef, text: str) -> str:
    """The line of a class and its fields, each with its comment."""
    bases = ", ".join(map(ast.unparse, node.bases))
    lines = [f"class {node.name}({bases}):" if bases else f"class {node.name}:"]
    for part in node.body:
        if isinstance(part, ast.AnnAssign | ast.Assign) and "model_config" not in ast.unparse(part):
            first, last = part.lineno - 1, part.end_lineno or part.lineno
            lines += _comment_above(text, first) + text.splitlines()[first:last]
    made = [part for part in _methods(node) if part.name == "__init__"]
    lines += [f"    {line}" for part in made for line in _signature(part).splitlines()]
    return "\n".join(lines if len(lines) > 1 else [lines[0].rstrip(":")])


def _comment_above(text: str, line: int) -> list[str]:
    above = text.splitlines()[line - 1]
    return [above] if above.strip().startswith("#") else []


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [
        part
        for part in node.body
        if isinstance(part, ast.FunctionDef)
        and (not part.name.startswith("_") or part.name in PLAIN)
    ]


def _method(node: ast.FunctionDef) -> str:
    if node.name in PLAIN:
        return ""
    is_property = any("property" in ast.unparse(mark) for mark in node.decorator_list)
    written = node.name if is_property else _signature(node).removeprefix("def ")
    said = _docstring(node)
    return f"- `{' '.join(written.split())}`" + (f": {' '.join(said.split())}" if said else "")


def _signature(node: ast.FunctionDef) -> str:
    arguments = ast.unparse(node.args).replace("self, ", "").replace("self", "")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"def {node.name}({arguments}){returns}".replace('"', "").replace("'", "")
    return line.replace(" -> None", "") if node.name == "__init__" else line


def _docstring(node: Defined) -> str:
    return inspect.cleandoc(ast.get_docstring(node) or "")
