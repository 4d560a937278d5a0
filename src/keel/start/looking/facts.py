"""What is in each column: its type, its range, how much is missing, how many values differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from keel.start.looking.kinds import Kind
from keel.start.looking.personal import personal
from keel.start.plan import Type
from keel.start.reading.numerals import Numerals
from keel.start.reading.read import Table

LOOKED_AT = 5_000  # values, for persons
RARE = 20  # times as many rows have the right spelling of a typo
SHORTEST = 6  # letters of a word with a typo
TOLERATED = 0.01  # share of the rows that may be set aside, as the settings have it


@dataclass(frozen=True)
class Facts:
    """What was counted in a column, in all rows."""

    name: str
    kind: Kind
    rows: int
    nulls: int = 0
    odd: int = 0  # values that are not of the type
    odd_values: tuple[tuple[int, str], ...] = ()  # some of them, with their rows
    infinite: int = 0
    not_numbers: int = 0  # NaN, of typed files
    distinct: int = 0
    low: Any = None
    high: Any = None
    counts: Mapping[Any, int] = field(default_factory=dict)  # of few values, the commonest first

    @property
    def type(self) -> Type:
        """What the values are."""
        return self.kind.type

    @property
    def problem(self) -> str:
        """What is odd in how it is written, with rows."""
        rows = ", ".join(f"row {row:,} has {value!r}" for row, value in self.odd_values[:3])
        return f"{self.kind.problem}: {rows}" if self.kind.forms else self.kind.problem

    @property
    def unusable(self) -> int:
        """Rows that would be set aside because of the column."""
        return self.odd + self.infinite + self.not_numbers

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.nulls - self.odd

    @property
    def range(self) -> str:
        """The least and the greatest value, in short."""
        low, high = (f"{x:.4g}" if isinstance(x, float) else str(x) for x in (self.low, self.high))
        return f"{low} to {high}"

    @property
    def spellings(self) -> list[list[Any]]:
        """Values that differ by their case and blanks, or by a letter that a few rows lack."""
        folded: dict[str, list[Any]] = {}
        for value in self.counts:
            folded.setdefault(" ".join(str(value).casefold().split()), []).append(value)
        rows = {word: sum(self.counts[value] for value in same) for word, same in folded.items()}
        for word in list(folded):
            for typo in _lacking_one(word):
                if RARE * rows.get(typo, rows[word]) < rows[word] and typo in folded:
                    folded[word] += folded.pop(typo)
        return [values for values in folded.values() if len(values) > 1]

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value of its own."""
        return self.distinct == self.rows and not self.nulls


def _lacking_one(word: str) -> set[str]:
    """The word without each of its letters; nothing of a short one, and of one with digits."""
    if len(word) < SHORTEST or any(letter.isdigit() for letter in word):
        return set()
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


@dataclass(frozen=True)
class Counted:
    """A table with what was counted in its columns."""

    table: Table
    facts: Mapping[str, Facts]
    sample: pl.DataFrame  # values of their types, evenly spread
    numerals: Numerals
    named_personal: tuple[str, ...] = ()  # by a person

    @cached_property
    def copies(self) -> Mapping[str, str]:
        """The columns that are the same as one before them, with that."""
        seen: dict[object, str] = {}
        copies = {}
        for name, facts in self.facts.items():
            values = self.sample[name]
            if facts.distinct < 2 or values.dtype.is_nested():
                continue
            same = (values.dtype, facts.distinct, facts.nulls, values.hash().sum())
            other = seen.setdefault(same, name)
            if other != name and values.equals(self.sample[other], null_equal=True):
                copies[name] = other
        return copies

    @cached_property
    def personal(self) -> Mapping[str, str]:
        """The columns that say who somebody is, with the reason."""
        found = {
            name: personal(name, facts.type, self.sample[name].drop_nulls().head(LOOKED_AT))
            for name, facts in self.facts.items()
        }
        said = dict.fromkeys(self.named_personal, "was named as personal")
        return {name: reason for name, reason in found.items() if reason} | said

    def is_counter(self, name: str) -> bool:
        """Whether the column counts the rows, one by one."""
        facts = self.facts[name]
        if facts.type != Type.WHOLE or facts.low not in (0, 1):
            return False
        return facts.is_unique and int(facts.high) - int(facts.low) + 1 == facts.rows
