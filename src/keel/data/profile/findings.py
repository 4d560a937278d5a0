"""What is asked about a table: the question first, then what was seen, and the cure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# What may have happened → what is asked of a column of a table, and what to do if it is so.
ASKED = {
    "unit": ("Has the unit of {of} changed?", "convert it in the source or in `build`"),
    "text": ("Are the values of {of} written in another way?", "write all in one way in `build`"),
    "stuck": ("Is {of} stuck?", "fix the source, or make it null there"),
    "unknown": ("Is {of} still delivered?", "fix the source, or do without it"),
    "filled": ("Are missing values of {of} filled in?", "make them null in the source"),
    "emptied": ("Are values of {of} lost?", "fix the source"),
    "end": ("Is {of} cut off, or does a value stand for unknown?", "make that null in the source"),
    "share": ("Does {of} mean something else now?", "tell both apart in `build`"),
    "swapped": ("Are values of {of} swapped?", "swap them back in the source or in `build`"),
    "renamed": ("Has a value of {of} a new name?", "give both one name in `build`"),
    "silent": ("Are rows of {table} missing?", "get them from the source"),
    "gap": ("Is a part of {table} missing?", "get it from the source"),
    "fewer": ("Are rows of {table} missing, or duplicated?", "fix the source"),
    "end of table": ("Is the end of {table} missing?", "get it from the source"),
    "beginning": ("Is the beginning of {table} missing?", "get it from the source"),
    "aside": ("Are rows of {table} broken for a while?", "fix the source, or that rule"),
    "by outcome": ("Does a rule on {of} choose rows by their outcome?", "allow these values"),
    "outcomes": ("Do the rows of {table} that are set aside end otherwise?", "fix that rule"),
    "zone": ("Are the times of {of} local, and called UTC?", "give their zone in tables.py"),
    "clock": ("Have the times of {of} another zone than before?", "make all of them UTC"),
}


@dataclass(frozen=True)
class Finding:
    """What is to be asked about a table or one of its columns."""

    name: str  # of the verdict, and of a waiver
    sentence: str


def ask(kind: str, table: str, column: str, seen: str) -> Finding:
    """A finding on a column, in one sentence."""
    question, cure = ASKED[kind]
    name, asked = f"data.{table}.{column}", question.format(of=f"{table}.{column}", table=table)
    return Finding(name, f"{asked} {seen}; if so {cure}; if it is right, waive {name}")


def number(value: object) -> str:
    """A value as a person writes it."""
    if isinstance(value, float):
        return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"
    return "unknown" if value is None else str(value)


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    shown = [*names[:3], *([f"{len(names) - 3} more"] if len(names) > 3 else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def since(first: date, until: date | None) -> str:
    """From which day on, or between which days."""
    return f"Since {first}" if until is None else f"From {first} to {until}"
