"""The columns that a prediction comes from: a client may leave out the others."""

from collections.abc import Iterator

import polars as pl
from polars.io.plugins import register_io_source

from keel.project.description import Project
from keel.serving.examples.rows import asked
from keel.serving.log import key


def needed_of_examples(project: Project) -> list[str]:
    """The columns of the examples that make a prediction: key, time and what features read."""
    names = {*key(project, personal=True), *project.features.columns_read(), project.time}
    return [name for name in project.examples.column_names() if name in names]


def needed(project: Project, table: str) -> list[str]:
    """The columns of the table that `build` makes these of, of those that are known by then.

    Polars says which columns it reads for them. Where it can't tell, as below a function of Python
    or a `unique`, that is all of them.
    """
    schema = project.tables[table]
    every = asked(schema)
    read = set[str]()

    def rows(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        del predicate, n_rows, batch_size  # there are no rows
        names = schema.column_names() if with_columns is None else with_columns
        read.update(names)
        yield schema.create_empty().select(names)

    tables: dict[str, pl.LazyFrame] = {
        name: each.create_empty().lazy() for name, each in project.tables.items()
    }
    tables[table] = register_io_source(rows, schema=schema.create_empty().schema)
    try:
        project.build(tables).select(needed_of_examples(project)).collect()
    except Exception:  # noqa: BLE001 -- whatever a build does without rows: then all is asked for
        return every
    return [name for name in every if name in read]
