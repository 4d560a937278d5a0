"""What a replay plays: the tables of a project, and what of them was known at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dataframely as dy
import polars as pl

from keel.data.hindsight import as_of
from keel.project.description import Project, Tables


@dataclass(frozen=True)
class Past:
    """The tables as they are known in the end; a request is a row of the one that is `asked`."""

    project: Project
    tables: Tables
    asked: str

    def known_before(self, day: date) -> Mapping[str, pl.LazyFrame]:
        """The tables as they were known when the day began, where the project is."""
        midnight = datetime.combine(day, datetime.min.time(), self.project.timezone)
        return as_of(self.project, self.tables, midnight.astimezone(UTC))

    def examples(self, rows: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
        """The examples of some rows of the table that is asked for."""
        return self.project.build({**self.tables, self.asked: rows.lazy()})

    def day_of(self, table: str) -> pl.Expr | None:
        """The local day of a table's rows: of the first time in its key, else of the first one."""
        schema = self.project.tables[table]
        columns = schema.columns()
        for name in [*schema.primary_key(), *columns]:
            if isinstance(columns[name], dy.Date):
                return pl.col(name)
            if isinstance(columns[name], dy.Datetime):
                time = pl.col(name)
                if getattr(columns[name], "time_zone", None):
                    time = time.dt.convert_time_zone(self.project.zone)
                return time.dt.date()
        return None

    @property
    def lookups(self) -> list[str]:
        """The tables beside the one that is asked for."""
        return [name for name in self.project.tables if name != self.asked]
