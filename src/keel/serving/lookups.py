"""The tables that rows are joined with: the checked ones of the last run, and how old they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import dataframely as dy
import polars as pl
import structlog
from TEAM.tables import TABLES

from keel.data.store import Store
from keel.project.errors import UserError
from keel.serving.log import Clock, now

log = structlog.get_logger()


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
        self, store: Store, asked: str, oldest: Mapping[str, float], clock: Clock = now
    ) -> None:
        """Raises UserError if a table is missing, or is not what tables.py says."""
        unknown = sorted(set(oldest) - (set(TABLES) - {asked}))
        if unknown:
            raise UserError(
                f"serving.oldest_lookup names {', '.join(unknown)}: the lookups are "
                f"{', '.join(name for name in TABLES if name != asked) or 'none'}"
            )
        self._store = store
        self._oldest = oldest
        self._clock = clock
        self._reading = Lock()
        self._broken: dict[str, str] = {}
        self._found = {name: self._read(name) for name in TABLES if name != asked}

    def tables(self) -> dict[str, pl.LazyFrame]:
        """The newest rows of each."""
        with self._reading:
            for name, found in self._found.items():
                self._refresh(name, found)
            return {name: found.rows.lazy() for name, found in self._found.items()}

    def written(self) -> dict[str, datetime]:
        """When each of them was written."""
        return {name: found.written_at for name, found in self._found.items()}

    def stale(self) -> dict[str, str]:
        """The lookups that are older than they may be, or can't be read, with the reason."""
        age = {name: self._clock() - written for name, written in self.written().items()}
        old = {
            name: f"data/checked/{name}.parquet was written {age[name].total_seconds() / 3600:.1f} "
            f"hours ago, serving.oldest_lookup.{name} is {hours:g}"
            for name, hours in self._oldest.items()
            if age[name] > timedelta(hours=hours)
        }
        return old | self._broken

    def _refresh(self, name: str, found: Lookup) -> None:
        try:
            if _state(self._store.checked(name)) != found.state:
                self._found[name] = self._read(name)
                log.info("lookup_read", table=name, rows=len(self._found[name].rows))
            self._broken.pop(name, None)
        except (UserError, OSError) as error:
            if name not in self._broken:
                log.warning("lookup_unreadable", table=name, reason=str(error))
            self._broken[name] = str(error)

    def _read(self, name: str) -> Lookup:
        file = self._store.checked(name)
        frame = self._store.read_table(file)
        state = _state(file)
        try:
            rows = TABLES[name].validate(frame.collect(), cast=True)
        except (dy.exc.ValidationError, dy.exc.SchemaError, pl.exceptions.PolarsError) as error:
            raise UserError(
                f"{self._store.name(file)} is not what tables.py says ({error}): `uv run keel run`"
            ) from error
        return Lookup(rows, datetime.fromtimestamp(state[0] / 1e9, UTC), state)


def _state(file: Path) -> tuple[int, int, int]:
    """What changes when a file does, also if it is moved into place."""
    status = file.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino
