"""What Python calls the columns and the table."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable

import dataframely as dy

from keel.start.words import WORDS, parts

LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
SIGNS = {"%": " percent ", "#": " number ", "€": " eur ", "$": " usd ", "°": " degree "}


def identifiers(names: Iterable[str]) -> list[str]:
    """For each name one that Python takes: unique, no keyword and not reserved.

    customerID is customer_id; class is class_; a name of other letters is its place, column_3.
    """
    taken: set[str] = set()
    chosen = []
    for place, name in enumerate(names, 1):
        wanted = identifier(name) or ("index" if not name.strip() else f"column_{place}")
        free, number = wanted, 2
        while free in taken:
            free, number = f"{wanted.rstrip('_')}_{number}", number + 1
        taken.add(free)
        chosen.append(free)
    return chosen


def identifier(name: str) -> str:
    """The name as Python takes it; "" if nothing is left of it."""
    for sign, word in SIGNS.items():
        name = name.replace(sign, word)
    words = "_".join(parts(name)).translate(LETTERS)
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    plain = re.sub(r"_+", "_", re.sub(r"\W", "_", plain)).strip("_")
    if plain[:1].isdigit():
        plain = f"column_{plain}"
    taken = keyword.iskeyword(plain) or plain in WORDS["reserved"] or hasattr(dy.Schema, plain)
    return f"{plain}_" if taken else plain
