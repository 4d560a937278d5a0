"""Get the raw tables from their source, as they are."""

from functools import partial
from pathlib import Path

import polars as pl

from keel.data.sources import Form, place, scan
from keel.data.store import Store, replace_all
from keel.project.description import Project
from keel.project.errors import UserError, reason
from keel.project.settings import Data


def run(store: Store, project: Project, *, data: Data) -> dict[str, int]:
    """Store each raw table as Parquet; returns the rows of each."""
    tables = project.tables
    if unknown := set(data.rows) - set(tables):
        raise UserError(f"data.rows names {', '.join(unknown)}: the tables are {', '.join(tables)}")
    form = Form.of(data)
    frames = {
        table: scan(data.source, table, schema.column_names(), form)
        for table, schema in tables.items()
    }
    replace_all(
        {
            store.raw(table): partial(_copy, frame, data.rows.get(table), place(data.source, table))
            for table, frame in frames.items()
        }
    )
    store.keep_only([store.raw(table) for table in tables])
    return {table: _length(store.read_table(store.raw(table))) for table in tables}


def _copy(frame: pl.LazyFrame, rows: int | None, source: str, file: Path) -> None:
    """Write the table to a file, if wanted only about so many rows of it, evenly spread."""
    try:
        if rows is not None:
            frame = frame.gather_every(max(1, _length(frame) // rows))
        frame.sink_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(
            f"{source} can't be copied to {file.parent} ({reason(error)}): "
            "fix that file, see data.source, or make room on the disk"
        ) from error
    if _length(pl.scan_parquet(file, glob=False)) == 0:
        raise UserError(f"{source} has no rows: see data.source")


def _length(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect().item())
