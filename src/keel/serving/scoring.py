"""From rows to probabilities, on the way that training and evaluation went."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from keel.model.predictor import Predictor
from keel.project.description import Project
from keel.serving.log import columns, key
from keel.serving.origins import origins
from keel.serving.problems import WrongField
from keel.serving.rows import broken_rules, model, rules
from keel.show.tracing import span

BUILD = "examples.py: `build`"
Lookups = Mapping[str, pl.LazyFrame]


@dataclass(frozen=True)
class Prediction:
    """The answer to a row: the example that was made of it, and what the model says."""

    example: dict[str, Any]
    probability: float
    unseen: list[str]  # features whose category training did not see


Answer = Prediction | WrongField
# Examples, the row that each comes from, and why other rows have none.
Made = tuple[pl.DataFrame, list[int], dict[int, WrongField]]


class Scorer:
    """Calls the project's `build` with the rows of the table that is asked for, and the model."""

    def __init__(self, predictor: Predictor, project: Project, table: str) -> None:
        self._predictor = predictor
        self._build = project.build
        self._table = table
        self._columns = pl.Schema(columns(project, personal=True))
        self._key = list(key(project, personal=True))
        known = {name: project.examples.columns()[name] for name in self._columns}
        self._example = model("Example", known, strict=False)
        self._checked: TypeAdapter[Any] = TypeAdapter(list[self._example])  # type: ignore[name-defined]  # made just now
        self._schema = project.examples.__name__
        self._rules = rules(project.examples, known)

    def answer(self, rows: pl.DataFrame, lookups: Lookups) -> list[Answer]:
        """The answer to each row, or why it has none. The lookups are the other tables."""
        with span("build", rows=len(rows)):
            examples, places, wrong = self._made(rows, lookups)
            values = examples.to_dicts()
            wrong |= self._broken(examples, places, values)
        good = [n for n, row in enumerate(places) if row not in wrong]
        with span("predict", rows=len(good)):
            chosen = examples[good] if len(good) < len(places) else examples
            predicted = self._predictor.answers(chosen) if good else ([], [])
        answers: dict[int, Answer] = {**wrong}
        for n, probability, unseen in zip(good, *predicted, strict=True):
            answers[places[n]] = Prediction(values[n], probability, unseen)
        return [answers[row] for row in range(len(rows))]

    def _made(self, rows: pl.DataFrame, lookups: Lookups) -> Made:
        try:
            placed = self._placed(rows, lookups)
        except pl.exceptions.PolarsError as error:
            if len(rows) == 1:
                nothing = pl.DataFrame(schema=self._columns)
                return nothing, [], {0: WrongField("", f"{BUILD} fails with it: {error}")}
            placed = None  # one of them is at fault
        if placed is None:
            return self._one_by_one(rows, lookups)
        count = Counter(placed[1])
        wrong = {
            row: WrongField("", f"{BUILD} makes {count[row]} examples of it, and not one")
            for row in range(len(rows))
            if count[row] != 1
        }
        return *placed, wrong

    def _placed(
        self, rows: pl.DataFrame, lookups: Lookups
    ) -> tuple[pl.DataFrame, list[int]] | None:
        """The examples and the rows that they come from; None if two of them have the same key."""
        whole = self._plan(rows, lookups).collect()
        examples = whole.cast(self._columns) if whole.schema != self._columns else whole
        if len(rows) == 1:
            return examples, [0] * len(examples)
        if whole.select(self._key).is_duplicated().any():
            return None
        places = origins(
            rows, whole, self._key, lambda some: self._plan(some, lookups).select(self._key)
        )
        return examples.filter(places.is_not_null()), places.drop_nulls().to_list()

    def _one_by_one(self, rows: pl.DataFrame, lookups: Lookups) -> Made:
        each = [self._made(rows[row], lookups) for row in range(len(rows))]
        places = [row for row, (_, made, _) in enumerate(each) for _ in made]
        wrong = {row: reasons[0] for row, (_, _, reasons) in enumerate(each) if reasons}
        return pl.concat([examples for examples, _, _ in each]), places, wrong

    def _plan(self, rows: pl.DataFrame, lookups: Lookups) -> pl.LazyFrame:
        return self._build({**lookups, self._table: rows.lazy()}).select(*self._columns)

    def _broken(
        self, examples: pl.DataFrame, places: list[int], values: list[dict[str, Any]]
    ) -> dict[int, WrongField]:
        """The examples that their schema refuses, by their rows, with the first reason."""
        wrong: dict[int, WrongField] = {}
        for n, (rule, *_) in broken_rules(examples, self._rules).items():
            reason = f"breaks the rule {rule.name} of {self._schema}, as {BUILD} makes it"
            value = values[n][rule.column] if rule.column else None
            wrong[places[n]] = WrongField(rule.column, reason, value)
        try:
            self._checked.validate_python(values)
        except ValidationError as error:
            for part in error.errors(include_url=False, include_context=False):
                reason = f"{part['msg'].replace('Input ', '')}, as {BUILD} makes it"
                row, column = places[int(part["loc"][0])], str(part["loc"][1])
                wrong.setdefault(row, WrongField(column, reason, part["input"]))
        return wrong
