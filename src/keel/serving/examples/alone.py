"""Whether a row that is asked for alone gets the example that it got among all rows.

A request is one row. What `build` makes of other rows of its table, such as the value before with
`shift`, the mean of a window, a rank or the number of the row, would be another there, unnoticed.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from polars import selectors as cs

from keel.project.description import Project
from keel.project.errors import UserError, reason
from keel.serving.examples.origins import BUILD, Lookups
from keel.serving.examples.rows import asked
from keel.serving.log import columns

ROWS = 20_000  # are compared, the last of the table: what looks at others shows in few
DIGITS = 9  # of numbers: what is summed up of a lookup may be so in another order


def check_rows_alone(project: Project, table: str, stored: pl.LazyFrame, lookups: Lookups) -> None:
    """Raise UserError if rows of the table get other examples than among all its rows.

    `stored` are rows as the pipeline has them. They are asked for without what is known afterwards,
    which `build` may have taken from the rows before.
    """
    schema = project.tables[table]
    later = {name: c.dtype for name, c in schema.columns().items() if name not in asked(schema)}
    wanted = columns(project, personal=True)

    def plan(rows: pl.DataFrame) -> pl.LazyFrame:
        made = project.build({**lookups, table: rows.lazy()}).select(*wanted)
        return made.with_columns(cs.float().round_sig_figs(DIGITS))

    try:
        rows = stored.tail(ROWS).collect()
        alone = rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in later.items())
        drawn = pl.Series(np.random.default_rng(0).random(len(rows)) < 0.5)  # cuts any group
        plans = [plan(rows), plan(alone.filter(drawn)), plan(alone.filter(~drawn))]
        among, *parts = pl.collect_all(plans)
    except pl.exceptions.PolarsError as error:
        raise UserError(
            f"{BUILD} fails with rows as they are asked for: {reason(error)}"
        ) from error
    some = pl.concat(parts)
    if some.is_empty() and not rows.is_empty():
        raise UserError(
            f"{BUILD} makes no example of rows whose {', '.join(later)} is not known yet: leave "
            "them in, the pipeline itself leaves out what has no label"
        )
    key = project.examples.primary_key()
    looking = _differing(among, some, key, key or schema.column_names())
    if not looking:
        return
    cure = f"let {', '.join(key)} come with the row"
    if not (key and some.select(key).is_duplicated().any()):
        cure = (
            f"take {', '.join(looking)} from a table of its own, joined as of the time of the row "
            '("Look back" in docs/how-to.md)'
        )
    raise UserError(
        f"examples.py: {cure}: `build` makes it of other rows of {table}, and a request is one row"
    )


def _differing(
    among: pl.DataFrame, some: pl.DataFrame, key: Sequence[str], plain: Sequence[str]
) -> list[str]:
    """The columns by which examples among all differ from the others of their key.

    Without a key, the columns that are `plain` are believed first.
    """
    both = among.join(some, on=key, how="semi", nulls_equal=True) if key else among
    names = [name for name, dtype in both.schema.items() if not dtype.is_nested()]
    same: list[str] = []
    for name in sorted(names, key=lambda name: name not in plain):
        if both.join(some, on=[*same, name], how="anti", nulls_equal=True).is_empty():
            same.append(name)
    return [name for name in names if name not in same]
