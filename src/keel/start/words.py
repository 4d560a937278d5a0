"""Words by which people write nothing, yes and no, and by which they name columns."""

from __future__ import annotations

import itertools
import re

# In every table.
NULLS = (
    *(
        "",
        " ",
        "  ",
        "\u00a0",
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "<NA>",
        "#N/A N/A",
        "NaN",
        "nan",
        "-nan",
        "NaT",
    ),
    *("null", "NULL", "Null", "(null)", "#NULL!", "#DIV/0!", "#VALUE!"),
)
# Where they stand among numbers, dates, or yes and no; in text they may mean something.
NULLS_AMONG_VALUES = (
    *("-", "--", "---", "?", "??", ".", "..", "*", "_", "x", "None", "none", "NONE", "nil", "Nil"),
    *("n.a.", "N.A.", "n.d.", "na", "nd", "ND", "k.A.", "k. A.", "s/d", "missing", "Missing"),
    *("unknown", "Unknown", "UNKNOWN", "unbekannt", "inconnu", "not available", "undefined"),
)
YES_AND_NO = (  # what means yes stands first
    *(("yes", "no"), ("y", "n"), ("true", "false"), ("t", "f"), ("1", "0"), ("on", "off")),
    *(("ja", "nein"), ("j", "n"), ("ja", "nee"), ("ja", "nej"), ("oui", "non"), ("o", "n")),
    *(("sí", "no"), ("si", "no"), ("s", "n"), ("sim", "não"), ("sim", "nao"), ("tak", "nie")),
    *(("kyllä", "ei"), ("evet", "hayir"), ("ano", "ne"), ("1", "2"), ("1.0", "0.0")),
)


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
