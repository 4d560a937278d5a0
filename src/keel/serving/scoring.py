"""From rows to probabilities, on the way that training and evaluation went."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError
from TEAM.examples import Examples, build

from keel.model.predictor import Predictor
from keel.serving.log import columns, key
from keel.serving.origins import origins
from keel.serving.problems import Wrong
from keel.serving.rows import broken_rules, model, rules
from keel.show.tracing import span

BUILD = "examples.py: `build`"
Build = Callable[[Mapping[str, pl.LazyFrame]], pl.LazyFrame]


@dataclass(frozen=True)
class Answers:
    """The answers to the rows of a request, by their place in it; each has one or is wrong."""

    rows: list[int]
    examples: list[dict[str, Any]]  # of these rows, in the same order
    probability: list[float]
    unseen: list[list[str]]
    wrong: dict[int, Wrong] = field(default_factory=dict)


class Scorer:
    """Calls the team's `build` with the rows of the table that is asked for, and the predictor."""

    def __init__(self, predictor: Predictor, table: str, build: Build = build) -> None:
        self._predictor = predictor
        self._table = table
        self._build = build
        self._columns = pl.Schema(columns(personal=True))
        self._key = list(key(personal=True))
        known = {name: Examples.columns()[name] for name in self._columns}
        self._example = model("Example", known, strict=False)
        self._checked: TypeAdapter[Any] = TypeAdapter(list[self._example])  # type: ignore[name-defined]  # made just now
        self._rules = rules(Examples, known)

    def answer(self, rows: pl.DataFrame, lookups: Mapping[str, pl.LazyFrame]) -> Answers:
        """The probability of each row. The lookups are the other tables."""
        with span("build", rows=len(rows)):
            places, examples, wrong = self._examples(rows, lookups)
            told = examples.to_dicts()
            wrong |= self._broken(places, examples, told)
        good = [n for n, place in enumerate(places) if place not in wrong]
        if len(good) < len(places):
            places, examples = [places[n] for n in good], examples[good]
            told = [told[n] for n in good]
        with span("predict", rows=len(places)):
            probability, unseen = self._predictor.answers(examples) if places else ([], [])
        return Answers(places, told, probability, unseen, wrong)

    def _examples(
        self, rows: pl.DataFrame, lookups: Mapping[str, pl.LazyFrame]
    ) -> tuple[list[int], pl.DataFrame, dict[int, Wrong]]:
        """The examples in the order of their rows, the rows' places, and why others have none."""
        try:
            found = self._placed(rows, lookups)
        except pl.exceptions.PolarsError as error:
            if len(rows) == 1:
                empty = pl.DataFrame(schema=self._columns)
                return [], empty, {0: Wrong("", f"{BUILD} fails with it: {error}")}
            found = None  # one of them is at fault
        if found is None:
            return self._one_by_one(rows, lookups)
        examples, places = found
        count = Counter(places)
        wrong = {
            row: Wrong("", f"{BUILD} makes {count[row]} examples of it, and not one")
            for row in range(len(rows))
            if count[row] != 1
        }
        order = sorted((place, n) for n, place in enumerate(places) if count[place] == 1)
        if [n for _, n in order] != list(range(len(examples))):
            examples = examples[[n for _, n in order]]
        return [place for place, _ in order], examples, wrong

    def _placed(
        self, rows: pl.DataFrame, lookups: Mapping[str, pl.LazyFrame]
    ) -> tuple[pl.DataFrame, list[int]] | None:
        """The examples and the rows that they come from; None if two of them have the same key."""
        whole = self._plan(rows, lookups).collect()
        examples = whole.cast(self._columns) if whole.schema != self._columns else whole
        if len(rows) == 1:
            return examples, [0] * len(examples)
        if whole.select(self._key).is_duplicated().any():
            return None
        found = origins(
            rows, whole, self._key, lambda some: self._plan(some, lookups).select(self._key)
        )
        return examples.filter(found.is_not_null()), found.drop_nulls().to_list()

    def _one_by_one(
        self, rows: pl.DataFrame, lookups: Mapping[str, pl.LazyFrame]
    ) -> tuple[list[int], pl.DataFrame, dict[int, Wrong]]:
        places: list[int] = []
        frames = [pl.DataFrame(schema=self._columns)]
        wrong: dict[int, Wrong] = {}
        for row in range(len(rows)):
            found, example, why = self._examples(rows[row], lookups)
            places += [row] * len(found)
            frames.append(example)
            for reason in why.values():
                wrong[row] = reason
        return places, pl.concat(frames), wrong

    def _plan(self, rows: pl.DataFrame, lookups: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        return self._build({**lookups, self._table: rows.lazy()}).select(*self._columns)

    def _broken(
        self, places: list[int], examples: pl.DataFrame, told: list[dict[str, Any]]
    ) -> dict[int, Wrong]:
        """The examples that `Examples` refuses, by their rows, with the first reason."""
        wrong: dict[int, Wrong] = {}
        for row, names in broken_rules(examples, self._rules).items():
            column, _, rule = names[0].rpartition("|")
            value = examples[column][row] if column else None
            said = f"breaks the rule {rule} of Examples, as {BUILD} makes it"
            wrong[places[row]] = Wrong(column, said, value)
        try:
            self._checked.validate_python(told)
        except ValidationError as error:
            for found in error.errors(include_url=False, include_context=False):
                said = found["msg"].replace("Input ", "")
                place, column = places[int(found["loc"][0])], str(found["loc"][1])
                reason = f"{said}, as {BUILD} makes it"
                wrong.setdefault(place, Wrong(column, reason, found["input"]))
        return wrong
