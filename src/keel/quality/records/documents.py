"""Files that people write about quality: read and checked, with words that help to mend them."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_origin

import yaml
from annotated_types import MinLen
from pydantic import TypeAdapter, ValidationError

from keel.project.errors import UserError, reason

Content = TypeVar("Content")
Text = Annotated[str, MinLen(1)]
FENCE = "---"
UNHEARD = {  # what pydantic says in words of its own
    "missing": "is missing",
    "extra_forbidden": "is not known: take it out, or see whether it is misspelt",
}


class _Loader(yaml.SafeLoader):
    """YAML in which a name that comes twice is an error: the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 -- the library's signature
        names = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if names.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} comes twice", key.start_mark
                )
        return super().construct_mapping(node, deep)


def read(root: Path, name: str, kind: type[Content]) -> Content:
    """The content of a YAML file, by its type.

    Raises UserError that names the file, the line or the field, the value and the cure.
    """
    empty: Any = [] if get_origin(kind) is list else {}
    return typed(parsed(text(root, name), name) or empty, name, kind)


def report(root: Path, name: str, kind: type[Content], maker: str) -> Content:
    """The content of a JSON file that a machine wrote, by its type.

    Raises UserError that says what makes it anew.
    """
    try:
        return typed(json.loads((root / name).read_text(encoding="utf-8")), name, kind)
    except FileNotFoundError as error:
        raise UserError(f"there is no {name}: `{maker}` writes it") from error
    except (ValueError, UserError) as error:
        raise UserError(f"{name} can't be read ({reason(error)}): `{maker}` writes it") from error


def text(root: Path, name: str) -> str:
    """The text of a file. Raises UserError if it is missing or not text."""
    try:
        return (root / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{name} is missing: `git restore {name}`") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not text in UTF-8: save it as that") from error


def front_matter(content: str, name: str, kind: type[Content]) -> tuple[Content, str]:
    """What stands between two lines of `---` at the start, by its type, and the text below.

    Raises UserError as `read` does.
    """
    lines = content.splitlines()
    ends = [number for number, line in enumerate(lines) if line.rstrip() == FENCE][:2]
    if len(ends) < 2 or ends[0] != 0:
        raise UserError(f"{name}:1: it starts without front matter: a part between lines of ---")
    # An empty line stands for the first fence, so that lines are counted as in the file.
    head = "\n".join(["", *lines[1 : ends[1]]])
    return typed(parsed(head, name) or {}, name, kind), "\n".join(lines[ends[1] + 1 :])


def parsed(content: str, name: str) -> Any:
    """What YAML says. Raises UserError that names the line."""
    try:
        return yaml.load(content, _Loader)  # noqa: S506 -- a safe loader, with one more check
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(
            f"{name}:{line}: it is not YAML ({error.problem}): mend that line"
        ) from error
    except (yaml.YAMLError, ValueError, TypeError) as error:  # such as a date 2026-02-31
        raise UserError(f"{name} is not YAML ({error}): mend it") from error


def typed(content: Any, name: str, kind: type[Content]) -> Content:
    """It as its type. Raises UserError with a line for each field that is wrong."""
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "all of it"
            usual = f"is {problem['input']!r}: {problem['msg'].lower()}"
            lines.append(f"{name}: {field} {UNHEARD.get(problem['type'], usual)}")
        raise UserError("\n".join(lines)) from error


def listed(error: UserError) -> list[str]:
    """Each of the problems that an error names."""
    return str(error).splitlines()


def tolerated(part: Callable[[], Content], usual: Content) -> tuple[Content, list[str]]:
    """What `part` reads or, where that is wrong, what is usual and each of the problems."""
    try:
        return part(), []
    except UserError as error:
        return usual, listed(error)


def each_typed(
    contents: Mapping[Any, Any], place: str, kind: type[Content]
) -> tuple[dict[str, Content], list[str]]:
    """The contents that are right, as their type, and what is wrong with the others."""
    right: dict[str, Content] = {}
    wrong = []
    for name, content in contents.items():
        try:
            right[name] = typed(content, f"{place}{name}", kind)
        except UserError as error:
            wrong += listed(error)
    return right, wrong


def plural(number: int, word: str, many: str = "") -> str:
    """The number with its word: 1 entry, 2 entries."""
    return f"{number:,} {word if number == 1 else many or word + 's'}"


def months_later(day: date, months: int) -> date:
    """The same day some months later or, with a negative number, before; the 28th at most."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, min(day.day, 28))


def slug(title: str) -> str:
    """A title as the name of a file, on every machine; "untitled" if it has no letter of ASCII."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-") or "untitled"
