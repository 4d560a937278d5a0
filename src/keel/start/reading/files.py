"""What a file is made of: packed or plain, text or not, and in which encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from keel.project.errors import UserError, reason

CHUNK = 1 << 20
PARQUET, ZIP, GZIP = b"PAR1", b"PK\x03\x04", b"\x1f\x8b"  # how such files begin
SAVE_AS = "save it as CSV (UTF-8) or Parquet"
OTHERS = {  # what people hand in as a table that is none, by how it begins
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"ARROW1": "an Arrow file",
    b"{": "JSON",
    b"[{": "JSON",
    b"[\n": "JSON",
    b"<": "a web page or XML",
}
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError)
UTF_16 = "utf-16"
MARKS = {codecs.BOM_UTF8: "utf8", codecs.BOM_UTF16_LE: UTF_16, codecs.BOM_UTF16_BE: UTF_16}


@contextmanager
def content(file: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked. Raises UserError if that can't be done."""
    try:
        with file.open("rb") as plain:
            start = plain.peek(4)
            if start.startswith(ZIP):
                archive = zipfile.ZipFile(plain)
                with archive, archive.open(_member(file, archive)) as inner:
                    yield inner
            elif start.startswith(GZIP):
                with gzip.open(plain) as unzipped:
                    yield cast("IO[bytes]", unzipped)
            else:
                yield plain
    except UNREADABLE as error:
        raise UserError(f"{file} can't be read ({reason(error)}): copy it here again") from error


def _member(file: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if "[Content_Types].xml" in names:
        raise UserError(f"{SAVE_AS}: {file} is an Excel workbook or the like")
    names = [name for name in names if not name.startswith("__MACOSX")]
    if len(names) != 1:
        inside = ", ".join(names[:5]) or "nothing"
        raise UserError(f"unpack {file} and name a file or the folder: it contains {inside}")
    return names[0]


def begins(file: Path, *marks: bytes) -> bool:
    """Whether a file, as it is, begins with one of these. Raises UserError if it can't be read."""
    try:
        with file.open("rb") as plain:
            return plain.peek(4).startswith(marks)
    except OSError as error:
        raise UserError(f"{file} can't be read ({reason(error)}): see its rights") from error


def _start(file: Path) -> bytes:
    """The first bytes, unpacked. Raises UserError if there are none, or they are of no table."""
    with content(file) as stream:
        first = stream.read(CHUNK)
    if not first.removeprefix(codecs.BOM_UTF8).strip():
        raise UserError(f"{file} is empty: copy it here again, or name another")
    for magic, kind in OTHERS.items():
        if first.lstrip().startswith(magic):
            raise UserError(f"{SAVE_AS}: {file} is {kind}")
    return first


def encoding(file: Path) -> str:
    """In which encoding the text is: "utf8", "utf-16…" or "cp1252", which contains Latin-1.

    All of the file is read for that. Raises UserError if it is none of these.
    """
    problems = []
    for name in _likely(file, _start(file)):
        problem = _undecodable(file, name)
        if problem is None:
            return name
        problems.append(problem)
    line, value = problems[0]
    raise UserError(
        f"save {file} as UTF-8: line {line:,} has the byte 0x{value.hex()}, which is neither UTF-8 "
        "nor UTF-16 nor Windows-1252 (Latin-1)"
    )


def _likely(file: Path, first: bytes) -> tuple[str, ...]:
    """The encodings to try; UTF-16 without a mark is every second byte zero, where it is Latin."""
    for mark, name in MARKS.items():
        if first.startswith(mark):
            return (name,)
    if b"\0" not in first:
        return ("utf8", "cp1252")
    for name, zeros in (("utf-16-le", first[1::2]), ("utf-16-be", first[0::2])):
        if zeros.count(0) > len(first) // 2 * 0.7:
            return (name,)
    raise UserError(f"{SAVE_AS}: {file} is no text, it contains zero bytes")


def _undecodable(file: Path, name: str) -> tuple[int, bytes] | None:
    """The line and the bytes that are none of this encoding; None if all are."""
    decoder, line, chunk = codecs.getincrementaldecoder(name)(), 1, b"the first"
    with content(file) as stream:
        while chunk:
            chunk = stream.read(CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                return line + before.count(b"\n"), error.object[error.start : error.end]
            line += chunk.count(b"\n")
    return None


@contextmanager
def text(file: Path, name: str) -> Iterator[io.TextIOWrapper]:
    """The text of a file in this encoding, with its line ends as they are."""
    encoding_ = "utf-8-sig" if name == "utf8" else name
    with content(file) as stream, io.TextIOWrapper(stream, encoding_, newline="") as reader:
        yield reader


def as_utf8(file: Path, name: str, scratch: Path) -> Path:
    """A file with the same text that Polars can scan: itself, or a copy in `scratch`."""
    if name == "utf8" and not begins(file, ZIP, GZIP):
        return file
    scratch.mkdir(parents=True, exist_ok=True)
    copy = scratch / f"{len(list(scratch.iterdir()))}.csv"
    with text(file, name) as reader, copy.open("w", encoding="utf8", newline="") as target:
        shutil.copyfileobj(reader, target, CHUNK)
    return copy
