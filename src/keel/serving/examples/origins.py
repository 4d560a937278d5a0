"""The examples that `build` makes of rows, and which row each was made of.

However `build` sorts and leaves out rows, and whichever of them it fails with.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from keel.project.description import Project
from keel.serving.log import columns, key
from keel.serving.problems import WrongField

BUILD = "examples.py: `build`"
PLACE = "its place"  # no column has a blank
Keys = Callable[[pl.DataFrame], pl.LazyFrame]
Lookups = Mapping[str, pl.LazyFrame]


class Made(NamedTuple):
    """Examples, the number of the row that each comes from, and why other rows have none."""

    examples: pl.DataFrame
    places: list[int]
    wrong: dict[int, WrongField]


class Maker:
    """Calls the project's `build` with rows of the table that is asked for."""

    def __init__(self, project: Project, table: str) -> None:
        self._build = project.build
        self._table = table
        self.columns = pl.Schema(columns(project, personal=True))
        self._key = list(key(project, personal=True))

    def made(self, rows: pl.DataFrame, lookups: Lookups) -> Made:
        """The examples of the rows, each once. The lookups are the other tables."""
        try:
            placed = self._placed(rows, lookups)
        except pl.exceptions.PolarsError as error:
            if len(rows) == 1:
                nothing = pl.DataFrame(schema=self.columns)
                return Made(nothing, [], {0: WrongField("", f"{BUILD} fails with it: {error}")})
            placed = None  # one of them is at fault
        if placed is None:
            return self._by_halves(rows, lookups)
        count = Counter(placed[1])
        wrong = {
            row: WrongField("", f"{BUILD} makes {count[row]} examples of it, and not one")
            for row in range(len(rows))
            if count[row] != 1
        }
        return Made(*placed, wrong)

    def _placed(
        self, rows: pl.DataFrame, lookups: Lookups
    ) -> tuple[pl.DataFrame, list[int]] | None:
        """The examples and the rows that they come from; None if two of them have the same key."""
        whole = self._plan(rows, lookups).collect()
        examples = whole.cast(self.columns) if whole.schema != self.columns else whole
        if len(rows) == 1:
            return examples, [0] * len(examples)
        if whole.select(self._key).is_duplicated().any():
            return None
        places = origins(
            rows, whole, self._key, lambda some: self._plan(some, lookups).select(self._key)
        )
        return examples.filter(places.is_not_null()), places.drop_nulls().to_list()

    def _by_halves(self, rows: pl.DataFrame, lookups: Lookups) -> Made:
        """The same of each half, so that a row which fails is soon alone."""
        middle = len(rows) // 2
        first, second = (self.made(part, lookups) for part in (rows[:middle], rows[middle:]))
        return Made(
            pl.concat([first.examples, second.examples]),
            first.places + [middle + place for place in second.places],
            first.wrong | {middle + row: reason for row, reason in second.wrong.items()},
        )

    def _plan(self, rows: pl.DataFrame, lookups: Lookups) -> pl.LazyFrame:
        return self._build({**lookups, self._table: rows.lazy()}).select(*self.columns)


def origins(
    rows: pl.DataFrame, examples: pl.DataFrame, key: Sequence[str], keys: Keys
) -> pl.Series:
    """For each example the number of its row; null where none fits. Their keys are unique.

    `keys` are those of the examples that `build` makes of some of the rows. So it is asked for the
    rows whose number has a certain bit: the bits for which an example is there are its row's
    number.
    """
    numbers = pl.int_range(len(rows), eager=True)
    bits = range(max(len(rows) - 1, 0).bit_length())
    made = pl.collect_all([keys(rows.filter(numbers // 2**bit % 2 == 1)) for bit in bits])
    placed = examples.select(key).with_columns(pl.lit(0, pl.Int64).alias(PLACE))
    for bit, part in zip(bits, made, strict=True):
        has_bit = part.unique().with_columns(pl.lit(2**bit, pl.Int64).alias("its bit"))
        placed = placed.join(has_bit, on=key, how="left", nulls_equal=True, maintain_order="left")
        number = pl.col(PLACE) + pl.col("its bit").fill_null(0)
        placed = placed.select(*key, number.alias(PLACE))
    fits = pl.col(PLACE) < len(rows)
    return placed.select(pl.when(fits).then(PLACE)).to_series()
