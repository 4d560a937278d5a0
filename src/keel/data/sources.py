"""Where raw tables come from: files at a path or URL, or inside an installed package."""

import importlib.util
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from keel.project.errors import UserError, reason

PACKAGE = "package:"
# RuntimeError is what `zipfile` says of an encrypted file.
UNREADABLE = (pl.exceptions.PolarsError, OSError, zipfile.BadZipFile, zlib.error, RuntimeError)


def place(source: str, table: str) -> str:
    """Where a table is, by the setting for all of them."""
    return source.replace("{table}", table)


def scan(source: str, table: str, columns: Sequence[str], nulls: Sequence[str]) -> pl.LazyFrame:
    """The columns of a table, read as they are needed; those of a CSV file are text.

    Raises UserError if the file or a column is missing, or the file can't be read.
    """
    file = place(source, table)
    try:
        frame = _scan(file, nulls)
        names = frame.collect_schema().names()
    except UNREADABLE as error:
        raise UserError(
            f"{table}: {file} can't be read ({reason(error)}): see data.source"
        ) from error
    missing = [column for column in columns if column not in names]
    if missing:
        raise UserError(
            f"{table}: {file} has no column {', '.join(missing)}; it has {', '.join(names)}. "
            "Rename the column there, or change the schema in tables.py"
        )
    return frame.select(columns)


def _scan(file: str, nulls: Sequence[str]) -> pl.LazyFrame:
    if file.startswith(PACKAGE):
        file = str(_in_package(file.removeprefix(PACKAGE)))
    local = "://" not in file
    if local and "*" not in file and not Path(file).exists():
        raise FileNotFoundError("there is no such file")
    path = file.partition("?")[0]
    if path.endswith((".parquet", ".pq")):
        return pl.scan_parquet(file)
    content = _unzipped(Path(file)) if local and path.endswith(".zip") else file
    if path.removesuffix(".zip").endswith((".csv", ".csv.gz", ".csv.zst")):
        return pl.scan_csv(content, infer_schema=False, null_values=list(nulls))
    raise UserError(f"data.source is {file}: it must end in .parquet, .csv, .csv.gz or .csv.zip")


def _in_package(name: str) -> Path:
    """A file of a package, which is found without being imported; it may be zipped."""
    package, _, inside = name.partition("/")
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise UserError(f"data.source names the package {package}: `uv add {package}` installs it")
    path = Path(spec.origin).parent / inside
    zipped = path.with_name(f"{path.name}.zip")
    return zipped if zipped.exists() else path


def _unzipped(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if not names:
            raise zipfile.BadZipFile("the archive is empty")
        return archive.read(names[0])
