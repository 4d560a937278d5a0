"""Tables as people hand them in, written for a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from keel.start.looking.look import Survey
from keel.start.plan import Plan

ROWS = 60


def chance(seed: int) -> Random:
    """Chance that is the same on each run."""
    return Random(seed)  # noqa: S311 -- nothing is secret


def churn(**columns: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Sixty customers with an id, how long they stay and whether they left; and other columns."""
    return {
        "customer_id": list(range(101, 101 + ROWS)),
        "years": [row * 7 % 23 + 0.5 for row in range(ROWS)],
        "churned": chance(1).choices(["yes", "no", "no"], k=ROWS),
        **columns,
    }


def lines(columns: Mapping[str, Sequence[Any]], separator: str = ",") -> str:
    """The table as text: a header, and a line for each row."""
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def write(
    folder: Path,
    columns: Mapping[str, Sequence[Any]] | str,
    name: str = "customers.csv",
    *,
    separator: str = ",",
    encoding: str = "utf8",
) -> Path:
    """A file of these columns, or of this text."""
    text = columns if isinstance(columns, str) else lines(columns, separator)
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


def look(
    file: str | Path | Sequence[str | Path],
    *,
    target: str | None = None,
    name: str | None = None,
    zone: str | None = None,
    **answers: Any,
) -> Plan:
    """What a table is taken for, with these answers."""
    with TemporaryDirectory() as scratch:
        survey = Survey.of(file, Path(scratch), name=name)
        return survey.plan(target=target, zone=zone, **answers)
