"""From a batch of rows to predictions, and the reasons of the rows that get none.

It is the way of the service: `build` makes the examples from rows without what is known only
afterwards. But a whole batch is looked at at once, where the service looks at each row.
"""

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from keel.data.validation import PLAIN, REASONS, Numbers, check
from keel.model.predictor import InUse
from keel.project.description import Project
from keel.project.errors import UserError
from keel.serving.answers import Answers
from keel.serving.examples.origins import BUILD, PLACE, Lookups, Maker
from keel.serving.examples.rows import asked
from keel.serving.log import columns, key

SOME = 20  # rows: if `build` fails with each of them, it will with all
LABEL = "its label"  # no column has a blank
DUPLICATE = "primary_key"


class Scored(NamedTuple):
    """The predictions of a batch, and the rows that got none, with the reasons."""

    predictions: pl.DataFrame
    broken: pl.DataFrame


class BatchScorer:
    """Scores rows of the table that is asked for."""

    def __init__(self, used: InUse, project: Project, table: str, numbers: Numbers = PLAIN) -> None:
        schema = project.tables[table]
        self.asked = asked(schema)
        self.later = [name for name, c in schema.columns().items() if name not in self.asked]
        self.key = [name for name in schema.primary_key() if name in self.asked]
        self._answers = Answers(used)
        self._project = project
        self._table = table
        self._numbers = numbers
        self._rows = _numbered(schema, self.asked)
        self._maker = Maker(project, table)
        self._examples = _numbered(project.examples, columns(project, personal=True))
        self._key = list(key(project, personal=True))
        self._label = project.examples.columns()[project.label].dtype

    def scored(
        self, rows: pl.DataFrame, first: int, twice: pl.DataFrame, lookups: Lookups
    ) -> Scored:
        """The predictions of the rows, of which the first has this number, in their order.

        `twice` are keys that several rows of all batches have: none of them gets a prediction.
        """
        rows = rows.with_row_index(PLACE, first).with_columns(pl.col(PLACE).cast(pl.Int64))
        doubled = rows[:0]
        if len(twice):
            doubled = rows.join(twice, on=self.key, how="semi", nulls_equal=True)
            rows = rows.join(
                twice, on=self.key, how="anti", nulls_equal=True, maintain_order="left"
            )
        blank = rows.drop(self.later, strict=False).with_columns(
            pl.lit(None, self._rows.columns()[name].dtype).alias(name) for name in self.later
        )
        good, broken = check(blank, self._rows, self._numbers)
        reasons = {**dict.fromkeys(doubled[PLACE], DUPLICATE), **_reasons(broken)}
        examples = pl.DataFrame(schema={**self._maker.columns, PLACE: pl.Int64})
        if len(good):
            examples, refused = self._made(good, lookups)
            reasons |= refused
        predictions = self._predicted(examples).with_columns(pl.lit(None, self._label).alias(LABEL))
        if set(self.later) & set(rows.columns) and len(predictions):
            predictions = self._labelled(predictions.drop(LABEL), rows, good, lookups)
        every = pl.concat([rows, doubled])
        why = pl.DataFrame({PLACE: reasons.keys(), REASONS: reasons.values()}, WHY)
        return Scored(predictions, every.join(why, on=PLACE, how="inner").sort(PLACE))

    def probe(self, rows: pl.DataFrame, lookups: Lookups) -> None:
        """Raise UserError if `build` fails with each of some rows: it is not the rows' fault."""
        blank = rows.drop(self.later, strict=False).with_columns(
            pl.lit(None, self._rows.columns()[name].dtype).alias(name) for name in self.later
        )
        some = blank.with_row_index(PLACE).gather_every(max(1, len(rows) // SOME))
        good, _ = check(some.with_columns(pl.col(PLACE).cast(pl.Int64)), self._rows, self._numbers)
        if not len(good):
            return
        made = self._maker.made(good.drop(PLACE), lookups)
        failed = [wrong.reason for wrong in made.wrong.values() if "fails with it" in wrong.reason]
        if len(failed) == len(good):
            raise UserError(failed[0].replace("with it", f"with each of {len(good)} rows"))

    def _made(self, good: pl.DataFrame, lookups: Lookups) -> tuple[pl.DataFrame, dict[int, str]]:
        """The examples with the numbers of their rows, and why the other rows have none."""
        numbers = good[PLACE].to_list()
        made = self._maker.made(good.drop(PLACE), lookups)
        wrong = {numbers[row]: problem.reason for row, problem in made.wrong.items()}
        places = pl.Series(PLACE, [numbers[row] for row in made.places], pl.Int64)
        examples = made.examples.with_columns(places).filter(~pl.col(PLACE).is_in(list(wrong)))
        label = self._project.examples.columns()
        blank = [
            pl.lit(None, column.dtype).alias(name)
            for name, column in label.items()
            if name not in examples.columns
        ]
        kept, broken = check(examples.with_columns(blank), self._examples)
        suffix = f", as {BUILD} makes it"
        refused = {row: f"{reason}{suffix}" for row, reason in _reasons(broken).items()}
        return kept, wrong | refused

    def _predicted(self, examples: pl.DataFrame) -> pl.DataFrame:
        """The key and the answer of each example, with the number of its row."""
        examples = examples.sort(PLACE)
        answers = pl.DataFrame(self._answers.of(examples), self._answers.fields)
        return examples.select(PLACE, *self._key).hstack(answers)

    def _labelled(
        self, predictions: pl.DataFrame, rows: pl.DataFrame, good: pl.DataFrame, lookups: Lookups
    ) -> pl.DataFrame:
        """With the label that the same rows get when what is known afterwards is in them."""
        absent = [name for name in self.later if name not in rows.columns]
        whole = rows.join(good.select(PLACE), on=PLACE, how="semi").with_columns(
            pl.lit(None, self._rows.columns()[name].dtype).alias(name) for name in absent
        )
        readable, _ = check(whole, self._rows, self._numbers)
        tables = {**lookups, self._table: readable.drop(PLACE).lazy()}
        label = pl.col(self._project.label).cast(self._label).alias(LABEL)
        try:
            known = self._project.build(tables).select(*self._key, label).collect()
        except pl.exceptions.PolarsError:  # without a label there is no score, and that is all
            return predictions.with_columns(pl.lit(None, self._label).alias(LABEL))
        known = known.unique(self._key, keep="none")
        return predictions.join(
            known, on=self._key, how="left", nulls_equal=True, maintain_order="left"
        )


WHY = {PLACE: pl.Int64, REASONS: pl.String}


def _numbered(schema: type[dy.Schema], names: Iterable[str]) -> type[dy.Schema]:
    """The schema with a number for each row; what is not among the names may be null."""
    own: dict[str, Any] = {PLACE: dy.Int64()}
    given = set(names)
    for name, column in schema.columns().items():
        if name not in given and not column.nullable and not column.primary_key:
            own[name] = copy.copy(column)
            own[name].nullable = True
    return type(schema.__name__, (schema,), own)


def _reasons(broken: pl.DataFrame) -> dict[int, str]:
    return dict(broken.select(PLACE, REASONS).iter_rows())
