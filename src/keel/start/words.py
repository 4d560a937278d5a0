"""Words by which people write nothing, yes and no, and by which they name columns."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def _listed(lists: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {name: frozenset(" ".join(text.split()).split(", ")) for name, text in lists.items()}


WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
NULLS, NULLS_AMONG_VALUES = tuple(WORDS["null"]), tuple(WORDS["null_among_values"])
UNKNOWN = frozenset(NULLS_AMONG_VALUES) - set(WORDS["values_too"])
UNITS = frozenset(WORDS["units"])
YES_AND_NO: list[tuple[str, str]] = [(yes, no) for yes, no in WORDS["yes_and_no"]]
NAMES, PERSONAL, SENSITIVE = (_listed(WORDS[part]) for part in ("names", "personal", "sensitive"))


def parts(name: str) -> list[str]:
    """The words of a column's name, in lower case: customerID and customer_id are the same."""
    apart = re.sub(r"(?<=[a-zß-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word for word in re.split(r"[\W_]+", apart.casefold()) if word]


def says(name: str, words: frozenset[str]) -> bool:
    """Whether the name contains one of these words, or two of them one after the other."""
    own = parts(name)
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(own)]
    return not words.isdisjoint([*own, *pairs, "".join(own)])


def meaning_of_yes(values: set[str]) -> str | None:
    """Which of two values, in lower case, means yes; None if they are no yes and no."""
    return next((pair[0] for pair in YES_AND_NO if set(pair) == values), None)
