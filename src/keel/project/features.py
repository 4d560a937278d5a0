"""What a model sees of an example: plain columns by name, and functions for the rest."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Self

from .errors import UserError

if TYPE_CHECKING:
    import dataframely as dy
    import polars as pl

Feature = Callable[[], "pl.Expr"]


class Features(Mapping[str, Feature]):
    """What the model sees: a function for each feature, by name, in the order they were added.

    Each takes nothing and returns a Polars expression of columns of the examples: one value for
    each row, from that row only, and only from what is known when the prediction is made. Training
    and service call the same ones. Numbers keep their nulls, text becomes a category.
    """

    def __init__(self, examples: type[dy.Schema]) -> None:
        self._columns = examples.columns()
        self._features: dict[str, Feature] = {}

    def plain(self, *names: str) -> Self:
        """Make columns of the examples features as they are; returns itself, to be assigned.

        Raises UserError if the examples don't have a column of that name, or it is one already.
        """
        for name in names:
            if name not in self._columns:
                near = difflib.get_close_matches(name, self._columns, 1)
                meant = f"did you mean {near[0]}?" if near else f"it has {', '.join(self._columns)}"
                raise UserError(
                    f"features.py: plain({name!r}): the schema has no such column; {meant}"
                )
            self._put(name, _column(self._columns[name]))
        return self

    def add(self, function: Feature) -> Feature:
        """Make the function a feature under its own name; written `@FEATURES.add` above it.

        Raises UserError if there is a feature of that name already.
        """
        self._put(function.__name__, function)
        return function

    def table(self, examples: pl.LazyFrame) -> pl.LazyFrame:
        """One column for each feature, one row for each example, in the same order."""
        return examples.select(self.expressions())

    def expressions(self) -> list[pl.Expr]:
        """What makes a column for each feature, in their order."""
        return [build().alias(name) for name, build in self.items()]

    def columns_read(self) -> list[str]:
        """The columns of the examples that a feature reads, in their order."""
        read = {name for build in self.values() for name in build().meta.root_names()}
        return [name for name in self._columns if name in read]

    def _put(self, name: str, feature: Feature) -> None:
        if name in self._features:
            raise UserError(f"features.py: give one of the features called {name} another name")
        self._features[name] = feature

    def __getitem__(self, name: str) -> Feature:
        return self._features[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._features)

    def __len__(self) -> int:
        return len(self._features)


def _column(column: dy.Column) -> Feature:
    return lambda: column.col
