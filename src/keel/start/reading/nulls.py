"""Which words mean that there is no value."""

from __future__ import annotations

import itertools

import polars as pl

from keel.start.reading.numerals import amounts
from keel.start.words import NULLS, NULLS_AMONG_VALUES, YES_AND_NO

AMONG = 0.5  # of the values, that have to be numbers or dates for - to mean nothing
VALUE = r"^[+-]?[\d.,'  :/-]*\d[\d.,'  :/-]*(e[+-]?\d+)?%?$"


def null_words(sample: pl.DataFrame) -> list[str]:
    """The words that mean nothing in this table, of those that people use."""
    used = {""}
    for name in sample.columns:
        different = sample[name].drop_nulls().unique()
        used |= set(different.filter(different.is_in(list(NULLS))).to_list()) - _codes(different)
        words = different.filter(different.is_in(list(NULLS_AMONG_VALUES)))
        if len(words) and _among_values(sample[name].drop_nulls(), words.to_list()):
            used |= set(words.to_list())
    return [word for word in (*NULLS, *NULLS_AMONG_VALUES) if word in used]


def _codes(different: pl.Series) -> set[str]:
    """NA where all values are codes of two letters: Namibia, North America."""
    words = different.filter(~different.is_in(["", " "]))
    return {"NA"} if len(words) > 2 and words.str.contains(r"^[A-Z]{2}$").all() else set()


def _among_values(values: pl.Series, words: list[str]) -> bool:
    others = values.filter(~values.is_in([*words, *NULLS])).str.to_lowercase()
    if not len(others):
        return False
    yes_and_no = [word for word in itertools.chain(*YES_AND_NO) if not word.isdigit()]
    if others.is_in(yes_and_no).all():
        return True
    if (found := amounts(others)) and found.certain:
        return True
    return int(others.str.contains(VALUE).sum()) > AMONG * len(others)
