"""Rows for tests, of which only what matters is said."""

from collections.abc import Mapping, Sequence
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

TRIED = 1_000  # numbers, of which those are taken that the rules of a column allow


def rows(
    schema: type[dy.Schema], usual: Mapping[str, Any], /, **columns: Sequence[Any]
) -> pl.DataFrame:
    """Rows of a schema with these columns, of the same length; the others have their usual value.

    One row without any. The types are those of the schema, whose rules the values may break.
    A column that may be null is null without a usual value; one that the schema has not is left
    out. Raises ValueError for one that is neither given nor usual, or of another length.
    """
    types = schema.create_empty().schema
    if unknown := set(columns) - set(types):
        raise ValueError(f"{', '.join(sorted(unknown))}: the columns are {', '.join(types)}")
    known = {name for name, column in schema.columns().items() if column.nullable}
    if lacking := [name for name in types if name not in {*known, *usual, *columns}]:
        raise ValueError(
            f"tests/builders.py: give {', '.join(lacking)} of {schema.__name__} an ordinary value"
        )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns of one length are needed, and these have {lengths}")
    count = next(iter(lengths.values()), 1)
    values = {name: columns.get(name, [usual.get(name)] * count) for name in types}
    return pl.DataFrame(
        [pl.Series(name, values[name], dtype, strict=False) for name, dtype in types.items()]
    )


def spread(schema: type[dy.Schema], name: str, count: int) -> list[Any]:
    """So many values of a number's column, evenly from the least that it may have to the greatest.

    They follow the schema as it is when a test runs; without a limit they go 1,000 beyond the
    other, or from 0 to 1,000. Few values that are allowed come several times in a row.
    Raises ValueError if the rules of the column allow none of 1,000 values that are tried.
    """
    column = schema.columns()[name]
    low, high = (
        next((v for v in (getattr(column, n, None) for n in names) if v is not None), None)
        for names in (("min", "min_exclusive"), ("max", "max_exclusive"))
    )
    start = low if low is not None else 0 if high is None else high - TRIED
    tried = getattr(column, "is_in", None) or np.linspace(
        start, start + TRIED if high is None else high, TRIED
    )
    values = pl.DataFrame({name: pl.Series(tried).cast(column.dtype, strict=False)})
    rules = column.validation_rules(pl.col(name)).values()
    allowed = values.filter(pl.col(name).is_not_null(), *rules)[name].unique().sort()
    if not len(allowed):
        raise ValueError(f"{schema.__name__}.{name} allows none of {TRIED} values from {start} on")
    return [allowed[i * len(allowed) // count] for i in range(count)]
