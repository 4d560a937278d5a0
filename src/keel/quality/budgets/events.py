"""How many events were good and bad on each day: from monitoring's file, or a CSV."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from os.path import normpath
from typing import Annotated, Self

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.records.documents import text, typed
from keel.quality.records.history import Folder

INDICATORS = "reports/indicators.jsonl"
Name = Annotated[str, MinLen(1)]
Count = Annotated[float, Ge(0), Le(1e15)]  # so that a sum of days is a number


class Source(Section):
    """Where the events of an objective stand: one of these."""

    indicator: Name | None = None
    csv: Name | None = None  # a file with the columns day, good and bad

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.indicator is None) == (self.csv is None):
            raise ValueError("write one of indicator and csv")
        return self

    @property
    def file(self) -> str:
        """The same name that Git has for it, however it is written."""
        return normpath(self.csv) if self.csv else INDICATORS


@dataclass(frozen=True)
class Day:
    """The events of a day, and why some of them were bad."""

    good: float
    bad: float
    why: str = ""


@dataclass(frozen=True)
class Events:
    """The days that had any, and what could not be counted."""

    days: Mapping[date, Day] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class _Line(BaseModel):
    """A line of a file; what else stands there is no matter."""

    model_config = ConfigDict(allow_inf_nan=False)

    day: date
    good: Count
    bad: Count
    indicator: str = ""
    why: str = ""


def read(root: Folder, source: Source) -> Events:
    """The events of a source. Raises UserError if its file is missing or broken."""
    if source.csv:
        return table(text(root, source.csv), source.csv)
    if not (root / INDICATORS).is_file():
        return Events(notes=[f"there is no {INDICATORS}: `uv run keel monitor` writes it"])
    return lines(text(root, INDICATORS).splitlines(), str(source.indicator))


def lines(written: Iterable[str], indicator: str) -> Events:
    """One indicator's lines of monitoring's file. The last one of a day counts: it knew most."""
    days, broken = {}, 0
    for fact in written:
        if indicator not in fact:
            continue  # most are of others
        try:
            line = _Line.model_validate_json(fact)
        except ValidationError:
            broken += 1
            continue
        if line.indicator == indicator:
            days[line.day] = Day(line.good, line.bad, line.why)
    wrong = f"not counted: broken lines in {INDICATORS}: {broken}"
    return Events(days, [wrong] if broken else [])


def table(written: str, name: str) -> Events:
    """A CSV with the columns day, good and bad. Raises UserError that names the line."""
    rows = csv.DictReader(written.splitlines())
    missing = {"day", "good", "bad"} - set(rows.fieldnames or [])
    if missing:
        raise UserError(
            f"{name}:1: the column {min(missing)} is missing: write it in the first line"
        )
    days: dict[date, Day] = {}
    for row in rows:
        place = f"{name}:{rows.line_num}"
        line = typed({key: row[key] for key in ("day", "good", "bad")}, place, _Line)
        if line.day in days:
            raise UserError(f"{place}: {line.day} comes twice: add up what belongs together")
        days[line.day] = Day(line.good, line.bad)
    return Events(days)
