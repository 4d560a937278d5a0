"""Rows for tests, of which only what matters is said."""

from collections.abc import Mapping, Sequence
from typing import Any

import dataframely as dy
import polars as pl


def rows(
    schema: type[dy.Schema], usual: Mapping[str, Any], **columns: Sequence[Any]
) -> pl.DataFrame:
    """Rows of a schema with these columns, of the same length; the others have their usual value.

    One row without any. The types are those of the schema, whose rules the values may break.
    Raises ValueError for a column that has no usual value, or one of another length.
    """
    if unknown := set(columns) - set(usual):
        raise ValueError(f"{', '.join(sorted(unknown))}: the columns are {', '.join(usual)}")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns of one length are needed, and these have {lengths}")
    count = next(iter(lengths.values()), 1)
    types = schema.create_empty().schema
    return pl.DataFrame(
        {
            name: pl.Series(name, columns.get(name, [value] * count), types[name], strict=False)
            for name, value in usual.items()
        }
    ).select(types.names())
