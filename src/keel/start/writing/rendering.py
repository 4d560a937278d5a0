"""The files of a project from the templates: whole ones, and passages of others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

from keel.show.pages import environment
from keel.start.plan import Caution
from keel.start.writing.code import Coded, listed

TEMPLATES = Path(__file__).with_name("templates")
CARDS = ("docs/model-card.md", "docs/data-sheet.md")  # a run fills in these: they are templates too
SIGNS = {"[[ ": "{{ ", " ]]": " }}", "[% ": "{% ", " %]": " %}"}
RECORD = "docs/decisions/0001-split-by-{by}.md"

# What the worked example has of these, and the project shall not have any more.
EXAMPLES_OWN = (
    "docs/decisions/0001-predict-two-hours-before-departure.md",
    "docs/decisions/0002-split-by-time.md",
    "tests/unit/test_examples.py",  # until 0.5
)


@dataclass(frozen=True)
class Passage:
    """A text that stands in a file, or a section below its heading, and what takes its place."""

    file: str
    old: str
    section: bool
    new: str

    def place_in(self, text: str) -> str | None:
        """The text with the passage in place; None if it has not what is to be replaced."""
        if not self.section:
            return text.replace(self.old, self.new, 1) if self.old in text else None
        pattern = rf"^{re.escape(self.old)}\n.*?(?=^## |\Z)"
        if not re.search(pattern, text, re.MULTILINE | re.DOTALL):
            return None
        changed = re.sub(pattern, lambda _: self.new, text, count=1, flags=re.MULTILINE | re.DOTALL)
        return changed.rstrip("\n") + "\n"


def whole(context: Mapping[str, Any]) -> dict[str, str]:
    """The files that are all about the table, by their place."""
    files = {}
    for template in sorted(TEMPLATES.rglob("*.jinja")):
        name = template.relative_to(TEMPLATES).as_posix().removesuffix(".jinja")
        if name == "passages.yaml":
            continue
        text = _environment().get_template(f"{name}.jinja").render(**context)
        if name in CARDS:
            for sign, braces in SIGNS.items():
                text = text.replace(sign, braces)
        files[_place(name, context)] = _tidy(text)
    return files


def passages(context: Mapping[str, Any]) -> Iterator[Passage]:
    """What is to be replaced in the files that are mostly not about the table."""
    content = _environment().get_template("passages.yaml.jinja").render(**context)
    for entry in yaml.safe_load(content):
        heading = entry.get("section")
        new = entry["new"]
        if heading:
            new = f"{entry.get('title', heading)}\n\n{new.rstrip()}\n\n"
        yield Passage(entry["file"], heading or entry["old"], bool(heading), new)


def _place(name: str, context: Mapping[str, Any]) -> str:
    if name == "docs/decisions/0001.md":
        return RECORD.format(by=context["split"].by)
    folder, _, file = name.partition("/")
    return f"src/{context['package']}/{file}" if folder == "src" else name


def _tidy(text: str) -> str:
    """Without the blank lines that conditions leave; no more than two, as code has them."""
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n") + "\n"


@cache
def _environment() -> jinja2.Environment:
    made = environment(TEMPLATES)
    made.filters |= {
        "listed": listed,
        "are": _are,
        "code": repr,
        "yaml": _yaml,
        "sentence": _sentence,
    }
    return made


def _are(columns: Sequence[Coded]) -> str:
    """Columns as the beginning of a sentence: age is, name and email are."""
    return f"{listed([column.name for column in columns])} {'are' if columns[1:] else 'is'}"


def _yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _sentence(warning: Caution) -> str:
    """A warning as a line of a card, which is a template: braces would be of that."""
    subject = f"`{warning.column}`: " if warning.column else ""
    text = (subject + warning.sentence).replace("{", "(").replace("}", ")")
    return f"{text.rstrip('.')}."
