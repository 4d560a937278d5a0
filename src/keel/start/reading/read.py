"""Where a table is, how it is written, and its rows: text of CSV files, values of Parquet files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keel.data.sources import matching
from keel.project.errors import UserError, reason
from keel.start.plan import Source
from keel.start.reading.dialect import SEPARATORS, Dialect, check_all_widths, check_names, dialect
from keel.start.reading.files import GZIP, PARQUET, ZIP, as_utf8, begins, encoding

ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".csv.zip", ".parquet", ".pq")
IN_MEMORY = 256 << 20  # bytes of text; larger tables are copied to a Parquet file


@dataclass(frozen=True)
class Table:
    """A table as it is: its rows, all of them, and where they come from."""

    source: Source
    frame: pl.LazyFrame
    rows: int

    @property
    def place(self) -> str:
        """What messages call it."""
        files = self.source.files
        return str(files[0]) if len(files) == 1 else f"{files[0].parent} ({len(files)} files)"

    def sample(self, most: int) -> pl.DataFrame:
        """So many rows at most, evenly spread."""
        step = max(1, -(-self.rows // most))
        return self.frame.gather_every(step).collect(engine="streaming")


def read(places: Iterable[str | Path], scratch: Path) -> Table:
    """The table in a file, several files, a folder or a pattern.

    Copies that are needed to read it are put into the folder `scratch`, which has to live as long
    as the table is used. Raises UserError if it is no table.
    """
    files = _files(places)
    parquet = [file for file in files if begins(file, PARQUET)]
    if parquet == files:
        return _counted(Source(tuple(files), "parquet", nulls=()), _parquet(files))
    if parquet:
        raise UserError(f"name CSV files or Parquet files, not both: {parquet[0]} is Parquet")
    source, names = _described(files)
    table = _counted(source, _held(source, names, scratch))
    _check_repeated_header(table)
    return table


def without_nulls(frame: pl.LazyFrame, words: Sequence[str]) -> pl.LazyFrame:
    """Text with null in place of each of these words, and without rows that are all null."""
    text = pl.col(pl.String)
    return _filled(frame.with_columns(pl.when(~text.is_in(list(words))).then(text)))


def _filled(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.filter(~pl.all_horizontal(pl.all().is_null()))


def _files(places: Iterable[str | Path]) -> list[Path]:
    files = [file for place in places for file in _at(Path(place).expanduser())]
    if not files:
        raise UserError("name the file of the table, such as customers.csv")
    return list(dict.fromkeys(files))


def _at(place: Path) -> list[Path]:
    if re.match(r"[a-z0-9+]{2,}:/", str(place)):  # of the two slashes Path leaves one
        raise UserError(f"download {place} first: a table is looked at where it is a file")
    if place.is_dir():
        files = sorted(file for file in place.iterdir() if file.name.lower().endswith(ENDINGS))
        if not files:
            raise UserError(f"{place} has no table: put files there that end in .csv or .parquet")
        return files
    if place.exists():
        return [place]
    if any(letter in str(place) for letter in "*?["):
        if files := matching(str(place)):
            return files
        raise UserError(f"no file is like {place}: quote the pattern, and look at its folder")
    near = [file.name for file in place.parent.iterdir()] if place.parent.is_dir() else []
    meant = difflib.get_close_matches(place.name, near, 1)
    raise UserError(f"there is no {place}" + (f": did you mean {meant[0]}?" if meant else ""))


def _parquet(files: Sequence[Path]) -> pl.LazyFrame:
    try:
        frame = pl.scan_parquet(list(files), glob=False)
        check_names(files[0], frame.collect_schema().names())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"write {files[0]} again: it can't be read ({reason(error)})") from error
    return frame


def _described(files: Sequence[Path]) -> tuple[Source, tuple[str, ...]]:
    """How text files are written, which has to be the same for all, and the names of columns."""
    encodings = {file: encoding(file) for file in files}
    if len(set(encodings.values())) > 1:
        raise UserError(
            "save all files in the same encoding: "
            + ", ".join(f"{file.name} is {encodings[file]}" for file in files[:5])
        )
    dialects = {file: dialect(file, name) for file, name in encodings.items()}
    first = dialects[files[0]]
    for file, other in dialects.items():
        if other.names != first.names or other.separator != first.separator:
            raise UserError(_differs(files[0], first, file, other))
    blanks = any(each.blanks for each in dialects.values())
    source = Source(tuple(files), "csv", first.separator, encodings[files[0]], blanks=blanks)
    return source, first.names


def _differs(first: Path, one: Dialect, file: Path, other: Dialect) -> str:
    if one.separator != other.separator:
        is_, was = SEPARATORS[other.separator], SEPARATORS[one.separator]
        return f"separate {file} by {was}s, as {first}: it is separated by {is_}s"
    more = [name for name in other.names if name not in one.names]
    fewer = [name for name in one.names if name not in other.names]
    what = "; ".join(
        f"{verb} {', '.join(names[:5])}"
        for verb, names in (("has", more), ("lacks", fewer))
        if names
    )
    return f"give {file} the columns of {first}, in the same order: it {what or 'orders them anew'}"


def _text(source: Source, names: Sequence[str], scratch: Path) -> pl.LazyFrame:
    frame = pl.scan_csv(
        [as_utf8(file, source.encoding, scratch) for file in source.files],
        separator=source.separator,
        infer_schema=False,
        new_columns=list(names),
        glob=False,
    )
    return frame.with_columns(pl.all().str.strip_chars()) if source.blanks else frame


def _held(source: Source, names: Sequence[str], scratch: Path) -> pl.LazyFrame:
    """The rows where they are quick to read again and again, without blank ones."""
    frame = _filled(_text(source, names, scratch))
    packed = any(begins(file, ZIP, GZIP) for file in source.files)
    size = sum(file.stat().st_size for file in source.files) * (10 if packed else 1)
    try:
        if size <= IN_MEMORY:
            return frame.collect(engine="streaming").lazy()
        scratch.mkdir(parents=True, exist_ok=True)
        held = scratch / "table.parquet"
        frame.sink_parquet(held, compression="lz4")
    except pl.exceptions.ComputeError as error:
        if "more fields" not in str(error):
            raise UserError(f"save {source.files[0]} again: {reason(error)}") from error
        check_all_widths(source, len(names))
        raise UserError(f"save {source.files[0]} as CSV again: its quotes don't close") from error
    return pl.scan_parquet(held, glob=False)


def _counted(source: Source, frame: pl.LazyFrame) -> Table:
    rows = int(frame.select(pl.len()).collect().item())
    table = Table(source, frame, rows)
    if not rows:
        raise UserError(f"{table.place} has no rows: copy it here again, or name another")
    if len(frame.collect_schema()) < 2:
        raise UserError(
            f"{table.place} has one column: a table needs what is predicted, and from what"
        )
    return table


def _check_repeated_header(table: Table) -> None:
    names = table.frame.collect_schema().names()
    is_header = pl.all_horizontal(pl.col(name) == name for name in names if name)
    again = table.frame.with_row_index("\0row").filter(is_header).select("\0row").head(3).collect()
    if len(again):
        rows = ", ".join(f"{row + 1:,}" for row in again.to_series())
        raise UserError(
            f"delete the header where it stands again in {table.place}: it is row {rows}, "
            f"{', '.join(names)[:60]!r}"
        )
