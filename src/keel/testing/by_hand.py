"""Rows worked out by hand: whether they become what a person says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import dataframely as dy
import polars as pl

from keel.data.reasons import words
from keel.data.validation import REASONS, check
from keel.project.blame import defined
from keel.project.description import Project
from keel.project.errors import UserError, reason
from keel.quality.records.junit import BY_HAND
from keel.testing.failing import require
from keel.testing.rows import rows

RowOrRows = Mapping[str, object] | Sequence[Mapping[str, object]]
Given = Mapping[str, RowOrRows]  # by table


class ByHand:
    """What has to come of some rows, worked out by a person who looked at no code.

    `why` says it in words. `given` has for each raw table what matters of its row, or of each of
    several in a list, [] without any; the rest is usual. `expected` has columns of the example and
    features: the value, or a list with that of each example that comes of the rows. The label is
    what it means: True where `afterwards(true="yes")` and the column says yes.
    """

    def __init__(self, why: str, given: Given, /, **expected: object) -> None:
        self.why, self.given, self.expected = why, given, expected


class Draft(ByHand):
    """One that `keel start` wrote: `keel check` asks for somebody to read it until it is ByHand."""


@dataclass(frozen=True)
class HandWork:
    """The cases of a project, and an ordinary row of each of its raw tables."""

    project: Project
    cases: Sequence[ByHand]
    usual: Mapping[str, Mapping[str, Any]]

    def checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """A sentence for each case, and how to find out whether it holds."""
        if twice := [why for why, n in Counter(case.why for case in self.cases).items() if n > 1]:
            raise UserError(f"tests/by_hand.py: give each case words of its own: {twice[0]!r}")
        for case in self.cases:
            yield f"{BY_HAND}{case.why}", partial(self._holds, case)

    def made(self, given: Given) -> pl.DataFrame:
        """The examples and features that come of rows, the label as the task has it.

        Raises AssertionError for rows that the pipeline would set aside, or refuse.
        """
        project, label = self.project, self.project.label
        unknown = set(given) - set(project.tables)
        require(not unknown, f"{', '.join(unknown)} is no table: {', '.join(project.tables)}")
        tables = {name: self._table(name, given.get(name)).lazy() for name in project.tables}
        try:
            examples = project.examples.cast(project.build(tables).collect())
            features = project.features.table(examples.lazy()).collect()
            labels = project.task.labels(examples[label]).alias(label)
        except (dy.exc.SchemaError, pl.exceptions.PolarsError) as error:
            raise AssertionError(f"{defined(project.build)}: {reason(error)}") from error
        return examples.with_columns(*features, labels)

    def _table(self, name: str, given: RowOrRows | None) -> pl.DataFrame:
        if given is None:
            return self._usual[name]
        usual, schema = self.usual.get(name, {}), self.project.tables[name]
        several = [given] if isinstance(given, Mapping) else given
        unknown = {column for row in several for column in row} - set(usual)
        require(not unknown, f"{name} has no {', '.join(unknown)}: {', '.join(usual)}")
        columns = {c: [row.get(c, v) for row in several] for c, v in usual.items()}
        table = rows(schema, usual, **columns)
        lost = [c for c, v in columns.items() if table[c].null_count() != v.count(None)]
        require(not lost, f"{name} takes no {', '.join(f'{c} = {columns[c]}' for c in lost)}")
        if several and not schema.is_valid(table):
            reasons = ", ".join(words(why, schema) for why in check(table, schema)[1][REASONS])
            raise AssertionError(f"a row of {name} breaks its schema, and is set aside: {reasons}")
        return table

    @cached_property
    def _usual(self) -> dict[str, pl.DataFrame]:
        lacking = [name for name in self.project.tables if name not in self.usual]
        require(not lacking, f"tests/builders.py: ROWS needs a usual row of {', '.join(lacking)}")
        return {name: self._table(name, {}) for name in self.project.tables}

    def _holds(self, case: ByHand) -> None:
        made = self.made(case.given)
        wrong = []
        for name, expected in case.expected.items():
            require(
                name in made.columns, f"{name} is neither a column of the examples nor a feature"
            )
            values = made[name].to_list()
            wanted = expected if isinstance(expected, list) else [expected]
            if len(values) != len(wanted) or not all(map(_same, values, wanted)):
                wrong.append(f"{name} is {_words(values)}, and by hand {_words(wanted)}")
        place = defined(self.project.build)
        require(not wrong, f"{case.why}: {'; '.join(wrong)}: see {place}, or tests/by_hand.py")


def _words(values: list[Any]) -> str:
    """One value as it is, several as a list."""
    return str(values[0]) if len(values) == 1 else f"[{', '.join(map(str, values))}]"


def _same(value: object, wanted: object) -> bool:
    """Equal, but for the digits that nobody writes."""
    if isinstance(value, float | int) and isinstance(wanted, float | int):
        return math.isclose(value, wanted, rel_tol=1e-6)
    return value == wanted
