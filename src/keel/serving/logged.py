"""What the log says, as tables: each large file of a day is decoded once, and kept as Parquet."""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import polars as pl

from keel.data.store import replace
from keel.project.cpus import cpus
from keel.project.description import Project
from keel.project.errors import UserError
from keel.serving.log import FOLDER, columns, days, decoded, key

Types = Mapping[str, pl.DataType]
Made = Callable[[pl.LazyFrame], pl.LazyFrame]  # of decoded lines the table

LARGE = 100_000  # bytes of a day's file, which is not decoded again for nothing

LINE = pl.col("line")
IS_WHOLE = LINE.str.json_path_match("$.at").is_not_null()  # JSON to its end, and it has its time
REQUESTS: Types = {
    "request": pl.String(),
    "exchange": pl.String(),
    "route": pl.String(),
    "status": pl.Int64(),
    "rows": pl.Int64(),
    "seconds": pl.Float64(),
    "problems": pl.List(pl.Struct({"field": pl.String, "reason": pl.String})),
}
PREDICTIONS: Types = {
    "request": pl.String(),
    "exchange": pl.String(),
    "row": pl.Int64(),
    "model": pl.String(),
    "unseen": pl.List(pl.String),
}


@dataclass(frozen=True)
class Shape:
    """What lines are made of: `fields` by name, of which `nested` is an object with `inside`."""

    fields: Types
    nested: str = ""
    inside: Types = field(default_factory=dict)

    @property
    def types(self) -> Types:
        return {"at": pl.Datetime("us", "UTC"), **self.fields}

    def rows(self, decoded: pl.LazyFrame) -> pl.LazyFrame:
        """Decoded lines with their types; the object is as it is written."""
        rows = decoded.with_columns(_typed(name, dtype) for name, dtype in self.types.items())
        if "exchange" not in self.fields:
            return rows
        return rows.with_columns(exchange=pl.coalesce("exchange", "request"))

    @property
    def written(self) -> pl.Struct:
        """How to decode a line: values as text, so that one of another type makes no error."""
        shape = {name: _as_written(dtype) for name, dtype in self.types.items()}
        shape["at"] = pl.String()
        if self.nested:
            inside = {name: _as_written(dtype) for name, dtype in self.inside.items()}
            shape[self.nested] = pl.Struct(inside)
        return pl.Struct(shape)


def predictions(root: Path, project: Project) -> pl.LazyFrame:
    """`at`, `request`, `exchange`, `row`, `model`, `unseen`, `prediction`, columns of the examples.

    Clients may give several requests one id, `request`; none shares its `exchange`.

    One that the examples have too gives way, and is called `log_model` or the like. What is
    predicted is as models return it: a number, or an array of the probability of each class.
    """
    task, inside = project.task, columns(project, personal=False)
    shape = Shape({**PREDICTIONS, **task.fields}, "example", inside)

    def made(decoded: pl.LazyFrame) -> pl.LazyFrame:
        rows = shape.rows(decoded)
        rows = rows.select("at", *PREDICTIONS, "example", prediction=task.read())
        return _unnested(rows, "example", inside)

    return _read(root, "predictions", shape, made)


def labels(root: Path, project: Project) -> pl.LazyFrame:
    """`at`, `label` as its schema has it, and the columns that tell examples apart.

    Of one name as in `predictions`. A label is null where it never will be known.
    """
    label, inside = project.examples.columns()[project.label], key(project, personal=False)
    shape = Shape({"label": label.dtype}, "key", inside)
    return _read(
        root, "labels", shape, lambda decoded: _unnested(shape.rows(decoded), "key", inside)
    )


def requests(root: Path) -> pl.LazyFrame:
    """`at`, `request`, `exchange`, `route`, `status`, `rows`, `seconds` and `problems`."""
    shape = Shape(REQUESTS)
    return _read(root, "requests", shape, shape.rows)


def broken(root: Path, kind: str) -> int:
    """How many lines the readers leave out: those that a crash or a full disk tore."""
    files = days(root / FOLDER / kind).values()
    kept = {file: read for file in files for read in decoded(file) if _is_of(read, file)}
    torn = (LINE.is_not_null() & ~IS_WHOLE).sum()
    others = _lines([file for file in files if file not in kept]).select(torn).collect()
    return int(others.item()) + sum(int(read.stem.split("-")[-1]) for read in kept.values())


def _read(root: Path, kind: str, shape: Shape, made: Made) -> pl.LazyFrame:
    """The whole lines of all days. Large files of days that are over are kept decoded."""
    nothing = made(pl.LazyFrame(schema=dict(shape.written.to_schema())))
    files = [file for _, file in sorted(days(root / FOLDER / kind).items())]
    version = hashlib.sha256(str(nothing.collect_schema()).encode()).hexdigest()[:8]

    def alone(file: Path) -> Path | None:
        return file if file.stat().st_size >= LARGE and file != files[-1] else None

    def of(run: list[Path]) -> pl.LazyFrame:
        return (
            _kept(run[0], shape, made, version) if alone(run[0]) else _decode(run, shape, made)[0]
        )

    runs = [[*run] for _, run in groupby(files, alone)]  # small ones together, in their order
    with ThreadPoolExecutor(cpus()) as threads:  # Polars decodes a file on one
        return pl.concat([nothing, *threads.map(of, runs)])


def _kept(file: Path, shape: Shape, made: Made, version: str) -> pl.LazyFrame:
    """A file as it was decoded before, or is now."""
    for read in decoded(file):
        if _is_of(read, file, version):
            return pl.scan_parquet(read, glob=False)
        read.unlink(missing_ok=True)
    size = file.stat().st_size
    rows, torn = _decode([file], shape, made)
    kept = file.with_name(f"{file.stem}.{version}-{size}-{torn}.parquet")
    with suppress(UserError):  # a disk that is full, or not ours
        replace(kept, rows.collect().write_parquet)
        return pl.scan_parquet(kept, glob=False)
    return rows


def _decode(files: list[Path], shape: Shape, made: Made) -> tuple[pl.LazyFrame, int]:
    """The whole lines of some files, and how many are torn."""
    lines = _lines(files).filter(LINE.is_not_null()).collect()
    one = LINE.str.json_decode(shape.written)
    try:
        rows = lines.select(one).unnest("line").filter(pl.col("at").is_not_null())
    except pl.exceptions.ComputeError:  # one is torn
        rows = lines.filter(IS_WHOLE).select(one).unnest("line")
    return made(rows.lazy()).collect().lazy(), len(lines) - len(rows)


def _is_of(read: Path, file: Path, version: str = "") -> bool:
    """Whether a kept table is of the file as it is now, and of a version if one is given."""
    written, size, _ = read.stem.partition(".")[2].split("-")
    return int(size) == file.stat().st_size and version in ("", written)


def _unnested(rows: pl.LazyFrame, nested: str, inside: Types) -> pl.LazyFrame:
    """The fields of the object `nested` beside the others, which give way to them."""
    own = {name: f"log_{name}" for name in inside if name != nested}
    rows = rows.rename(own, strict=False).unnest(nested)
    return rows.with_columns(_typed(name, dtype) for name, dtype in inside.items())


def _lines(files: list[Path]) -> pl.LazyFrame:
    """The lines as text; a character that was cut in two makes no error."""
    if not files:
        return pl.LazyFrame(schema={"line": pl.String})
    return pl.scan_csv(
        files,
        glob=False,
        schema={"line": pl.String},
        has_header=False,
        separator="\x01",  # which no line of JSON has
        quote_char=None,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        raise_if_empty=False,
    )


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
