"""JSON lines, one file for each day, that survive crashes: written in one go, read with holes."""

import errno
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl


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


def broken(folder: Path) -> int:
    """How many lines `read` leaves out: those that a crash or a full disk tore."""
    torn = pl.col("line").is_not_null() & ~_is_whole()
    return int(_lines(folder).select(torn.sum()).collect().item())


def read(
    folder: Path,
    fields: Mapping[str, pl.DataType],
    nested: str | None = None,
    inside: Mapping[str, pl.DataType] = {},
) -> pl.LazyFrame:
    """The whole lines of all days, with the fields of the object `nested` beside the others.

    One of `fields` gives way to a nested one of the same name, and is called `log_…`.
    """
    shape = _shape({"at": pl.String(), **fields})
    if nested:
        shape[nested] = pl.Struct(_shape(inside))
    line = pl.col("line").str.json_decode(pl.Struct(shape))
    found = _lines(folder).filter(_is_whole()).select(line.alias("line")).unnest("line")
    own = {name: f"log_{name}" if name in inside else name for name in ("at", *fields)}
    found = found.rename(own)
    found = found.unnest(nested) if nested else found
    moments = pl.Datetime("us", "UTC")
    types = {own[name]: dtype for name, dtype in {"at": moments, **fields}.items()}
    return found.select(_typed(name, dtype) for name, dtype in {**types, **inside}.items())


def _lines(folder: Path) -> pl.LazyFrame:
    """The lines as text; a character that was cut in two makes no error."""
    files = [file for _, file in sorted(days(folder).items())]
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


def days(folder: Path) -> dict[date, Path]:
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
