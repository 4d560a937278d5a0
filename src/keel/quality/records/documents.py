"""Files that people write about quality: read and checked, with words that help to fix them."""

import csv
import json
import re
import unicodedata
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from annotated_types import MinLen
from pydantic import AfterValidator, TypeAdapter, ValidationError, ValidationInfo

from keel.project.errors import UserError, reason
from keel.quality.records.history import Folder

Content = TypeVar("Content")
Text = Annotated[str, MinLen(1)]
FENCE = "---"
PEOPLE = "docs/quality/people.yaml"
Moment = TypeVar("Moment", date, datetime)
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


def past(moment: Moment, info: ValidationInfo) -> Moment:
    """A moment that is not after the latest one that the reader of its file gave, if any."""
    latest = (info.context or {}).get("latest")
    if isinstance(latest, datetime) and not isinstance(moment, datetime):
        latest = latest.date()
    if latest and moment > latest:
        raise ValueError("that is still to come, so correct it")
    return moment


Past = Annotated[date, AfterValidator(past)]


def in_order(**moments: date | None) -> None:
    """Raise ValueError if one of the moments that are known is before one that is named first."""
    known = [(name, moment) for name, moment in moments.items() if moment]
    for (first, before), (second, after) in pairwise(known):
        if after < before:
            raise ValueError(f"{second} is {after}, before {first}, {before}: fix one of them")


def read(root: Folder, name: str, kind: type[Content], latest: date | None = None) -> Content:
    """The content of a YAML file, or of the front matter of a page, by its type.

    Raises UserError that names the file, the line or the field, the value and the cure.
    """
    written = text(root, name)
    head = front_matter(written, name)[0] if name.endswith(".md") else written
    return typed(parsed(head, name) or {}, name, kind, latest)


def text(root: Folder, name: str) -> str:
    """The text of a file. Raises UserError if it is missing or not text."""
    try:
        return (root / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{name} is missing: `git restore {name}`") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not text in UTF-8: save it as that") from error
    except OSError as error:
        raise UserError(f"{name} can't be read: {reason(error)}") from error


def front_matter(content: str, name: str) -> tuple[str, str]:
    """What stands between two lines of `---` at the start, and the text below.

    Raises UserError if there are none.
    """
    lines = content.splitlines()
    ends = [number for number, line in enumerate(lines) if line.rstrip() == FENCE][:2]
    if len(ends) < 2 or ends[0] != 0:
        raise UserError(f"{name}:1: it starts without front matter: a part between lines of ---")
    # An empty line stands for the first fence, so that lines are counted as in the file.
    return "\n".join(["", *lines[1 : ends[1]]]), "\n".join(lines[ends[1] + 1 :])


def parsed(content: str, name: str) -> Any:
    """What YAML says. Raises UserError that names the line."""
    try:
        return yaml.load(content, _Loader)  # noqa: S506 -- a safe loader, with one more check
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(
            f"{name}:{line}: it is not YAML ({error.problem}): fix that line"
        ) from error
    except (yaml.YAMLError, ValueError, TypeError) as error:  # such as a date 2026-02-31
        raise UserError(f"{name} is not YAML ({error}): fix it") from error


def typed(content: Any, name: str, kind: type[Content], latest: date | None = None) -> Content:
    """It as its type. Raises UserError with a line for each field that is wrong."""
    try:
        return TypeAdapter(kind).validate_python(content, context={"latest": latest})
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"] if part != "[key]")
            value, message = problem["input"], problem["msg"].removeprefix("Value error, ")
            shown = str(value) if isinstance(value, date) else repr(value)
            usual = message if isinstance(value, dict) else f"is {shown}: {message.lower()}"
            place = f"{name}: {field}" if field else f"{name}:"
            lines.append(f"{place} {UNHEARD.get(problem['type'], usual)}")
        raise UserError("\n".join(lines)) from error


class Files:
    """Reads files; `wrong` has what is wrong with one, which keeps no other from being read."""

    def __init__(self, root: Folder, latest: date | None = None) -> None:
        self.root, self.latest = root, latest
        self.wrong: dict[str, str] = {}

    @property
    def problems(self) -> list[str]:
        """All that is wrong, a line each."""
        return [line for why in self.wrong.values() for line in why.splitlines()]

    def read(self, name: str, kind: type[Content]) -> Content | None:
        """A file that people wrote, by its type; None where it is missing or wrong."""
        try:
            return read(self.root, name, kind, self.latest)
        except UserError as error:
            self.wrong[name] = str(error)
        return None

    def entries(self, name: str, kind: type[Content]) -> dict[str, Content]:
        """The entries of a file that are right, as their type."""
        right: dict[str, Content] = {}
        wrong = []
        for key, content in (self.read(name, dict[str, Any]) or {}).items():
            try:
                right[key] = typed(content, f"{name}: {key}", kind, self.latest)
            except UserError as error:
                wrong.append(str(error))
        if wrong:
            self.wrong[name] = "\n".join(wrong)
        return right

    def report(self, name: str, kind: type[Content], maker: str) -> Content | None:
        """What the verb `maker` wrote, in JSON, YAML or CSV; None, too, where there is none yet."""
        if not (self.root / name).is_file():
            return None
        try:
            match text(self.root, name), Path(name).suffix:
                case written, ".csv":
                    content = list(csv.DictReader(written.splitlines()))
                case written, ".json":
                    content = json.loads(written)
                case written, _:
                    content = parsed(written, name)
            return typed(content, name, kind)
        except (UserError, csv.Error, json.JSONDecodeError) as error:
            why = str(error).partition("\n")[0]
            self.wrong[name] = f"{name} can't be read ({why}): `{maker}` writes it"
        return None


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
