"""What the service was asked and what it answered: JSON lines, one file for each UTC day.

`served/requests` has a line for each request, `served/predictions` one for each prediction, and
`served/labels` one for each outcome that was sent in later. Personal columns are in none of them.
Lines are written in one go; whatever a crash tears, readers leave out and count.
"""

import errno
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from pydantic_core import to_json

from keel.project.columns import Known, is_personal, when_known
from keel.project.description import Project

Clock = Callable[[], datetime]
Types = Mapping[str, pl.DataType]

FOLDER = "served"
KINDS = ("requests", "predictions", "labels")
LINE = pl.col("line")
IS_WHOLE = LINE.str.json_path_match("$.at").is_not_null()  # JSON to its end, and it has its time
REQUESTS: Types = {
    "request": pl.String(),
    "route": pl.String(),
    "status": pl.Int64(),
    "rows": pl.Int64(),
    "seconds": pl.Float64(),
    "problems": pl.List(pl.Struct({"field": pl.String, "reason": pl.String})),
}
PREDICTIONS: Types = {
    "request": pl.String(),
    "row": pl.Int64(),
    "model": pl.String(),
    "unseen": pl.List(pl.String),
}


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
    """Appends to the files below `root`. Raises OSError if not all of it could be written."""

    def __init__(self, root: Path, project: Project, keep_days: int, clock: Clock = now) -> None:
        self._folder = root / FOLDER
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
    ) -> None:
        """The `row`s of a request with what the task answers and `unseen`, and their examples."""
        lines = [
            {
                "request": request,
                "model": model,
                **answer,
                "example": {name: example[name] for name in self._columns},
            }
            for answer, example in zip(answers, examples, strict=True)
        ]
        self._append("predictions", lines)

    def labels(self, rows: pl.DataFrame) -> None:
        """What came out: the columns of `key`, and the label, which is null if it never will."""
        keys = rows.select(self._key).iter_rows(named=True)
        labels = zip(keys, rows[self._label], strict=True)
        self._append("labels", [{"key": example, "label": label} for example, label in labels])

    def forget(self) -> None:
        """Delete the files of more than `keep_days` ago.

        They are counted from the last day with a file, so that a clock that jumps ahead for a
        moment deletes nothing.
        """
        today = self._clock().date()
        for kind in KINDS:
            files = _days(self._folder / kind)
            last = max((day for day in files if day < today), default=today)
            for day, file in files.items():
                if day <= last - timedelta(days=self._keep_days):
                    file.unlink(missing_ok=True)

    def _append(self, kind: str, content: list[dict[str, Any]]) -> None:
        at = self._clock()
        lines = b"".join(
            to_json({"at": at, **line}, inf_nan_mode="null", timedelta_mode="float") + b"\n"
            for line in content
        )
        if append(self._folder / kind / f"{at:%Y-%m-%d}.jsonl", lines):
            with suppress(OSError):
                self.forget()  # once a day


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


def predictions(root: Path, project: Project) -> pl.LazyFrame:
    """`at`, `request`, `row`, `model`, `unseen`, `prediction`, and the columns of the examples.

    One that the examples have too gives way, and is called `log_model` or the like. What is
    predicted is as models return it: a number, or an array of the probability of each class.
    """
    task, inside = project.task, columns(project, personal=False)
    rows = _read(root, "predictions", {**PREDICTIONS, **task.fields}, "example", inside)
    rows = rows.select("at", *PREDICTIONS, "example", prediction=task.read())
    return _unnested(rows, "example", inside)


def labels(root: Path, project: Project) -> pl.LazyFrame:
    """`at`, `label` as its schema has it, and the columns that tell examples apart.

    Of one name as in `predictions`. A label is null where it never will be known.
    """
    label, inside = project.examples.columns()[project.label], key(project, personal=False)
    return _unnested(_read(root, "labels", {"label": label.dtype}, "key", inside), "key", inside)


def requests(root: Path) -> pl.LazyFrame:
    """`at`, `request`, `route`, `status`, `rows`, `seconds` and `problems`."""
    return _read(root, "requests", REQUESTS)


def broken(root: Path, kind: str) -> int:
    """How many lines the readers leave out: those that a crash or a full disk tore."""
    torn = LINE.is_not_null() & ~IS_WHOLE
    return int(_lines(root / FOLDER / kind).select(torn.sum()).collect().item())


def _read(
    root: Path,
    kind: str,
    fields: Types,
    nested: str | None = None,
    inside: Mapping[str, pl.DataType] = {},
) -> pl.LazyFrame:
    """The whole lines of all days, with the object `nested` as it is written."""
    types = {"at": pl.Datetime("us", "UTC"), **fields}
    shape = {name: _as_written(dtype) for name, dtype in types.items()} | {"at": pl.String()}
    if nested:
        shape[nested] = pl.Struct({name: _as_written(dtype) for name, dtype in inside.items()})
    decoded = LINE.str.json_decode(pl.Struct(shape))
    rows = _lines(root / FOLDER / kind).filter(IS_WHOLE).select(decoded).unnest("line")
    return rows.with_columns(_typed(name, dtype) for name, dtype in types.items())


def _unnested(rows: pl.LazyFrame, nested: str, inside: Types) -> pl.LazyFrame:
    """The fields of the object `nested` beside the others, which give way to them."""
    own = {name: f"log_{name}" for name in inside if name != nested}
    rows = rows.rename(own, strict=False).unnest(nested)
    return rows.with_columns(_typed(name, dtype) for name, dtype in inside.items())


def _lines(folder: Path) -> pl.LazyFrame:
    """The lines as text; a character that was cut in two makes no error."""
    files = [file for _, file in sorted(_days(folder).items())]
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


def _days(folder: Path) -> dict[date, Path]:
    """The files of a folder by their day; others are left alone."""
    files = {}
    for file in folder.glob("????-??-??.jsonl"):
        with suppress(ValueError):
            files[date.fromisoformat(file.stem)] = file
    return files


def _as_written(dtype: pl.DataType) -> pl.DataType:
    """How to decode JSON: a value as text, so that one of another type makes no error."""
    return dtype if dtype.is_nested() else pl.String()


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    """The text as its type, null where it is none."""
    value = pl.col(name)
    if dtype.is_nested():
        return value
    if isinstance(dtype, pl.Datetime):
        return _moment(value, dtype)
    if isinstance(dtype, pl.Duration):
        seconds = value.cast(pl.Float64, strict=False)
        return (seconds * 1e6).round().cast(pl.Duration("us")).cast(dtype)
    if isinstance(dtype, pl.Date | pl.Time):
        return value.str.strptime(type(dtype), strict=False)
    return value == "true" if dtype == pl.Boolean else value.cast(dtype, strict=False)


def _moment(text: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    if dtype.time_zone is None:
        return text.str.to_datetime(time_unit=dtype.time_unit, strict=False)
    utc = text.str.to_datetime("%+", time_unit=dtype.time_unit, time_zone="UTC", strict=False)
    return utc.dt.convert_time_zone(dtype.time_zone)
