"""The tables that rows are joined with: the checked ones of the last run, and how old they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import dataframely as dy
import polars as pl
import structlog

from keel.data.store import Store
from keel.project.description import Project
from keel.project.errors import UserError
from keel.serving.log import Clock, now

logger = structlog.get_logger()


@dataclass(frozen=True)
class Lookup:
    """A table, and the state of its file when it was read."""

    rows: pl.DataFrame
    written_at: datetime
    state: tuple[int, int, int]


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
        self._store = store
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
        """When each of them was written, and how old it may be."""
        return {
            name: (lookup.written_at, self._oldest.get(name))
            for name, lookup in self._lookups.items()
        }

    def stale(self) -> dict[str, str]:
        """The lookups that are older than they may be, or can't be read, with the reason."""
        age = {name: self._clock() - self._lookups[name].written_at for name in self._oldest}
        hour = timedelta(hours=1)
        old = {
            name: f"data/checked/{name}.parquet was written {age[name] / hour:.1f} "
            f"hours ago, serving.oldest_lookup.{name} is {oldest / hour:g}"
            for name, oldest in self._oldest.items()
            if age[name] > oldest
        }
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
            self._unreadable[name] = str(error)

    def _read(self, name: str) -> Lookup:
        file = self._store.checked(name)
        frame = self._store.read_table(file)
        state = _state(file)
        try:
            rows = self._schemas[name].validate(frame.collect(), cast=True)
        except (dy.exc.ValidationError, dy.exc.SchemaError, pl.exceptions.PolarsError) as error:
            raise UserError(
                f"{self._store.name(file)} is not what tables.py says ({error}): `uv run keel run`"
            ) from error
        return Lookup(rows, datetime.fromtimestamp(state[0] / 1e9, UTC), state)


def _state(file: Path) -> tuple[int, int, int]:
    """What changes when a file does, also if it is moved into place."""
    status = file.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino
