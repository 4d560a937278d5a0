"""The examples that `build` makes of rows, and which row each was made of.

However `build` sorts and leaves out rows, and whichever of them it fails with.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import polars as pl

from keel.project.description import Project
from keel.serving.log import columns, key
from keel.serving.problems import WrongField

BUILD = "examples.py: `build`"
PLACE, BIT = "its place", "its bit"  # no column has a blank
TRIES = 64  # failing parts of the rows that are asked for again in halves
ENGINE: Final = "in-memory"  # of Polars: for few rows it takes two thirds of the time
Build = Callable[[pl.LazyFrame], pl.LazyFrame]
Lookups = Mapping[str, pl.LazyFrame]


def nothing_stops() -> None:
    """What a step asks that is wanted in any case."""


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
        self.key = list(key(project, personal=True))

    def made(
        self, rows: pl.DataFrame, lookups: Lookups, go_on: Callable[[], None] = nothing_stops
    ) -> Made:
        """The examples of the rows, each once. The lookups are the other tables.

        What fails is asked for again in halves, so that few are told that they may be at fault.
        `go_on` is called between steps, and may raise what ends the work.
        """
        examples, places, wrong = list[pl.DataFrame](), list[int](), dict[int, WrongField]()
        parts, tries = deque([range(len(rows))]), TRIES
        while parts:
            go_on()
            part = parts.popleft()
            try:
                some = rows if len(part) == len(rows) else rows[part.start : part.stop]
                made = self._together(some, lookups)
            except pl.exceptions.PolarsError as error:
                middle = len(part) // 2
                if middle and tries:
                    parts += [part[:middle], part[middle:]]
                    tries -= 1
                    continue
                who = "it or a row beside it" if middle else "it"
                reason = f"{BUILD} fails with {who}: {error}"
                wrong |= dict.fromkeys(part, WrongField("", reason))
            else:
                examples.append(made.examples)
                places += [part[place] for place in made.places]
                wrong |= {part[row]: problem for row, problem in made.wrong.items()}
        whole = pl.concat(examples) if examples else pl.DataFrame(schema=self.columns)
        return Made(whole, places, wrong)

    def _together(self, rows: pl.DataFrame, lookups: Lookups) -> Made:
        """The same of rows that `build` takes. Raises PolarsError if it fails."""

        def build(some: pl.LazyFrame) -> pl.LazyFrame:
            return self._build({**lookups, self._table: some})

        if len(rows) == 1:
            examples = build(rows.lazy()).select(*self.columns).collect(engine=ENGINE)
            places, unclear = pl.Series([0] * len(examples)), False
        else:
            whole = numbered(build, rows, self.columns.names(), self.key)
            unclear = whole[PLACE].has_nulls()
            examples, places = whole.drop(PLACE), whole[PLACE]
            if unclear:
                examples, places = examples.filter(places.is_not_null()), places.drop_nulls()
        if examples.schema != self.columns:
            examples = examples.cast(self.columns)
        count = Counter(places.to_list())
        alone = "ask for it alone: " if unclear else ""
        wrong = {
            row: WrongField("", f"{alone}{BUILD} makes {count[row]} examples of it, and not one")
            for row in range(len(rows))
            if count[row] != 1
        }
        return Made(examples, places.to_list(), wrong)


class Numbered(pl.LazyFrame):
    """Rows whose number stays with them, also where `build` selects other columns by name."""

    def select(self, *exprs: Any, **named_exprs: Any) -> pl.LazyFrame:
        chosen = super().select(*exprs, **named_exprs)
        if PLACE in chosen.collect_schema():  # such as of `pl.all()`
            return chosen
        return super().select(*exprs, **named_exprs, **{PLACE: PLACE})


def numbered(
    build: Build, rows: pl.DataFrame, wanted: Sequence[str], key: Sequence[str]
) -> pl.DataFrame:
    """The wanted columns of the examples of rows, with the number of its row beside each.

    The number is null where it is not clear. Raises PolarsError if `build` fails.
    """
    plain = build(rows.lazy()).select(*wanted)
    numbers = pl.int_range(len(rows), eager=True).alias(PLACE)
    with suppress(Exception):  # whatever `build` does with a column more: it's asked without, too
        travelling = build(Numbered(rows.with_columns(numbers))).select(*wanted, PLACE)
        whole, found = pl.collect_all([plain, travelling], engine=ENGINE)
        if not whole.equals(found.drop(PLACE)):
            whole, found = whole.sort(wanted), found.sort(wanted)
        if whole.equals(found.drop(PLACE)):
            return found
    whole = plain.collect(engine=ENGINE)
    return whole.with_columns(_by_bits(build, rows, whole.select(key or wanted)).alias(PLACE))


def _by_bits(build: Build, rows: pl.DataFrame, keys: pl.DataFrame) -> pl.Series:
    """For each example, by its key, the number of its row; null where another has the same.

    `build` is asked for the rows whose number has a certain bit, and for those whose has not. The
    parts in which an example is found spell the number of its row.
    """
    numbers, names = pl.int_range(len(rows), eager=True), keys.columns
    bits = [2**bit for bit in range((len(rows) - 1).bit_length())]
    parts = [numbers // bit % 2 == value for bit in bits for value in (1, 0)]
    plans = [build(rows.filter(part).lazy()).select(*names) for part in parts]
    made = iter(pl.collect_all(plans, engine=ENGINE))
    alone = pl.struct(names).is_unique()
    placed = keys.with_columns(pl.when(alone).then(0).alias(PLACE))
    for bit in bits:
        found = [next(made).with_columns(pl.lit(value).alias(BIT)) for value in (bit, 0)]
        once = pl.concat(found).filter(alone)
        placed = placed.join(once, names, "left", nulls_equal=True, maintain_order="left")
        placed = placed.select(*names, (pl.col(PLACE) + pl.col(BIT)).alias(PLACE))
    return placed.select(pl.when(pl.col(PLACE) < len(rows)).then(PLACE)).to_series()
