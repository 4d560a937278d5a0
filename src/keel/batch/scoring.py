"""From a batch of rows to predictions, and the reasons of the rows that get none.

It is the way of the service: `build` makes the examples from rows without what is known only
afterwards. But a whole batch is looked at at once, where the service looks at each row.
"""

from collections.abc import Iterable
from typing import NamedTuple

import dataframely as dy
import polars as pl

from keel.data.reasons import told, words
from keel.data.sources import USUAL, Form
from keel.data.validation import REASONS, check
from keel.model.predictor import InUse
from keel.project.description import Project
from keel.project.errors import UserError
from keel.serving.answers import Answers
from keel.serving.examples.needed import needed, needed_of_examples
from keel.serving.examples.origins import BUILD, PLACE, Lookups, Maker
from keel.serving.examples.rows import asked, optional
from keel.serving.log import key

SOME = 20  # rows: if `build` fails with each of them, it will with all
LABEL = "its label"  # no column has a blank
DUPLICATE = "primary_key"
WHY = {PLACE: pl.Int64, REASONS: pl.String}


class Scored(NamedTuple):
    """The predictions of a batch, and the rows that got none, with the reasons."""

    predictions: pl.DataFrame
    broken: pl.DataFrame


class BatchScorer:
    """Scores rows of the table that is asked for."""

    def __init__(self, used: InUse, project: Project, table: str, form: Form = USUAL) -> None:
        schema = project.tables[table]
        self.asked = asked(schema)
        self.needed = needed(project, table)
        self.later = [name for name in schema.column_names() if name not in self.asked]
        self.key = [name for name in schema.primary_key() if name in self.asked]
        self._answers = Answers(used)
        self._project = project
        self._table = table
        self._form = form
        self._rows = _numbered(schema, self.needed)
        self._maker = Maker(project, table)
        self._examples = _numbered(project.examples, needed_of_examples(project))
        self._key = key(project, personal=True)
        self._label = project.examples.columns()[project.label].dtype
        own = (*self._answers.fields, "model", "release")
        # How they are called in the file: what is called like a column of the key gives way.
        self.names = {name: f"keel_{name}" if name in self._key else name for name in own}

    def scored(
        self, rows: pl.DataFrame, first: int, twice: pl.DataFrame, lookups: Lookups
    ) -> Scored:
        """The predictions of the rows, of which the first has this number, in their order.

        `twice` are keys that several rows of all batches have: none of them gets a prediction.
        """
        given = rows.with_columns(pl.int_range(first, first + len(rows)).alias(PLACE))
        doubled = given[:0]
        if len(twice):
            doubled = given.join(twice, on=self.key, how="semi", nulls_equal=True)
        rows = given.join(doubled, on=PLACE, how="anti", maintain_order="left")
        good, broken = check(self._blank(rows), self._rows, self._form)
        examples, refused = self._made(good, lookups)
        twins = dict.fromkeys(doubled[PLACE], words(DUPLICATE, self._rows))
        reasons = twins | _reasons(broken, self._rows) | refused
        why = pl.DataFrame({PLACE: reasons.keys(), REASONS: reasons.values()}, WHY)
        labels = self._labels(rows.join(good, on=PLACE, how="semi"), lookups)
        predictions = self._predicted(examples).join(
            labels, on=list(self._key), how="left", nulls_equal=True, maintain_order="left"
        )
        return Scored(predictions, given.join(why, on=PLACE, how="inner", maintain_order="left"))

    def probe(self, rows: pl.DataFrame, lookups: Lookups) -> None:
        """Raise UserError if `build` fails with each of some rows: it is not the rows' fault."""
        some = rows.gather_every(max(1, len(rows) // SOME)).with_row_index(PLACE)
        good, _ = check(self._blank(some), self._rows, self._form)
        if not len(good):
            return
        made = self._maker.made(good.drop(PLACE), lookups)
        failed = [wrong.reason for wrong in made.wrong.values() if "fails with it" in wrong.reason]
        if len(failed) == len(good):
            raise UserError(failed[0].replace("with it", f"with each of {len(good)} rows"))

    def _blank(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows without what is known afterwards."""
        return _completed(rows.drop(self.later, strict=False), self._rows)

    def _made(self, good: pl.DataFrame, lookups: Lookups) -> tuple[pl.DataFrame, dict[int, str]]:
        """The examples with the numbers of their rows, and why the other rows have none."""
        if good.is_empty():
            return pl.DataFrame(schema={**self._maker.columns, PLACE: pl.Int64}), {}
        numbers = good[PLACE].to_list()
        made = self._maker.made(good.drop(PLACE), lookups)
        wrong = {numbers[row]: problem.reason for row, problem in made.wrong.items()}
        places = pl.Series(PLACE, [numbers[row] for row in made.places], pl.Int64)
        examples = made.examples.with_columns(places).filter(~pl.col(PLACE).is_in(list(wrong)))
        kept, broken = check(_completed(examples, self._examples), self._examples)
        suffix = f", as {BUILD} makes it"
        reasons = _reasons(broken, self._examples).items()
        refused = {row: f"{reason}{suffix}" for row, reason in reasons}
        return kept, wrong | refused

    def _predicted(self, examples: pl.DataFrame) -> pl.DataFrame:
        """The key and the answer of each example, with the number of its row."""
        examples = examples.sort(PLACE)
        answers = pl.DataFrame(self._answers.of(examples), self._answers.fields)
        own = answers.rename(self.names, strict=False)
        return examples.select(PLACE, *self._key).hstack(own)

    def _labels(self, rows: pl.DataFrame, lookups: Lookups) -> pl.DataFrame:
        """The labels that rows get by what is known afterwards in them, with their keys.

        There are none if it is not there, or no label can be made of it.
        """
        wanted = pl.Schema({**self._key, LABEL: self._label})
        label = pl.col(self._project.label).alias(LABEL)
        nothing = pl.DataFrame(schema=wanted)
        if not set(self.later) & set(rows.columns):
            return nothing
        readable, _ = check(_completed(rows, self._rows), self._rows, self._form)
        tables = {**lookups, self._table: readable.drop(PLACE).lazy()}
        try:
            known = self._project.build(tables).select(*self._key, label).cast(wanted).collect()
        except pl.exceptions.PolarsError:
            return nothing
        return known.unique(list(self._key), keep="none")


def _completed(rows: pl.DataFrame, schema: type[dy.Schema]) -> pl.DataFrame:
    """The rows with nulls in the columns of the schema that they have not."""
    return rows.with_columns(
        pl.lit(None, column.dtype).alias(name)
        for name, column in schema.columns().items()
        if name not in rows.columns
    )


def _numbered(schema: type[dy.Schema], names: Iterable[str]) -> type[dy.Schema]:
    """The schema with a number for each row; what is not among the names may be null."""
    columns = schema.columns()
    loose = optional(columns, [*names, *schema.primary_key()])
    changed = {name: column for name, column in loose.items() if column is not columns[name]}
    return type(schema.__name__, (schema,), {PLACE: dy.Int64(), **changed})


def _reasons(broken: pl.DataFrame, schema: type[dy.Schema]) -> dict[int, str]:
    """Why each row is broken, in words."""
    return dict(zip(broken[PLACE], told(broken[REASONS], schema), strict=True))
