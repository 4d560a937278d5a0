"""What the service was asked and what it answered: JSON lines, one file for each UTC day.

`served/requests` has a line for each request, `served/predictions` one for each prediction, and
`served/labels` one for each outcome that was sent in later. Personal columns are in none of them.
Lines are written in one go; whatever a crash tears, `keel.serving.logged` leaves out and counts.
"""

import errno
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryFile
from typing import Any

import polars as pl
from pydantic_core import to_json

from keel.project.columns import Known, is_personal, when_known
from keel.project.description import Project

Clock = Callable[[], datetime]

FOLDER = "served"
KINDS = ("requests", "predictions", "labels")
PROBE = 2**16  # bytes that there has to be room for


def columns(project: Project, *, personal: bool) -> dict[str, pl.DataType]:
    """The columns of the examples that are known when it is predicted, with their types."""
    return {
        name: column.dtype
        for name, column in project.examples.columns().items()
        if name != project.label and when_known(column) != Known.AFTERWARDS
        if personal or not is_personal(column)
    }


def key(project: Project, *, personal: bool) -> dict[str, pl.DataType]:
    """The columns that tell examples apart, with their types."""
    known = columns(project, personal=personal)
    return {name: dtype for name, dtype in known.items() if name in project.key}


def now() -> datetime:
    """The clock of the machine."""
    return datetime.now(UTC)


class Log:
    """Appends to the files below `root`. Raises OSError if not all of it could be written.

    It keeps the files of `keep_days`, or those of the last days that take `keep_bytes` at most.
    """

    def __init__(
        self,
        root: Path,
        project: Project,
        keep_days: int,
        clock: Clock = now,
        keep_bytes: float = inf,
    ) -> None:
        self._folder = root / FOLDER
        self._keep_bytes = keep_bytes
        self._written = 0
        self._failed = True  # nothing was tried yet
        self._label = project.label
        self._columns = list(columns(project, personal=False))
        self._key = list(key(project, personal=False))
        self._keep_days = keep_days
        self._clock = clock

    def request(self, **facts: Any) -> None:
        """A request that is about to be answered, or refused."""
        self._append("requests", [facts])

    def predictions(
        self,
        request: str,
        model: str,
        answers: Iterable[Mapping[str, Any]],
        examples: Sequence[Mapping[str, Any]],
        exchange: str | None = None,
    ) -> None:
        """The `row`s of a request with what the task answers and `unseen`, and their examples.

        An `exchange` is an id that no other request has, where the client gave the other one.
        """
        ids = {"request": request} | ({"exchange": exchange} if exchange else {})
        lines = [
            {
                **ids,
                "model": model,
                **answer,
                "example": example
                if len(example) == len(self._columns)  # none of them is personal
                else {name: example[name] for name in self._columns},
            }
            for answer, example in zip(answers, examples, strict=True)
        ]
        self._append("predictions", lines)

    def labels(self, rows: pl.DataFrame) -> None:
        """What came out: the columns of `key`, and the label, which is null if it never will."""
        keys = rows.select(self._key).iter_rows(named=True)
        labels = zip(keys, rows[self._label], strict=True)
        self._append("labels", [{"key": example, "label": label} for example, label in labels])

    def check(self) -> None:
        """Raises OSError if what comes next could not be written, as far as is known.

        After a failure it tries, since nobody else would while requests are sent elsewhere.
        """
        if self.free() < PROBE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._failed:
            for kind in KINDS:
                append(self._file(kind, self._clock()), b"")
            with TemporaryFile(dir=self._folder) as probe:
                probe.write(b" " * PROBE)
            self._failed = False

    def free(self) -> int:
        """Bytes that are left on its disk."""
        places = (self._folder, *self._folder.parents)  # it may be a volume of its own
        return disk_usage(next(place for place in places if place.exists())).free

    def size(self) -> int:
        """Bytes that it takes."""
        return size([file for kind in KINDS for file in (self._folder / kind).glob("*")])

    def forget(self) -> None:
        """Delete the files of more than `keep_days` ago, and the oldest beyond `keep_bytes`.

        Days are counted from the last one with a file, so that a clock that jumps ahead for a
        moment deletes nothing. The files of today stay in any case.
        """
        self._written = 0
        today = self._clock().date()
        by_kind = {kind: _by_day(self._folder / kind) for kind in KINDS}
        last = {
            kind: max((day for day in files if day < today), default=today)
            for kind, files in by_kind.items()
        }
        left = self._keep_bytes
        for day in sorted({day for files in by_kind.values() for day in files}, reverse=True):
            of_day = {kind: files[day] for kind, files in by_kind.items() if day in files}
            left -= sum(map(size, of_day.values()))
            for kind, kept in of_day.items():
                old = day <= last[kind] - timedelta(days=self._keep_days)
                if old or (left < 0 and day < today):
                    for file in kept:
                        file.unlink(missing_ok=True)

    def _file(self, kind: str, at: datetime) -> Path:
        return self._folder / kind / f"{at:%Y-%m-%d}.jsonl"

    def _append(self, kind: str, content: list[dict[str, Any]]) -> None:
        at = self._clock()
        lines = b"".join(
            to_json({"at": at, **line}, inf_nan_mode="null", timedelta_mode="float") + b"\n"
            for line in content
        )
        try:
            is_new = append(self._file(kind, at), lines)
        except OSError:
            self._failed = True
            raise
        self._written += len(lines)
        if is_new or self._written > self._keep_bytes / 100:
            with suppress(OSError):
                self.forget()


def append(file: Path, lines: bytes) -> bool:
    """Write whole lines to the end of a file in one go; returns whether the file is new.

    It is opened for that and closed again. So a process that is killed loses nothing it had
    written, several may write side by side, and the file may be moved away at any time.
    Raises OSError if not all could be written, such as on a full disk.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        descriptor = os.open(file, flags, 0o640)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, flags, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        lines = b"\n" + lines if torn else lines  # else the first is lost with what is broken
        if os.write(descriptor, lines) < len(lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
    finally:
        os.close(descriptor)
    return size == 0


def days(folder: Path) -> dict[date, Path]:
    """The files of a folder by their day; others are left alone."""
    files = {}
    for file in folder.glob("????-??-??.jsonl"):
        with suppress(ValueError):
            files[date.fromisoformat(file.stem)] = file
    return files


def _by_day(folder: Path) -> dict[date, list[Path]]:
    """The same with what readers made of each, by one look at the folder."""
    files = {day: [file] for day, file in days(folder).items()}
    for file in folder.glob("????-??-??.*.parquet"):
        with suppress(ValueError):
            files.get(date.fromisoformat(file.name[:10]), []).append(file)
    return files


def size(files: Iterable[Path]) -> int:
    """Bytes of those that are there."""
    sizes = 0
    for file in files:
        with suppress(OSError):
            sizes += file.stat().st_size
    return sizes


def decoded(file: Path) -> list[Path]:
    """What readers made of a day's file, so that they need not do it again."""
    return list(file.parent.glob(f"{file.stem}.*.parquet"))
