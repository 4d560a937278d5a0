"""Starts a record of a decision: `uv run keel decide TITLE`, with the next number."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from keel.data.store import replace
from keel.project.errors import UserError
from keel.quality.records.decisions import FILE, FOLDER
from keel.quality.records.documents import months_later, slug
from keel.quality.records.settings import load

RECORD = """\
---
status: proposed # then accepted, rejected, deprecated, or superseded by NNNN
date: {day}
review: {review}
serves: [{serves}] # names from docs/quality/attributes.yaml
{supersedes}---

# {number}. {title}

## Context and problem statement

<!-- What makes us decide, in two or three sentences. -->

## Considered options

<!-- Two at least, a line each: * … -->

## Decision outcome

<!-- Which option, and because of what. -->

### Consequences

<!-- * What gets better, and what gets worse. -->
"""


def main(root: Path, arguments: list[str]) -> int:
    """Write the record, and say where it is."""
    asked = _parser().parse_args(arguments)
    title = " ".join(" ".join(asked.title).split())
    if not title:
        raise UserError("a decision needs a title, such as: uv run keel decide Train each month")
    today = datetime.now(UTC).date()
    months = load(root).decisions.review_months
    file = start(root, title, today, months, asked.serves, asked.supersedes)
    print(f"Started {file.relative_to(root)}: fill it in, and make it `accepted` when it is.")
    if asked.supersedes is not None:
        said = f"superseded by {file.name[:4]}"
        print(f"Then record {asked.supersedes:04} gets the status `{said}`.")
    return 0


def start(
    root: Path, title: str, today: date, months: int, serves: list[str], supersedes: int | None
) -> Path:
    """Write a record with the next number; returns its file."""
    names = [path.name for path in (root / FOLDER).glob("*.md")]
    numbers = {int(name[:4]) for name in names if FILE.fullmatch(name)}
    number = max(numbers, default=0) + 1
    if supersedes is not None and supersedes not in numbers:
        raise UserError(f"{FOLDER} has no record {supersedes:04}: it has {sorted(numbers)}")
    content = RECORD.format(
        number=number,
        title=title,
        day=today,
        review=months_later(today, months),
        serves=", ".join(serves),
        supersedes="" if supersedes is None else f"supersedes: [{supersedes}]\n",
    )
    file = root / FOLDER / f"{number:04}-{slug(title)}.md"
    replace(file, lambda beside: beside.write_text(content, encoding="utf-8", newline="\n"))
    return file


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="poe decide", description=__doc__)
    parser.add_argument("title", nargs="+", help="what is decided, in a few words")
    parser.add_argument(
        "--serves", nargs="*", default=[], metavar="ATTRIBUTE", help="quality attributes it is for"
    )
    parser.add_argument(
        "--supersedes", type=int, metavar="NUMBER", help="the record that it replaces"
    )
    return parser
