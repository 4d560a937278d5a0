"""The tables that rows are joined with: the checked ones of the last run, and how old they are.

How old a table is, its rows say: a file may have been copied or pulled a minute ago.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import dataframely as dy
import polars as pl
import structlog

from keel.data.store import Store
from keel.project.columns import moment_of
from keel.project.description import Project
from keel.project.errors import UserError, reason
from keel.serving.log import Clock, now

# Polars panics where a file is cut in its middle, and that is no `Exception`.
UNREADABLE = (
    *(dy.exc.ValidationError, dy.exc.SchemaError),
    *(pl.exceptions.PolarsError, pl.exceptions.PanicException),
)

logger = structlog.get_logger()


@dataclass(frozen=True)
class Lookup:
    """A table, the moments of its rows in their order, and the state of its file."""

    rows: pl.DataFrame
    moments: pl.Series  # as microseconds since 1970; none where rows have no time
    state: tuple[int, int, int]

    def newest(self, now: datetime) -> datetime | None:
        """When its newest row is of that is not of the future; None if there is none."""
        before = int(self.moments.search_sorted(int(now.timestamp() * 1e6), "right"))
        return datetime.fromtimestamp(self.moments[before - 1] / 1e6, UTC) if before else None


class Lookups:
    """All tables but the one that is asked for, read again when their files change.

    A table that can't be read again stays as it was, and is said to be stale.
    """

    def __init__(
        self,
        store: Store,
        project: Project,
        asked: str,
        oldest: Mapping[str, float],
        clock: Clock = now,
    ) -> None:
        """Raises UserError if a table is missing, or is not what tables.py says."""
        self._schemas = {name: table for name, table in project.tables.items() if name != asked}
        unknown = sorted(set(oldest) - set(self._schemas))
        if unknown:
            raise UserError(
                f"serving.oldest_lookup names {', '.join(unknown)}: the lookups are "
                f"{', '.join(self._schemas) or 'none'}"
            )
        self._times = {name: project.time_of(name) for name in self._schemas}
        if timeless := [name for name in oldest if self._times[name] is None]:
            raise UserError(
                f"leave {', '.join(timeless)} out of serving.oldest_lookup: no column says when "
                "its rows are of, so nothing in it says how old it is"
            )
        self._store, self._zone = store, project.zone
        self._oldest = {name: timedelta(hours=hours) for name, hours in oldest.items()}
        self._clock = clock
        self._reading = Lock()
        self._unreadable: dict[str, str] = {}
        self._lookups = {name: self._read(name) for name in self._schemas}

    def tables(self) -> dict[str, pl.LazyFrame]:
        """The newest rows of each."""
        with self._reading:
            for name in self._schemas:
                self._refresh(name)
            return {name: lookup.rows.lazy() for name, lookup in self._lookups.items()}

    def ages(self) -> dict[str, tuple[datetime, timedelta | None]]:
        """When the newest row of each is of, and how old it may be; without those of no time."""
        newest = {name: lookup.newest(self._clock()) for name, lookup in self._lookups.items()}
        return {name: (at, self._oldest.get(name)) for name, at in newest.items() if at}

    def stale(self) -> dict[str, str]:
        """The lookups that are older than they may be, or can't be read, with the reason."""
        now, hour = self._clock(), timedelta(hours=1)
        old = {}
        for name, oldest in self._oldest.items():
            newest = self._lookups[name].newest(now)
            if newest is None or now - newest > oldest:
                age = "no row is of the past"
                if newest:
                    age = f"the newest row is {(now - newest) / hour:.1f} hours old"
                limit = f"serving.oldest_lookup.{name} is {oldest / hour:g}"
                old[name] = f"data/checked/{name}.parquet: {age}, {limit}"
        return old | self._unreadable

    def _refresh(self, name: str) -> None:
        try:
            if _state(self._store.checked(name)) != self._lookups[name].state:
                self._lookups[name] = lookup = self._read(name)
                logger.info("lookup_read", table=name, rows=len(lookup.rows))
            self._unreadable.pop(name, None)
        except (UserError, OSError) as error:
            if name not in self._unreadable:
                logger.warning("lookup_unreadable", table=name, reason=str(error))
            self._unreadable[name] = self._told(name, error)

    def _told(self, name: str, error: UserError | OSError) -> str:
        """What anybody may read: no folder of this machine is in it."""
        if isinstance(error, OSError):
            return f"{self._store.name(self._store.checked(name))} can't be read: {reason(error)}"
        return str(error).replace(f"{self._store.root}{os.sep}", "")

    def _read(self, name: str) -> Lookup:
        file = self._store.checked(name)
        frame = self._store.read_table(file)
        state = _state(file)
        try:
            rows: pl.DataFrame = self._schemas[name].validate(frame.collect(), cast=True)
        except UNREADABLE as error:
            raise UserError(
                f"{self._store.name(file)} is not what tables.py says ({reason(error)}): "
                "`uv run keel run`"
            ) from error
        time = self._times[name]
        if time and rows[time].is_sorted():  # as `validate` writes it: `build` need not sort again
            rows = rows.with_columns(pl.col(time).set_sorted())
        return Lookup(rows, self._moments(name, rows), state)

    def _moments(self, name: str, rows: pl.DataFrame) -> pl.Series:
        time = self._times[name]
        if time is None:
            return pl.Series(dtype=pl.Int64)
        moment = moment_of(time, self._schemas[name].columns()[time], self._zone)
        return rows.select(moment.dt.timestamp("us")).to_series().drop_nulls().unique().sort()


def _state(file: Path) -> tuple[int, int, int]:
    """What changes when a file does, also if it is moved into place."""
    status = file.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino
