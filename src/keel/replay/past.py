"""What a replay plays: the tables of a project, and what of them was known at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from keel.data.hindsight import as_of
from keel.project.columns import moment_of
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
        return as_of(self.project, self.tables, midnight.astimezone(UTC), at_once=True)

    def examples(self, rows: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
        """The examples of some rows of the table that is asked for."""
        return self.project.build({**self.tables, self.asked: rows.lazy()})

    def day_of(self, table: str) -> pl.Expr | None:
        """The local day of a table's rows; None where they have no time."""
        time = self.project.time_of(table)
        if time is None:
            return None
        zone = self.project.zone
        moment = moment_of(time, self.project.tables[table].columns()[time], zone)
        return moment.dt.convert_time_zone(zone).dt.date()

    @property
    def lookups(self) -> list[str]:
        """The tables beside the one that is asked for."""
        return [name for name in self.project.tables if name != self.asked]
