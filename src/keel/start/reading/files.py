"""What a file is made of: packed or plain, text or not, and in which encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from keel.project.errors import UserError, reason

CHUNK = 1 << 20
PARQUET = b"PAR1"
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
            start = plain.read(4)
            plain.seek(0)
            if start.startswith(b"PK\x03\x04"):
                with (
                    zipfile.ZipFile(plain) as archive,
                    archive.open(_member(file, archive)) as inner,
                ):
                    yield inner
            elif start.startswith(b"\x1f\x8b"):
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


def start(file: Path) -> bytes:
    """The first bytes, unpacked. Raises UserError if there are none, or they are of no table."""
    with content(file) as stream:
        first = stream.read(CHUNK)
    if not first.removeprefix(codecs.BOM_UTF8).strip():
        raise UserError(f"{file} is empty: copy it here again, or name another")
    for magic, kind in OTHERS.items():
        if first.lstrip().startswith(magic):
            raise UserError(f"{SAVE_AS}: {file} is {kind}")
    return first


def encoding(file: Path, first: bytes) -> str:
    """In which encoding the text is: "utf8", "utf-16…" or "cp1252", which contains Latin-1.

    All of the file is read for that. Raises UserError if it is none of these.
    """
    for mark, name in MARKS.items():
        if first.startswith(mark):
            return _checked(file, name)
    if b"\0" in first:
        return _checked(file, _without_mark(file, first))
    bad = _undecodable(file, "utf8")
    if bad is None:
        return "utf8"
    if _undecodable(file, "cp1252") is None:
        return "cp1252"
    raise _unknown(file, bad)


def _without_mark(file: Path, first: bytes) -> str:
    """UTF-16 is every second byte zero, where the text is Latin."""
    pairs = len(first) // 2
    for name, zeros in (("utf-16-le", first[1::2]), ("utf-16-be", first[0::2])):
        if zeros.count(0) > pairs * 0.7:
            return name
    raise UserError(f"{SAVE_AS}: {file} is no text, it contains zero bytes")


def _checked(file: Path, name: str) -> str:
    bad = _undecodable(file, name)
    if bad is not None:
        raise _unknown(file, bad)
    return name


def _undecodable(file: Path, name: str) -> tuple[int, bytes] | None:
    """The line and the bytes that are none of this encoding; None if all are."""
    decoder, line = codecs.getincrementaldecoder(name)(), 1
    with content(file) as stream:
        while chunk := stream.read(CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                return line + before.count(b"\n"), error.object[error.start : error.end]
            line += chunk.count(b"\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return line, error.object[error.start : error.end]
    return None


def _unknown(file: Path, bad: tuple[int, bytes]) -> UserError:
    line, value = bad
    return UserError(
        f"save {file} as UTF-8: line {line:,} has the byte 0x{value.hex()}, which is neither UTF-8 "
        "nor UTF-16 nor Windows-1252 (Latin-1)"
    )


def text(stream: IO[bytes], name: str) -> io.TextIOWrapper:
    """The stream as text, with its line ends as they are."""
    return io.TextIOWrapper(stream, "utf-8-sig" if name == "utf8" else name, newline="")


def as_utf8(file: Path, name: str, scratch: Path) -> Path:
    """A file with the same text that Polars can scan: itself, or a copy in `scratch`."""
    with file.open("rb") as plain:
        packed = plain.read(4).startswith((b"PK\x03\x04", b"\x1f\x8b"))
    if name == "utf8" and not packed:
        return file
    scratch.mkdir(parents=True, exist_ok=True)
    copy = scratch / f"{len(list(scratch.iterdir()))}.csv"
    with content(file) as stream, copy.open("w", encoding="utf8", newline="") as target:
        reader = text(stream, name)
        while part := reader.read(CHUNK):
            target.write(part)
        reader.detach()
    return copy
