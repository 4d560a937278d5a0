"""From rows to probabilities, on the way that training and evaluation went."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
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
class Answers:
    """The answers to the rows of a request, by their place in it; each has one or is wrong."""

    rows: list[int]
    examples: list[dict[str, Any]]  # of these rows, in the same order
    probability: list[float]
    unseen: list[list[str]]
    wrong: dict[int, WrongField] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """The examples that were made, the rows that they come from, and why other rows have none."""

    examples: pl.DataFrame
    rows: list[int]
    wrong: dict[int, WrongField]


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

    def answer(self, rows: pl.DataFrame, lookups: Lookups) -> Answers:
        """The probability of each row. The lookups are the other tables."""
        with span("build", rows=len(rows)):
            made = self._made(rows, lookups)
            values = made.examples.to_dicts()
            wrong = made.wrong | self._broken(made, values)
        good = [n for n, row in enumerate(made.rows) if row not in wrong]
        examples, places = made.examples, made.rows
        if len(good) < len(places):
            examples = examples[good]
            places, values = [places[n] for n in good], [values[n] for n in good]
        with span("predict", rows=len(places)):
            probability, unseen = self._predictor.answers(examples) if places else ([], [])
        return Answers(places, values, probability, unseen, wrong)

    def _made(self, rows: pl.DataFrame, lookups: Lookups) -> Made:
        """The examples in the order of their rows."""
        try:
            placed = self._placed(rows, lookups)
        except pl.exceptions.PolarsError as error:
            if len(rows) == 1:
                return self._none({0: WrongField("", f"{BUILD} fails with it: {error}")})
            placed = None  # one of them is at fault
        if placed is None:
            return self._one_by_one(rows, lookups)
        examples, places = placed
        count = Counter(places)
        wrong = {
            row: WrongField("", f"{BUILD} makes {count[row]} examples of it, and not one")
            for row in range(len(rows))
            if count[row] != 1
        }
        order = sorted((place, n) for n, place in enumerate(places) if count[place] == 1)
        if [n for _, n in order] != list(range(len(examples))):
            examples = examples[[n for _, n in order]]
        return Made(examples, [place for place, _ in order], wrong)

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
        return Made(
            pl.concat([self._none({}).examples, *(made.examples for made in each)]),
            [row for row, made in enumerate(each) for _ in made.rows],
            {row: wrong for row, made in enumerate(each) for wrong in made.wrong.values()},
        )

    def _none(self, wrong: dict[int, WrongField]) -> Made:
        return Made(pl.DataFrame(schema=self._columns), [], wrong)

    def _plan(self, rows: pl.DataFrame, lookups: Lookups) -> pl.LazyFrame:
        return self._build({**lookups, self._table: rows.lazy()}).select(*self._columns)

    def _broken(self, made: Made, values: list[dict[str, Any]]) -> dict[int, WrongField]:
        """The examples that their schema refuses, by their rows, with the first reason."""
        wrong: dict[int, WrongField] = {}
        for n, (rule, *_) in broken_rules(made.examples, self._rules).items():
            reason = f"breaks the rule {rule.name} of {self._schema}, as {BUILD} makes it"
            value = values[n][rule.column] if rule.column else None
            wrong[made.rows[n]] = WrongField(rule.column, reason, value)
        try:
            self._checked.validate_python(values)
        except ValidationError as error:
            for part in error.errors(include_url=False, include_context=False):
                reason = f"{part['msg'].replace('Input ', '')}, as {BUILD} makes it"
                row, column = made.rows[int(part["loc"][0])], str(part["loc"][1])
                wrong.setdefault(row, WrongField(column, reason, part["input"]))
        return wrong
