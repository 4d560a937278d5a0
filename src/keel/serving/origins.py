"""Which row each example was made of, however `build` sorts and leaves out rows."""

from collections.abc import Callable, Sequence

import polars as pl

PLACE = "its place"  # no column has a blank
Keys = Callable[[pl.DataFrame], pl.LazyFrame]


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
