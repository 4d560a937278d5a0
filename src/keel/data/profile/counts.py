"""How often each value of a column occurs, week by week: all that the checks of values look at."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

Counts = np.ndarray[tuple[int, ...], np.dtype[Any]]

WEEK = 7  # days
MOST_PERIODS = 160  # longer histories are looked at in periods of several weeks
MOST_LEVELS = 4_096  # values of a column; numbers with more are counted in bins
BINS = 256
MOST_CELLS = 8_000_000  # of an array of counts
MOST_GROUPS = 30  # values of a category, whose rows are looked at apart


@dataclass(frozen=True)
class Periods:
    """The weeks of a table, or longer periods, from its first day on."""

    first: date
    length: int  # days of each
    count: int
    day: Counts  # of each row, counted from the first

    @property
    def of_rows(self) -> Counts:
        """The period of each row."""
        return self.day // self.length

    def date(self, day: int) -> date:
        return self.first + timedelta(days=int(day))


def periods(days: pl.Series) -> Periods:
    """The periods that the days of a table's rows lie in, of which there is one at least."""
    first: date = days.sort()[0]
    day = (days - first).dt.total_days().to_numpy()
    length = WEEK * -(-(int(day.max()) // WEEK + 1) // MOST_PERIODS)
    return Periods(first, length, int(day.max()) // length + 1, day)


@dataclass(frozen=True)
class Levels:
    """The values of a column in order, None for unknown as the last, and which each row has."""

    values: list[Any]
    codes: Counts
    number: bool
    single: Counts  # whether a level is one value; otherwise it is a bin, named by its lower end

    @property
    def exact(self) -> bool:
        """Whether each value is a level."""
        return bool(self.single.all())

    def counted(self, where: Periods, groups: "Levels | None" = None) -> Counts:
        """How often each level occurs, shape (groups, levels, periods)."""
        size, times = len(self.values), 1
        index = self.codes
        if groups is not None:
            index, times = groups.codes * size + index, len(groups.values)
        counts = np.bincount(
            index * where.count + where.of_rows, minlength=times * size * where.count
        )
        return counts.astype(np.int32).reshape(times, size, where.count)


def levels(column: pl.Series) -> Levels | None:
    """The levels of a column; None of a text that has too many, or of another kind, or unknown."""
    if column.dtype.is_numeric():
        number = column.cast(pl.Float64)
        number = number.set(~number.is_finite(), None)
        return None if number.null_count() == len(number) else _of_number(number)
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Boolean):
        return None
    text = column.cast(pl.String)
    names = text.drop_nulls().unique().sort()
    if not 0 < len(names) <= MOST_LEVELS:
        return None
    codes = text.cast(pl.Enum(names)).to_physical().cast(pl.Int64).fill_null(len(names))
    single = np.ones(len(names) + 1, dtype=bool)
    return Levels([*names, None], codes.to_numpy(), number=False, single=single)


def _of_number(column: pl.Series) -> Levels:
    counted = column.drop_nulls().value_counts(sort=False).sort(column.name)
    values, often = counted[column.name].to_numpy(), counted["count"].to_numpy()
    if len(values) <= MOST_LEVELS:
        single = np.ones(len(values) + 1, dtype=bool)
        place = np.arange(len(values))
        codes = column.replace_strict(values, place, default=len(values), return_dtype=pl.Int64)
        return Levels([*values.tolist(), None], codes.to_numpy(), number=True, single=single)
    common = values[often >= len(column) / BINS]  # a value of many rows stays a level
    known = np.repeat(values, often)[:: max(1, len(column) // BINS)]
    values = np.unique(np.concatenate([known, common, np.nextafter(common, np.inf)]))
    single = np.append(np.isin(values, common), [True])
    bins = np.searchsorted(values, column.fill_null(0).to_numpy(), side="right") - 1
    bins = np.where(column.is_null().to_numpy(), len(values), bins.clip(0))
    return Levels([*values.tolist(), None], bins, number=True, single=single)
