# Keel keeps this file up to date.
"""What the service was asked and what it answered: JSON lines, one file for each UTC day.

`served/requests` has a line for each request, `served/predictions` one for each prediction, and
`served/labels` one for each outcome that was sent in later. Personal columns are in none of them.
"""

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from pydantic_core import to_json

from ...examples import LABEL, Examples
from ...tables import Known

Clock = Callable[[], datetime]

FOLDER = "served"
KINDS = ("requests", "predictions", "labels")
PROBLEMS = pl.List(pl.Struct({"field": pl.String, "reason": pl.String}))


def columns(*, personal: bool) -> dict[str, pl.DataType]:
    """The columns of `Examples` that are known when it is predicted, with their types."""
    return {
        name: column.dtype
        for name, column in Examples.columns().items()
        if name != LABEL and (column.metadata or {}).get("known") != Known.AFTERWARDS
        if personal or not (column.metadata or {}).get("personal")
    }


def key(*, personal: bool) -> dict[str, pl.DataType]:
    """The columns that tell examples apart, which are all of them if they have no primary key."""
    names = Examples.primary_key()
    known = columns(personal=personal)
    return {name: dtype for name, dtype in known.items() if name in names or not names}


def now() -> datetime:
    """The clock of the machine."""
    return datetime.now(UTC)


class Log:
    """Appends to the files below `root`, each time with one write to a file that is then closed.

    So a process that is killed loses no line that it had written, several may write side by side,
    and a file may be moved away at any time. Raises OSError if not all of it could be written.
    """

    def __init__(self, root: Path, keep_days: int, clock: Clock = now) -> None:
        self._folder = root / FOLDER
        self._keep_days = keep_days
        self._clock = clock

    def request(self, **facts: Any) -> None:
        """A request that is about to be answered, or refused."""
        self._append("requests", [facts])

    def predictions(
        self, request: str, model: str, answers: Iterable[dict[str, Any]], examples: pl.DataFrame
    ) -> None:
        """The `row`s of a request with their `probability` and `unseen`, and their examples."""
        told = {"request": request, "model": model}
        logged = examples.select(*columns(personal=False)).iter_rows(named=True)
        lines = [
            {**told, **answer, "example": example}
            for answer, example in zip(answers, logged, strict=True)
        ]
        self._append("predictions", lines)

    def labels(self, labels: pl.DataFrame) -> None:
        """What came out: the columns of `key`, and the label, which is null if it never will."""
        keys = labels.select(*key(personal=False)).iter_rows(named=True)
        lines = [
            {"key": one, "label": label} for one, label in zip(keys, labels[LABEL], strict=True)
        ]
        self._append("labels", lines)

    def forget(self) -> None:
        """Delete the files of more than `keep_days` ago.

        They are counted from the last day with a file, so that a clock that jumps ahead for a
        moment deletes nothing.
        """
        today = self._clock().date()
        for kind in KINDS:
            days = _days(self._folder / kind)
            last = max((day for day in days if day < today), default=today)
            for day, file in days.items():
                if day <= last - timedelta(days=self._keep_days):
                    file.unlink(missing_ok=True)

    def _append(self, kind: str, content: list[dict[str, Any]]) -> None:
        at = self._clock()
        lines = b"".join(
            to_json({"at": at, **line}, inf_nan_mode="null", timedelta_mode="float") + b"\n"
            for line in content
        )
        file = self._folder / kind / f"{at:%Y-%m-%d}.jsonl"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(file, flags, 0o640)
        except FileNotFoundError:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, flags, 0o640)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            lines = b"\n" + lines if torn else lines  # else they would be lost with what is broken
            if os.write(descriptor, lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        finally:
            os.close(descriptor)
        if size == 0:
            self.forget()  # once a day


def predictions(root: Path) -> pl.LazyFrame:
    """`at`, `request`, `row`, `model`, `probability`, `unseen`, and the columns of `Examples`.

    One that `Examples` has too gives way, and is called `log_model` or the like.
    """
    fields = {
        "request": pl.String(),
        "row": pl.Int64(),
        "model": pl.String(),
        "probability": pl.Float64(),
        "unseen": pl.List(pl.String),
    }
    return _read(root, "predictions", fields, "example", columns(personal=False))


def labels(root: Path) -> pl.LazyFrame:
    """`at`, the columns that tell examples apart, and `label`."""
    return _read(root, "labels", {"label": pl.Boolean()}, "key", key(personal=False))


def requests(root: Path) -> pl.LazyFrame:
    """`at`, `request`, `route`, `status`, `rows`, `seconds` and `problems`."""
    fields = {
        "request": pl.String(),
        "route": pl.String(),
        "status": pl.Int64(),
        "rows": pl.Int64(),
        "seconds": pl.Float64(),
        "problems": PROBLEMS,
    }
    return _read(root, "requests", fields)


def broken(root: Path, kind: str) -> int:
    """How many lines the readers leave out: those that a crash or a full disk tore."""
    torn = pl.col("line").is_not_null() & ~_is_whole()
    return int(_lines(root, kind).select(torn.sum()).collect().item())


def _read(
    root: Path,
    kind: str,
    fields: Mapping[str, pl.DataType],
    nested: str | None = None,
    inside: Mapping[str, pl.DataType] = {},
) -> pl.LazyFrame:
    """The whole lines of a kind, with the fields of the object `nested` beside the others."""
    shape = _shape({"at": pl.String(), **fields})
    if nested:
        shape[nested] = pl.Struct(_shape(inside))
    line = pl.col("line").str.json_decode(pl.Struct(shape))
    found = _lines(root, kind).filter(_is_whole()).select(line.alias("line")).unnest("line")
    own = {name: f"log_{name}" if name in inside else name for name in ("at", *fields)}
    found = found.rename(own)
    found = found.unnest(nested) if nested else found
    moments = pl.Datetime("us", "UTC")
    types = {own[name]: dtype for name, dtype in {"at": moments, **fields}.items()}
    return found.select(_typed(name, dtype) for name, dtype in {**types, **inside}.items())


def _lines(root: Path, kind: str) -> pl.LazyFrame:
    """The lines of all days, as text; a character that is cut in two makes no error."""
    files = [file for _, file in sorted(_days(root / FOLDER / kind).items())]
    if not files:
        return pl.LazyFrame(schema={"line": pl.String})
    return pl.scan_csv(
        files,
        schema={"line": pl.String},
        has_header=False,
        separator="\x01",  # which no line of JSON has
        quote_char=None,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        raise_if_empty=False,
    )


def _is_whole() -> pl.Expr:
    """Whether a line is JSON to its end, and says when it was written."""
    return pl.col("line").str.json_path_match("$.at").is_not_null()


def _days(folder: Path) -> dict[date, Path]:
    """The files of a folder by their day; others are left alone."""
    found = {}
    for file in folder.glob("????-??-??.jsonl"):
        try:
            found[date.fromisoformat(file.stem)] = file
        except ValueError:
            continue
    return found


def _shape(types: Mapping[str, pl.DataType]) -> dict[str, Any]:
    """How to decode JSON: a value as text, so that one of another type makes no error."""
    return {name: dtype if dtype.is_nested() else pl.String() for name, dtype in types.items()}


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    """The text as its type, null where it is none."""
    value = pl.col(name)
    if dtype.is_nested():
        return value
    if isinstance(dtype, pl.Datetime | pl.Date | pl.Time):
        return _moment(value, dtype)
    if isinstance(dtype, pl.Duration):
        seconds = value.cast(pl.Float64, strict=False)
        return (seconds * 1e6).round().cast(pl.Duration("us")).cast(dtype)
    return value == "true" if dtype == pl.Boolean else value.cast(dtype, strict=False)


def _moment(text: pl.Expr, dtype: pl.Datetime | pl.Date | pl.Time) -> pl.Expr:
    if isinstance(dtype, pl.Date):
        return text.str.to_date(strict=False)
    if isinstance(dtype, pl.Time):
        return text.str.to_time(strict=False)
    if dtype.time_zone is None:
        return text.str.to_datetime(time_unit=dtype.time_unit, strict=False)
    utc = text.str.to_datetime("%+", time_unit=dtype.time_unit, time_zone="UTC", strict=False)
    return utc.dt.convert_time_zone(dtype.time_zone)
