"""What a stored model says of its own parameters, and which setting each of them is."""

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

LINE = re.compile(r"^\[(\w+): (.+)\]$", re.MULTILINE)  # of LightGBM's text
BLOCKS = ("parameters", "params", "hyperparameters")  # of JSON
# Words of settings that mean the same: those of LightGBM's aliases, scikit-learn and CatBoost.
SAME = {
    "tree": "trees iterations iteration iter estimators rounds round",
    "leaf": "leaves node nodes child",
    "row": "rows data sample samples",
    "rate": "learning eta shrinkage",
    "category": "categories cat group groups",
    "seed": "random state",
    "": "n num number max min of in per for boost boosting lambda reg",
}
MEANING = {word: meaning for meaning, words in SAME.items() for word in words.split()}


def parameters(text: str, model: object) -> dict[str, float]:
    """The numbers that a model was fitted with, by name, as its text and the model from it say.

    LightGBM writes them below its trees, JSON below a key such as "params", and an estimator of
    scikit-learn tells them. Nothing of a model that keeps none.
    """
    found: dict[str, Any] = dict(LINE.findall(text))
    for part in getattr(model, "__dict__", {}).values():
        if hasattr(part, "get_params"):
            found |= part.get_params()
    with contextlib.suppress(ValueError):  # it is no JSON
        found |= dict(_named(json.loads(text)))
    numbers = {name.rpartition("__")[2]: _number(value) for name, value in found.items()}
    return {name: number for name, number in numbers.items() if number is not None}


def strayed(given: Mapping[str, float], stored: Mapping[str, float]) -> Iterator[str]:
    """The settings whose parameter has another number than was given, each with that, in words."""
    for setting, value in given.items():
        own = {name: n for name, n in stored.items() if meaning(name) == meaning(setting)}
        if own and not _has(own, value):
            name, number = next(iter(own.items()))
            others = [other for other, its in given.items() if math.isclose(its, number)]
            of = f", the value of {others[0]}" if others else ""
            yield f"{setting} = {value:g} arrives as {name} = {number:g}{of}"


def unseen(given: Mapping[str, float], stored: Mapping[str, float]) -> list[str]:
    """The settings that no parameter is called like, nor has the value of, or one divided by it.

    A seed is not told: where nothing is drawn, nothing has it.
    """
    known = {meaning(name) for name in stored} | {frozenset({"seed"})}
    return [
        setting
        for setting, value in given.items()
        if meaning(setting) not in known and not _has(stored, value) and not _has(stored, 1 / value)
    ]


def meaning(name: str) -> frozenset[str]:
    """What a name says, whatever the library calls it: `min_data_in_leaf` is `rows_per_leaf`."""
    words = (MEANING.get(word, word) for word in name.lower().split("_"))
    return frozenset(words) - {""}


def _has(stored: Mapping[str, float], value: float) -> bool:
    return any(math.isclose(number, value, rel_tol=1e-6) for number in stored.values())


def _named(content: Any, *, inside: bool = False) -> Iterator[tuple[str, Any]]:
    """Names and values below a key that says that they are parameters."""
    for key, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, dict):
            yield from _named(value, inside=inside or key in BLOCKS)
        elif inside:
            yield key, value


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
