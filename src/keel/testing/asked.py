"""What only a person can say of a project, and whether somebody did."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import product
from typing import Any

import polars as pl

from keel.project.task import Classes, YesNo
from keel.quality.records.junit import BY_HAND, NOT_YET
from keel.testing.by_hand import ByHand, Draft, Given, HandWork
from keel.testing.failing import differing

MANY = 6  # classes, of which not each needs a row


@dataclass(frozen=True)
class Asked:
    """What the cases of a project should say, whatever it predicts."""

    work: HandWork

    def checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """A sentence for each, and how to find out.

        What is missing is skipped, so that nothing seems to be tested that is not.
        """
        for sentence, is_there in self._needs():
            yield f"asked for {BY_HAND}{sentence}", partial(_or_skip, is_there)

    def _needs(self) -> Iterator[tuple[str, Callable[[], bool]]]:
        """What each project needs by hand, and whether it is there."""
        yield from self._labels()
        for table in list(self.work.project.tables)[1:]:
            yield f"a value that comes from {table}", partial(self._is_found, table)
            yield f"a row for which {table} has nothing", partial(self._is_missed, table)
        named = {name for case in self.work.cases for name in case.expected}
        for name, build in self.work.project.features.items():
            if not build().meta.eq(pl.col(name)):
                yield f"the feature {name}", partial(named.__contains__, name)
        drafts = sum(isinstance(case, Draft) for case in self.work.cases)
        if drafts:
            yield f"drafts of `keel start`, {drafts} in all: read each, and make it ByHand", bool

    def _labels(self) -> Iterator[tuple[str, Callable[[], bool]]]:
        """Each answer that the label can give, and both sides of where it changes."""
        project, label, task = self.work.project, self.work.project.label, self.work.project.task
        told = [v for case in self.work.cases for v in _listed(case.expected.get(label, []))]
        if isinstance(task, YesNo):
            yield f"a row whose {label} is true", lambda: True in told
            yield f"a row whose {label} is false", lambda: False in told
            yield (
                f"rows close to where {label} changes, on both sides",
                lambda: True in told and False in told and self._is_close(),
            )
        elif isinstance(task, Classes) and len(task.classes) <= MANY:
            for name in task.classes:
                yield f"a row whose {label} is {name}", partial(told.__contains__, name)
        else:
            count = 3 if task.classes else 2
            yield f"{count} rows of different {label}", lambda: len({*told} - {None}) >= count
        if project.examples.columns()[label].nullable:
            yield f"a row whose {label} is unknown", lambda: None in told

    def _changed(self, table: str, given: Given) -> set[str]:
        """The columns and features that are others without the rows of a table."""
        whole = self.work.made(given)
        try:
            without = self.work.made({**given, table: []})
        except AssertionError:  # then none can be made
            without = whole.clear()
        alike = len(without) == len(whole)
        return set(differing(whole, without) if alike else whole.columns)

    def _is_found(self, table: str) -> bool:
        """Whether a case expects what changes without the table."""
        return any(self._changed(table, c.given) & set(c.expected) for c in self._about(table))

    def _is_missed(self, table: str) -> bool:
        """Whether a case expects the same without the table, of what comes from it elsewhere."""
        return any(not self._changed(table, case.given) for case in self._about(table))

    def _about(self, table: str) -> list[ByHand]:
        """The cases that expect what comes from a table, in the usual rows or in any case."""
        if not self.work.cases:
            return []
        comes = self._changed(table, {})
        comes = comes or set().union(
            *(self._changed(table, case.given) for case in self.work.cases)
        )
        return [case for case in self.work.cases if comes & set(case.expected)]

    def _is_close(self) -> bool:
        """Whether a number or a day that decides is given just below and just above its limit."""
        pairs = sorted(self._pairs(), key=lambda pair: -pair[0])
        nearest = {place: (steps, end, middle) for steps, place, end, middle in pairs}
        return not any(
            1 < steps < math.inf and self._is_no(end, middle)
            for steps, end, middle in nearest.values()
        )

    def _pairs(self) -> Iterator[tuple[float, tuple[str, str], Given, Given]]:
        """Each column that a row of yes and one of no both give, and by how much they differ.

        And the row of yes with the value of no, and with one between them.
        """
        label = self.work.project.label
        yes, no = (
            [c for c in self.work.cases if c.expected.get(label) is is_] for is_ in (True, False)
        )
        for one, other in product(yes, no):
            for table in one.given.keys() & other.given.keys():
                row, rest = one.given[table], other.given[table]
                if isinstance(row, Mapping) and isinstance(rest, Mapping):
                    for column in row.keys() & rest.keys():
                        steps, middle = _between(row[column], rest[column])
                        end = {**one.given, table: {**row, column: rest[column]}}
                        between = {**one.given, table: {**row, column: middle}}
                        yield steps, (table, column), end, between

    def _is_no(self, end: Given, middle: Given) -> bool:
        """Whether the label is false at one end, and there are rows with a value in the middle."""
        try:
            self.work.made(middle)
            return self.work.made(end)[self.work.project.label].to_list() == [False]
        except AssertionError:
            return False


def _or_skip(is_there: Callable[[], bool]) -> None:
    import pytest

    if not is_there():
        pytest.skip(NOT_YET)


def _listed(expected: object) -> list[object]:
    return expected if isinstance(expected, list) else [expected]


def _between(one: Any, other: Any) -> tuple[float, Any]:
    """How far apart they are, and what lies between: numbers and days.

    In steps that are small, of 1, a twentieth of a fraction or a day; infinite for all others.
    """
    match one, other:
        case (bool(), _) | (_, bool()):
            return math.inf, None
        case int(), int():
            return abs(one - other), (one + other) // 2
        case int() | float(), int() | float():
            return 20 * abs(one - other) / max(abs(one), abs(other), 1e-9), (one + other) / 2
        case (datetime(), datetime()) | (date(), date()):
            return abs(one - other) / timedelta(days=1), one + (other - one) / 2
    return math.inf, None
