"""Which row each example was made of, however `build` sorts and leaves out rows."""

from collections.abc import Callable, Sequence

import polars as pl

FEW = 8  # rows: to ask for their bits is as fast
PLACE, RANK = "its place", "its rank"  # no column has a blank
Keys = Callable[[pl.DataFrame], pl.LazyFrame]


def origins(
    rows: pl.DataFrame, examples: pl.DataFrame, key: Sequence[str], keys: Keys
) -> pl.Series:
    """For each example the number of its row; null where none fits. Their keys are unique.

    `keys` are those of the examples that `build` makes of some of the rows. So it is asked for the
    rows whose number has a certain bit: the bits for which an example is there are its row's
    number. Columns that `build` passes on spare most of that, since only rows that are equal in all
    of these need bits; it is then asked for half of the rows, to see that this was no chance.
    """
    if len(rows) == len(examples) > FEW and (passed := passed_on(rows, examples)):
        half = pl.Series([row.bit_count() % 2 == 1 for row in range(len(rows))])  # no pattern fits
        places, (*_, in_half) = _places(rows, examples, key, keys, passed, [half])
        if half.gather(places).equals(in_half, check_names=False):
            return places
    return _places(rows, examples, key, keys, {}, [])[0]


def passed_on(rows: pl.DataFrame, examples: pl.DataFrame) -> dict[str, str]:
    """The columns of the examples that have the values of one column of the rows, and which."""
    before = [values for values in _sorted(rows) if values.null_count() < len(rows)]
    after = _sorted(examples)
    equal = [(new.name, old.name) for new in after for old in before if _equal(old, new)]
    names, sources = [new for new, _ in equal], [old for _, old in equal]
    return {new: old for new, old in equal if names.count(new) == sources.count(old) == 1}


def _sorted(frame: pl.DataFrame) -> list[pl.Series]:
    return [values.sort() for values in frame if not values.dtype.is_nested()]


def _equal(old: pl.Series, new: pl.Series) -> bool:
    whole = old.dtype.is_integer() and new.dtype.is_integer()
    return (whole or old.dtype == new.dtype) and old.equals(new.cast(old.dtype, strict=False))


def _places(
    rows: pl.DataFrame,
    examples: pl.DataFrame,
    key: Sequence[str],
    keys: Keys,
    passed: dict[str, str],
    also: list[pl.Series],
) -> tuple[pl.Series, list[pl.Series]]:
    """The numbers of the rows, and which examples are among those of the rows that are asked for.

    These are the rows with each bit, and `also`.
    """
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    same = [pl.col(old).cast(examples.schema[new]).alias(new) for new, old in passed.items()]
    rank = place.over(list(passed)) if passed else place
    numbered = rows.select(*same, place.alias(PLACE)).with_columns(rank.alias(RANK))
    bits = range(max(numbered[RANK].to_list(), default=0).bit_length())
    asked = [*(numbered[RANK] // 2**bit % 2 == 1 for bit in bits), *also]
    made = pl.collect_all([keys(rows.filter(some)) for some in asked])
    members = [_among(examples.select(key), part) for part in made]
    its_rank = pl.Series(RANK, [0] * len(examples), pl.Int64)
    for bit in bits:
        its_rank += members[bit].cast(pl.Int64) * 2**bit
    ranked = examples.with_columns(its_rank)
    on = [*passed, RANK]
    placed = ranked.join(numbered, on=on, how="left", nulls_equal=True, maintain_order="left")
    return placed[PLACE], members


def _among(all_keys: pl.DataFrame, some: pl.DataFrame) -> pl.Series:
    """Which keys are among some of them."""
    marked = some.unique().with_columns(pl.lit(value=True).alias(PLACE))
    names = all_keys.columns
    joined = all_keys.join(marked, on=names, how="left", nulls_equal=True, maintain_order="left")
    return joined[PLACE].fill_null(value=False)
