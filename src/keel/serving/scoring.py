"""From rows to predictions, on the way that training and evaluation went."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR
from typing import Any

import polars as pl
import polars.selectors as cs
from pydantic import TypeAdapter, ValidationError

from keel.model.predictor import InUse
from keel.project.description import Project
from keel.serving.answers import Answers
from keel.serving.examples.needed import needed_of_examples
from keel.serving.examples.origins import BUILD, Lookups, Maker, nothing_stops
from keel.serving.examples.rows import model, optional
from keel.serving.examples.rules import broken_rules, rules
from keel.serving.problems import WrongField
from keel.show.tracing import span


@dataclass(frozen=True)
class Prediction:
    """The answer to a row: the example that was made of it, and what the model says."""

    example: dict[str, Any]
    said: dict[str, Any]  # as `Answers` has it


Answer = Prediction | WrongField


class Scorer:
    """Calls the project's `build` with the rows of the table that is asked for, and the model."""

    def __init__(self, used: InUse, project: Project, table: str) -> None:
        self._answers = Answers(used)
        self._maker = Maker(project, table)
        columns = {name: project.examples.columns()[name] for name in self._maker.columns}
        known = optional(columns, needed_of_examples(project))
        self._example = model("Example", known, strict=False)
        self._checked: TypeAdapter[Any] = TypeAdapter(list[self._example])  # type: ignore[name-defined]  # made just now
        self._schema = project.examples.__name__
        self._rules = rules(project.examples, known)

    def answer(
        self, rows: pl.DataFrame, lookups: Lookups, go_on: Callable[[], None] = nothing_stops
    ) -> list[Answer]:
        """The answer to each row, or why it has none. The lookups are the other tables.

        `go_on` is called between steps, and may raise what ends the work.
        """
        with span("build", rows=len(rows)):
            examples, places, wrong = self._maker.made(rows, lookups, go_on)
            try:
                values = examples.to_dicts()
            except (ValueError, OverflowError):  # years that Python does not have
                examples, far = _without_far(examples)
                values = examples.to_dicts()
                wrong |= {places[n]: field for n, field in far.items()}
            wrong = self._broken(examples, places, values) | wrong
        good = [n for n, row in enumerate(places) if row not in wrong]
        go_on()
        with span("predict", rows=len(good)):
            chosen = examples[good] if len(good) < len(places) else examples
            predicted = self._answers.of(chosen)
        answers: dict[int, Answer] = {**wrong}
        for n, said in zip(good, predicted, strict=True):
            answers[places[n]] = Prediction(values[n], said)
        return [answers[row] for row in range(len(rows))]

    def _broken(
        self, examples: pl.DataFrame, places: list[int], values: list[dict[str, Any]]
    ) -> dict[int, WrongField]:
        """The examples that their schema refuses, by their rows, with the first reason."""
        wrong: dict[int, WrongField] = {}
        for n, (rule, *_) in broken_rules(examples, self._rules).items():
            told = rule.words.replace("tables.py", self._schema)
            reason = f"{told}, as {BUILD} makes it"
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


def _without_far(examples: pl.DataFrame) -> tuple[pl.DataFrame, dict[int, WrongField]]:
    """The examples with null for times that are no date of ours, and what is wrong by row."""
    reason = f"is not of the years {MINYEAR} to {MAXYEAR}, as {BUILD} makes it"
    wrong: dict[int, WrongField] = {}
    for name in examples.select(cs.datetime(), cs.date()).columns:
        ours = examples[name].dt.year().is_between(MINYEAR, MAXYEAR)
        for n in (~ours).arg_true():
            wrong.setdefault(n, WrongField(name, reason))
        examples = examples.with_columns(pl.when(ours).then(name).alias(name))
    return examples, wrong
