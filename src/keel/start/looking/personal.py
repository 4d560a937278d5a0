"""Which columns say who somebody is, and which say what nobody should be judged by."""

from __future__ import annotations

import polars as pl

from keel.start.plan import Type
from keel.start.words import NAMES, PERSONAL, SENSITIVE, parts, says

PATTERNS = {
    "is an e-mail address": r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$",
    "is a phone number": r"^(\+\d{1,3}[ (./-]?|\(\d{2,5}\)|0\d{2,4}[ /-])[\d ()./-]{5,14}\d$"
    r"|^\d{3}[-. ]\d{3}[-. ]\d{4}$",
    "is an address on the internet": r"^(\d{1,3}\.){3}\d{1,3}$"
    r"|^([0-9a-fA-F]{1,4}:){5,7}[0-9a-fA-F]{1,4}$",
    "is an official number of a person": r"^\d{3}-\d{2}-\d{4}$"
    r"|^[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){3,7} ?[A-Z0-9]{0,3}$",
}
PERSON = r"^\p{Lu}[\p{L}'’.-]+,?( [(\"]{0,2}\p{Lu}[\p{L}'’.()\"-]*){1,7}$"
MOST_OF = 0.8  # of the values, to take them for what a pattern says
FIRST = 0.1  # of the different values have a usual first name
LONG = 100_000  # what a number of a person has at least


def personal(name: str, type_: Type, values: pl.Series) -> str:
    """Why these are personal data; "" if nothing says so."""
    for reason, words in PERSONAL.items():
        if says(name, words) and _can_be(reason, type_, values):
            return reason
    if values.dtype != pl.String or not len(values):
        return ""
    for reason, pattern in PATTERNS.items():
        if _share(values, pattern) >= MOST_OF:
            return reason
    return "names a person" if _are_persons(name, values) else ""


def _can_be(reason: str, type_: Type, values: pl.Series) -> bool:
    """A kind of phone, and a number of phones, are no phone number."""
    if reason == "names a person":
        return type_ in (Type.TEXT, Type.CATEGORY)
    if reason == "is a date of birth":
        return type_ in (Type.TEXT, Type.DATE, Type.MOMENT)
    if type_ == Type.WHOLE:
        return (values >= LONG).sum() > MOST_OF * len(values)
    return type_ == Type.TEXT


def _are_persons(name: str, values: pl.Series) -> bool:
    """In a column called name, and written as persons' names are.

    Nearly every row is another, or people who come several times have usual first names.
    """
    called = parts(name)[-1:] in (["name"], ["names"], ["nom"], ["nombre"], ["person"], ["author"])
    if not called or _share(values, PERSON) < MOST_OF:
        return False
    names = values.unique()
    words = names.str.to_lowercase().str.extract_all(r"\p{L}+")
    first = int(words.list.eval(pl.element().is_in(list(NAMES["first_names"]))).list.any().sum())
    return len(names) > 0.5 * len(values) or first >= FIRST * len(names)


def sensitive(name: str) -> str:
    """What nobody should be judged by without a reason, if the column is called so; else ""."""
    return next((what for what, words in SENSITIVE.items() if says(name, words)), "")


def _share(values: pl.Series, pattern: str) -> float:
    return int(values.str.contains(pattern).sum()) / len(values)
