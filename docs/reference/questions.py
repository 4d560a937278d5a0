"""A section for each question that `copier copy` asks."""

import re
from typing import Any

import yaml

from .rendered import projects
from .rendered import questions as asked


def sections() -> str:
    """Question, default, choices, and when it is asked."""
    answers = defaults()
    return "\n".join(_section(name, question, answers[name]) for name, question in asked().items())


def defaults() -> dict[str, Any]:
    """The default of each question, also of those that are asked only after another answer."""
    found: dict[str, Any] = {}
    for _, folder in projects():
        found = yaml.safe_load((folder / ".copier-answers.yml").read_text("utf-8")) | found
    return found


def _section(name: str, question: dict[str, Any], default: Any) -> str:
    given = f"`{default}`{_source(question)}" if default else "none; that of the worked example"
    lines = [f"## `{name}`", "", question["help"], "", f"- Default: {given}"]
    if "choices" in question:
        lines.append("- Choices:")
        lines += [f"    - `{value}`: {text}" for text, value in question["choices"].items()]
    if "when" in question:
        lines.append(f"- Asked when: `{question['when'].strip('{} ')}`")
    return "\n".join([*lines, ""])


def _source(question: dict[str, Any]) -> str:
    """The questions whose answers a default is made from."""
    words = re.findall(r"\w+", " ".join(re.findall(r"{[{%](.*?)[%}]}", str(question["default"]))))
    names = [name for name in asked() if name in words]
    return f", made from `{'`, `'.join(names)}`" if names else ""
