"""What `keel start` takes a table for: what it found in each column, and what each is used for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class Type(StrEnum):
    """What a column's values are, as a person would say."""

    WHOLE = "whole number"
    NUMBER = "number"
    YES_NO = "yes or no"
    CATEGORY = "category"  # text with few values
    TEXT = "text"  # with many
    DATE = "date"
    MOMENT = "date and time"
    NOTHING = "nothing"  # all null


NAMED = "you named it"  # why a column is for something


class Use(StrEnum):
    """What a column is for."""

    TARGET = "target"
    KEY = "key"
    TIME = "time"
    GROUP = "group"
    FEATURE = "feature"
    SLICE = "slice only"  # sensitive: to judge by, not to predict from
    AFTERWARDS = "known afterwards"  # never a feature
    PERSONAL = "personal"  # never a feature, never logged
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Column:
    """A column of the table: what was found in it, and what it is taken for."""

    name: str  # as the table has it; "" is a column without a name, as pandas writes its index
    type: Type
    use: Use
    reason: str  # why it is taken for that, in a few words
    nulls: float = 0.0  # share
    values: tuple[Any, ...] = ()  # all of a category or of yes/no, the commonest first; few of text
    distinct: int = 0
    low: Any = None  # least and greatest value, of numbers, dates and moments
    high: Any = None
    typical: Any = None  # an ordinary value that is no person's: median, commonest
    true: Any = None  # of a target with two values: the one that means yes
    zone: str | None = None  # of moments: the zone they are written in, None if they name none
    unit: str = ""  # that the table writes beside numbers: € of "€ 1,104.50"
    # How a date or a moment is written, as `strptime` has it, if not ISO; or "epoch:s" and
    # "epoch:ms" for whole numbers that count from 1970. Of ids of one form how they are written by
    # their number, as "C{:05}".
    form: str | None = None
    # What Python calls it: an identifier that is unique, no keyword and not reserved by Keel or by
    # a dataframely schema.
    identifier: str = ""
    personal: bool = False  # also where it is the key or the group
    sensitive: bool = False  # religion, gender, ethnicity: beside the use, which may be the target


@dataclass(frozen=True)
class Caution:
    """What often ruins a project, with its figures."""

    column: str  # "" for the table
    sentence: str
    cure: str


@dataclass(frozen=True)
class Source:
    """Where the table is, and how it has to be read."""

    files: tuple[Path, ...]
    format: str  # "csv" or "parquet"
    separator: str = ","
    encoding: str = "utf8"
    decimal_comma: bool = False
    thousands: str = ""  # what separates thousands in numbers
    nulls: tuple[str, ...] = ("",)
    blanks: bool = False  # values and names have blanks around them, which are to be stripped


@dataclass(frozen=True)
class Plan:
    """What a project is made from."""

    table: str  # its name, a Python identifier: customers
    source: Source
    rows: int
    columns: tuple[Column, ...]
    task: str  # as `keel.project.task` calls it: "yes or no", "one of several", "a number"
    warnings: tuple[Caution, ...] = ()
    zone: str = "UTC"
    answers: Mapping[str, Any] = field(default_factory=dict)  # what a person was asked and said
    key: tuple[str, ...] = ()  # the names of columns that tell one row from all others, if any do

    def named(self, use: Use) -> list[Column]:
        """The columns that are for this."""
        return [column for column in self.columns if column.use == use]

    @property
    def target(self) -> Column:
        """The column that is predicted."""
        return self.named(Use.TARGET)[0]


@dataclass(frozen=True)
class Question:
    """What a table can't tell: asked of a person, or answered by the suggestion."""

    name: str  # of the argument of `Survey.plan` that takes the answer, such as target or key
    sentence: str
    choices: tuple[Any, ...]  # "" is none of them, where that is possible
    suggestion: Any  # the one to take with `--yes`; None if there is none


def short(value: Any) -> str:
    """A number, a date or a moment as a person is shown it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
