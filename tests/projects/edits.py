"""Edits as people make them, on the files of a folder, for Hypothesis to draw."""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

Place = float  # from 0 to 1, the share of the files or lines before it


@dataclass(frozen=True)
class Edit:
    """One edit; `file` and `line` are places, so that they fit any folder."""

    what: str
    file: Place
    line: Place
    text: str
    much: int

    def __call__(self, folder: Path, who: str) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and is_text(path))
        files = [path for path in files if ".git" not in path.parts]
        if files:
            file = files[min(int(self.file * len(files)), len(files) - 1)]
            EDITS[self.what](self, file, who)


def is_text(path: Path) -> bool:
    return path.name != ".copier-answers.yml" and b"\0" not in path.read_bytes()


def _lines(edit: Edit, file: Path, change: Callable[[list[str], int], None]) -> None:
    lines = file.read_text("utf-8").split("\n")
    change(lines, int(edit.line * (len(lines) - 1)))
    file.write_text("\n".join(lines), "utf-8", newline="\n")


def _words(edit: Edit, who: str) -> list[str]:
    return [f"{edit.text} {who} {n}" for n in range(edit.much)]


def _insert(edit: Edit, file: Path, who: str) -> None:
    def change(lines: list[str], at: int) -> None:
        lines[at:at] = _words(edit, who)

    _lines(edit, file, change)


def _append(edit: Edit, file: Path, who: str) -> None:
    _lines(edit, file, lambda lines, _at: lines.extend([*_words(edit, who), ""]))


def _delete(edit: Edit, file: Path, _who: str) -> None:
    def change(lines: list[str], at: int) -> None:
        del lines[at : at + edit.much]

    _lines(edit, file, change)


def _replace(edit: Edit, file: Path, who: str) -> None:
    def change(lines: list[str], at: int) -> None:
        lines[at : at + edit.much] = _words(edit, who)

    _lines(edit, file, change)


def _reorder(edit: Edit, file: Path, _who: str) -> None:
    def change(lines: list[str], at: int) -> None:
        part = lines[at : at + edit.much + 1]
        random.Random(edit.much).shuffle(part)  # noqa: S311 - an order, not a secret
        lines[at : at + edit.much + 1] = part

    _lines(edit, file, change)


def _indent(_edit: Edit, file: Path, _who: str) -> None:
    """What a formatter with another style does."""
    file.write_text(re.sub(r"^(?=\S)", " ", file.read_text("utf-8"), flags=re.MULTILINE), "utf-8")


def _windows(_edit: Edit, file: Path, _who: str) -> None:
    file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def _run(_edit: Edit, file: Path, _who: str) -> None:
    file.chmod(0o755)


def _remove(_edit: Edit, file: Path, _who: str) -> None:
    file.unlink()


def _rename(edit: Edit, file: Path, _who: str) -> None:
    new = file.with_name(f"{file.stem}_{edit.much}{file.suffix}")
    if not new.exists():
        file.rename(new)


def _move(edit: Edit, file: Path, _who: str) -> None:
    new = file.parent / f"folder_{edit.much}" / file.name
    new.parent.mkdir(exist_ok=True)
    file.rename(new)


def _add(edit: Edit, file: Path, who: str) -> None:
    new = file.with_name(f"added_{edit.much}.txt")
    if not new.exists():
        new.write_text("\n".join([*_words(edit, who), ""]), "utf-8")


def _picture(edit: Edit, file: Path, _who: str) -> None:
    new = file.with_name(f"picture_{edit.much}.png")
    new.write_bytes(b"\0PNG" + bytes(edit.much))


def _depend(edit: Edit, file: Path, _who: str) -> None:
    """What `uv add` does: a line in a sorted list."""
    project = next((p for p in file.parents if (p / "pyproject.toml").is_file()), None)
    if project:
        path = project / "pyproject.toml"
        head, start, rest = path.read_text("utf-8").partition("dependencies = [")
        lines = rest.split("\n")
        lines.insert(1 + edit.much % 5, f'    "package-{edit.much}>=1",')
        path.write_text(head + start + "\n".join(lines), "utf-8", newline="\n")


EDITS: dict[str, Callable[[Edit, Path, str], None]] = {
    "insert": _insert,
    "append": _append,
    "delete": _delete,
    "replace": _replace,
    "reorder": _reorder,
    "indent": _indent,
    "windows": _windows,
    "run": _run,
    "remove": _remove,
    "rename": _rename,
    "move": _move,
    "add": _add,
    "depend": _depend,
    "picture": _picture,
}

place = st.floats(0, 1, exclude_max=True)


def edits(kinds: Iterable[str]) -> st.SearchStrategy[list[Edit]]:
    """Some edits of these kinds."""
    texts = ["word", "", "    indented", "# Ünïcode 予測", "<<<<<<< no conflict"]
    edit = st.builds(
        Edit,
        what=st.sampled_from(sorted(kinds)),
        file=place,
        line=place,
        text=st.sampled_from(texts),
        much=st.integers(1, 4),
    )
    return st.lists(edit, min_size=1, max_size=6)
