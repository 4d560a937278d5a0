"""How the rows of a text file are written: what separates values, and what the header says."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from keel.project.errors import UserError
from keel.start.plan import Source
from keel.start.reading.files import text

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
CHECKED = 8 << 20  # so many characters are looked at value by value; Polars reads the others
SHOWN = 1_000  # so many rows show how they are written
MOST = 1_000  # columns
Row = tuple[int, list[str]]  # its values, and the line where it ends
RETURN = "\ue000"  # a letter that no language has
NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class Dialect:
    """What separates values, the names in the header, and whether blanks stand around values."""

    separator: str
    names: tuple[str, ...]
    blanks: bool


def dialect(file: Path, encoding: str) -> Dialect:
    """How the file is written. Raises UserError if its rows are no table."""
    beginning = _beginning(file, encoding)
    lines = beginning.lstrip("\r\n").split("\n")
    if len(lines) == 1 and beginning.count("\r") > 1:
        raise UserError(f"save {file} with today's line ends: its lines end as on old Macs")
    if lines[0].lower().startswith("sep="):
        raise UserError(f"delete the first line of {file}: {lines[0].strip()!r} is for Excel only")
    separator = _separator(file, lines[:200])
    # Polars takes a carriage return by itself for a part of a value, `csv` for the end of a row.
    marked = re.sub(r"\r(?![\r\n])", RETURN, beginning)
    rows = _numbered(io.StringIO(marked, newline=""), separator)
    (_, header), *first = itertools.islice(rows, SHOWN)
    blanks = _has_blanks(first)
    _check_widths(file, len(header), itertools.chain(first, rows), separator)
    names = [(name.strip() if blanks else name).replace(RETURN, "\r") for name in header]
    _check_header(file, names, first)
    return Dialect(separator, tuple(names), blanks)


def _beginning(file: Path, encoding: str) -> str:
    """Whole lines from the start of the file."""
    with text(file, encoding) as reader:
        beginning = reader.read(CHECKED)
    whole = len(beginning) < CHECKED
    return beginning if whole else beginning[: beginning.rfind("\n") + 1]


def _numbered(written: Iterable[str], separator: str) -> Iterator[Row]:
    """Each row that is not blank, with the line where it ends."""
    reader = csv.reader(written, delimiter=separator)
    return ((reader.line_num, row) for row in reader if row)


def _separator(file: Path, lines: Sequence[str]) -> str:
    """The one that gives most rows the width of the widest agreement."""
    sample = "\n".join(lines)
    agreement = {}
    for separator in SEPARATORS:
        rows = _numbered(io.StringIO(sample, newline=""), separator)
        widths = Counter(len(row) for _, row in rows)
        width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]))
        agreement[separator] = (width > 1, count / widths.total(), width)
    best = max(agreement, key=lambda separator: agreement[separator])
    if agreement[best][2] < 2:
        tried = ", ".join(SEPARATORS.values())
        raise UserError(
            f"separate the columns of {file} by commas: it has one column, "
            f"{lines[0].strip()[:60]!r} (tried {tried})"
        )
    return best


def _has_blanks(rows: Sequence[Row]) -> bool:
    return any(value != value.strip() and value.strip() for _, row in rows for value in row)


def _check_widths(file: Path, width: int, rows: Iterable[Row], separator: str) -> None:
    for line, row in rows:
        if len(row) != width:
            first = separator.join(row)[:60]
            raise UserError(
                f'fix line {line:,} of {file}: it has {len(row):,} values ("{first}"), and the '
                f"header has {width:,}. Text with a {SEPARATORS[separator]} in it "
                "needs quotes; lines above the header have to go"
            )


def check_all_widths(source: Source, width: int) -> None:
    """Raise UserError if a row of the files has another number of values, wherever it is."""
    for file in source.files:
        with text(file, source.encoding) as lines:
            _check_widths(file, width, _numbered(lines, source.separator), source.separator)


def _check_header(file: Path, names: Sequence[str], rows: Sequence[Row]) -> None:
    if names[0] and len(names) > 2 and sum(map(bool, names)) <= len(names) / 2:
        full = (f": line {line} may be it" for line, row in rows[:20] if all(row))
        raise UserError(
            f"delete what stands above the header of {file}{next(full, '')}. The first line is "
            f"{', '.join(filter(None, names))[:60]!r}, and {names.count('')} columns have no name"
        )
    numbers = [name for name in names if NUMBER.fullmatch(name)]
    years = all(re.fullmatch(r"(1[89]|20)\d\d", name) for name in numbers)
    if numbers and (not years or len(numbers) == len(names)):
        raise UserError(
            f"write the columns' names in the first line of {file}: it has none, its first line is "
            f"{', '.join(names)[:60]!r}"
        )
    check_names(file, names)
    if not rows:
        raise UserError(f"{file} has no rows below its header: copy it here again, or name another")


def check_names(file: Path, names: Sequence[str]) -> None:
    """Raise UserError if there are too many names, or two are the same."""
    if len(names) > MOST:
        raise UserError(
            f"leave out columns of {file} that can't matter: it has {len(names):,}, and {MOST:,} "
            "are the most that a schema can be written for"
        )
    patterns = [name for name in names if name == "*" or re.fullmatch(r"\^.*\$", name)]
    if patterns:
        raise UserError(
            f"give {patterns[0]!r} of {file} another name: Polars takes it as a pattern"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        at = [str(place) for place, name in enumerate(names, 1) if name == twice[0]]
        raise UserError(
            f"give one of the columns {' and '.join(at[:3])} of {file} another name: "
            f"{f'both are called {twice[0]!r}' if twice[0] else 'they have none'}"
        )
