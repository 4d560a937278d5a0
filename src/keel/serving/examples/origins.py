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
FEW = 8  # examples with the key of another
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
            middle = len(rows) // 2  # one of them is at fault, and soon alone
            return self._apart(rows, lookups, pl.int_range(len(rows), eager=True) >= middle)
        if isinstance(placed, int):
            return self._apart(rows, lookups, self._without_twins(rows, lookups, placed))
        count = Counter(placed[1])
        wrong = {
            row: WrongField("", f"{BUILD} makes {count[row]} examples of it, and not one")
            for row in range(len(rows))
            if count[row] != 1
        }
        return Made(*placed, wrong)

    def _placed(self, rows: pl.DataFrame, lookups: Lookups) -> tuple[pl.DataFrame, list[int]] | int:
        """The examples and the rows that they come from, or how many have the key of another."""
        whole = self._plan(rows, lookups).collect()
        examples = whole.cast(self.columns) if whole.schema != self.columns else whole
        if len(rows) == 1:
            return examples, [0] * len(examples)
        if twins := int(whole.select(self._key).is_duplicated().sum()):
            return twins
        places = origins(
            rows, whole, self._key, lambda some: self._plan(some, lookups).select(self._key)
        )
        return examples.filter(places.is_not_null()), places.drop_nulls().to_list()

    def _apart(self, rows: pl.DataFrame, lookups: Lookups, second: pl.Series) -> Made:
        """The same of two parts; `second` says which rows are in the second one."""
        examples, places, wrong = [], [], dict[int, WrongField]()
        for part in (~second, second):
            numbers = part.arg_true().to_list()
            made = self.made(rows.filter(part), lookups)
            examples.append(made.examples)
            places += [numbers[place] for place in made.places]
            wrong |= {numbers[row]: reason for row, reason in made.wrong.items()}
        return Made(pl.concat(examples), places, wrong)

    def _without_twins(self, rows: pl.DataFrame, lookups: Lookups, twins: int) -> pl.Series:
        """Two parts in which no examples have the same key, by a bit of the rows' numbers.

        Halves where no bit does that, or so many are alike that it would take long to find.
        """
        numbers = pl.int_range(len(rows), eager=True)
        for bit in range((len(rows) - 1).bit_length() if twins <= FEW else 0):
            second: pl.Series = numbers // 2**bit % 2 == 1
            parts = (rows.filter(~second), rows.filter(second))
            made = pl.collect_all([self._plan(p, lookups).select(self._key) for p in parts])
            if not any(keys.is_duplicated().any() for keys in made):
                break
        else:
            second = numbers >= len(rows) // 2
        return second

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
