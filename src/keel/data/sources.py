"""Where raw tables come from: files at a path or URL, or inside an installed package."""

import codecs
import glob
import gzip
import importlib.util
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

import polars as pl

from keel.project.errors import UserError, reason
from keel.project.settings import Data

PACKAGE = "package:"
PARQUET, TEXT = (".parquet", ".pq"), (".csv", ".csv.gz", ".csv.zst", ".tsv", ".txt")
UNIT = r"^([+-]?)\s*(?:{0})?\s*([+-]?[\d.,].*?)\s*(?:{0})?$"
# RuntimeError is what `zipfile` says of an encrypted file.
UNREADABLE = (
    pl.exceptions.PolarsError,
    OSError,
    UnicodeError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
)


@dataclass(frozen=True)
class Form:
    """How files and their values are written; all but `names` is of CSV files."""

    nulls: Sequence[str] = ()
    separator: str = ","
    encoding: str = "utf8"
    blanks: bool = False  # around names and values, which are left out
    names: Mapping[str, str] = field(default_factory=dict)  # there → here
    decimal_comma: bool = False
    thousands: str = ""  # what separates them in numbers

    @classmethod
    def of(cls, data: Data) -> Self:
        """As the settings say."""
        return cls(**{each.name: getattr(data, each.name) for each in fields(cls)})

    @property
    def is_utf8(self) -> bool:
        """Whether Polars can read the files as they are."""
        return codecs.lookup(self.encoding).name == "utf-8"

    def number(self, text: pl.Expr, unit: str = "", *, brackets: bool = False) -> pl.Expr:
        """The text with numbers as Polars reads them; with `brackets`, (5) is -5."""
        if brackets:
            text = text.str.replace(r"^\((.+)\)$", "-${1}")
        if unit:
            text = without_unit(text, unit)
        if self.thousands:
            text = text.str.replace_all(self.thousands, "", literal=True)
        return text.str.replace(",", ".", literal=True) if self.decimal_comma else text


USUAL = Form()


def without_unit(text: pl.Expr, unit: str) -> pl.Expr:
    """Numbers without the unit before or behind them: 5 of "€ 5" and "5 €", and -5 of "-€5"."""
    return text.str.replace(UNIT.format(re.escape(unit)), "${1}${2}")


def place(source: str, table: str) -> str:
    """Where a table is, by the setting for all of them."""
    return source.replace("{table}", table)


def scan(source: str, table: str, columns: Sequence[str], form: Form) -> pl.LazyFrame:
    """The columns of a table, read as they are needed; those of a CSV file are text.

    Raises UserError if the file or a column is missing, or the file can't be read.
    """
    file = place(source, table)
    try:
        frame = opened(file, form)
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


def opened(file: str, form: Form) -> pl.LazyFrame:
    """All columns of a file, by the names that they have here. Raises one of `UNREADABLE`."""
    return _scan(file, form).rename(dict(form.names), strict=False)


def _scan(file: str, form: Form) -> pl.LazyFrame:
    if file.startswith(PACKAGE):
        file = str(_in_package(file.removeprefix(PACKAGE)))
    local = "://" not in file
    files = matching(file) if local else []
    if local and not files:
        raise FileNotFoundError("there is no such file")
    name = file if local else file.partition("?")[0]
    if name.endswith(PARQUET):
        return pl.scan_parquet(files or file, glob=not local)
    if name.removesuffix(".zip").endswith(TEXT):
        if local and (name.endswith(".zip") or not form.is_utf8):
            return pl.concat([_csv(_text(path, form), form) for path in files])
        return _csv(files or file, form)
    raise UserError(f"data.source is {file}: it must end in .parquet, .csv, .csv.gz or .csv.zip")


def matching(pattern: str) -> list[Path]:
    """The files and folders of a path, sorted, which may have `*`, `**`, `?` and `[a-z]` in it.

    Where there is something by the very name, that is meant. In `*` are none that are hidden.
    """
    there, parts = Path(), list(Path(pattern).parts)
    while parts and (there / parts[0]).exists():
        there /= parts.pop(0)
    like = Path(glob.escape(str(there)), *parts)
    return sorted(map(Path, glob.glob(str(like), recursive=True)))  # noqa: PTH207 -- Path's has hidden ones in *


def _csv(content: str | bytes | list[Path], form: Form) -> pl.LazyFrame:
    nulls, pattern = list(form.nulls), isinstance(content, str)
    frame = pl.scan_csv(
        content, infer_schema=False, null_values=nulls, separator=form.separator, glob=pattern
    )
    if not form.blanks:
        return frame
    plain = pl.all().str.strip_chars()
    return frame.rename(str.strip).select(pl.when(~plain.is_in(nulls)).then(plain))


def _text(path: Path, form: Form) -> bytes:
    """What a file holds that Polars can't read by itself, in UTF-8."""
    content = _unzipped(path) if path.suffix == ".zip" else path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return content if form.is_utf8 else content.decode(form.encoding).encode()


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
