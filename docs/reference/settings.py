"""The settings of a project: values and comments from `conf/`, types and ranges from the code."""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from .rendered import TEMPLATE, project

KEEL = TEMPLATE / "src/keel"

WORDS = {
    "bool": "true or false",
    "int": "whole number",
    "float": "number",
    "str": "text",
    "date": "date",
}
RULES = {
    "Gt": "> {}",
    "Ge": "≥ {}",
    "Lt": "< {}",
    "Le": "≤ {}",
    "MinLen": "not empty",
    "MaxLen": "{} characters at most",
}


@dataclass(frozen=True)
class Code:
    """The text of modules, and the classes and names that they define."""

    text: str
    names: dict[str, ast.expr | ast.ClassDef]

    def fields(self, section: str) -> list[tuple[str, ast.expr, object]]:
        """The settings that a class has, with their types and usual values."""
        return [
            (field.target.id, field.annotation, _usual(field.value))
            for field in ast.iter_child_nodes(self.names[section])
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        ]

    def docstring(self, section: str) -> str:
        found = self.names[section]
        return (isinstance(found, ast.ClassDef) and ast.get_docstring(found)) or ""


def tables() -> str:
    """A table for each part of the settings, then one for each model."""
    conf, package = project() / "conf", next(project().glob("src/*"))
    config = yaml.safe_load((conf / "config.yaml").read_text("utf-8"))
    groups = {
        name: f"{name}/{file}.yaml"
        for entry in config["defaults"]
        if isinstance(entry, dict)
        for name, file in entry.items()
    }
    code = _read(KEEL / "project/settings.py")
    parts = [
        _table(name, conf / groups.get(name, "config.yaml"), ast.unparse(kind), code)
        for name, kind, _ in code.fields("Settings")
        if name in config or name in groups
        if ast.unparse(kind) != "Choice"  # a model: its settings follow
    ]
    models = [
        _model(file, package / f"models/{file.stem}.py")
        for file in sorted((conf / "model").glob("*.yaml"))
    ]
    return "\n".join(parts + models)


def _model(values: Path, module: Path) -> str:
    """A model of the project's own, or Keel's linear one."""
    title = f"model={values.stem}"
    if module.is_file():
        return _table(title, values, "Settings", _read(module))
    return _table(title, values, "Linear", _read(KEEL / "model/linear.py"))


def _table(title: str, file: Path, section: str, code: Code) -> str:
    text = file.read_text("utf-8")
    content = yaml.safe_load(text)
    values = content.get(title, content)
    rows = "".join(
        f"| `{name}` | `{_shown(values.get(name, usual))}` | {_words(kind, code)} "
        f"| {_comment(name, text) or _comment(name, code.text)} |\n"
        for name, kind, usual in code.fields(section)
    )
    place = file.relative_to(project()).as_posix()
    head = f"## `{title}`\n\n{code.docstring(section)}\n\nStands in `{place}`.\n\n"
    return f"{head}| setting | default | allowed | meaning |\n|---|---|---|---|\n{rows}"


def _read(module: Path) -> Code:
    text = module.read_text("utf-8")
    names: dict[str, ast.expr | ast.ClassDef] = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.ClassDef):
            names[statement.name] = statement
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            names[statement.targets[0].id] = statement.value
    return Code(text, names)


def _words(kind: ast.expr, code: Code) -> str:
    """A type such as `Annotated[int, Gt(0)]` for people: "whole number, > 0"."""
    name = ast.unparse(kind)
    alias = code.names.get(name)
    if isinstance(alias, ast.expr):
        return _words(alias, code)
    if isinstance(kind, ast.BinOp):  # such as `float | None`
        return f"{_words(kind.left, code)}; null switches it off"
    if not isinstance(kind, ast.Subscript):
        return WORDS.get(name, name)
    inner = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
    return _of(ast.unparse(kind.value), inner, code)


def _of(outer: str, inner: list[ast.expr], code: Code) -> str:
    """A type that is made of others."""
    match outer:
        case "Annotated":
            return ", ".join([_words(inner[0], code), *map(_rule, inner[1:])])
        case "dict":
            return f"names, each with a {_words(inner[1], code)}"
        case "list":
            return f"list of {_words(inner[0], code)}"
        case _:  # one of a few words
            return " or ".join(f"`{ast.literal_eval(word)}`" for word in inner)


def _rule(rule: ast.expr) -> str:
    name, _, limit = ast.unparse(rule).rstrip(")").partition("(")
    return RULES[name].format(limit).replace("1 characters", "one character")


def _usual(value: ast.expr | None) -> object:
    """What a setting is where `conf/` does not name it; None where it has to, or it is nothing."""
    try:
        return ast.literal_eval(value) if value else None
    except ValueError:
        return None


def _shown(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _comment(name: str, text: str) -> str:
    """What a comment says of a name, behind it or in the lines above."""
    found = re.search(rf"((?:^ *# .*\n)*)^ *{name}:.*?(?: # (.*))?$", text, re.MULTILINE)
    above, behind = found.groups() if found else ("", "")
    return behind or " ".join(line.strip(" #") for line in above.splitlines())
