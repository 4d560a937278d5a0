"""The files of a run, and how they are read and written."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from keel.project.errors import UserError, reason


class _At:
    """A file of a run, below the store's root."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __get__(self, store: "Store", _: object = None) -> Path:
        return store.root / self.place


@dataclass(frozen=True)
class Store:
    """The files of a run below `root`: the `repository` itself, or a folder of the run's own.

    A file is written beside its place and then moved there, so that a killed run or a full disk
    leaves the old one.
    """

    repository: Path
    root: Path

    settings = _At("settings.yaml")
    examples = _At("data/examples.parquet")
    predictions = _At("data/predictions.parquet")
    model = _At("model/model.txt")
    baseline = _At("model/baseline.txt")
    passport = _At("model/passport.json")

    def champion(self, name: str) -> Path:
        """A file of the champion, the model that was promoted."""
        return self.root / "champion" / name

    @property
    def has_champion(self) -> bool:
        """Whether a model was promoted."""
        return (self.root / "champion.dvc").is_file()

    @property
    def in_use(self) -> Path:
        """The model that answers: the champion where there is one, else the trained model."""
        return self.champion("model.txt") if self.has_champion else self.model

    def raw(self, table: str) -> Path:
        """A table as its source gave it."""
        return self.root / f"data/raw/{table}.parquet"

    def checked(self, table: str) -> Path:
        """The rows of a table that satisfy its schema."""
        return self.root / f"data/checked/{table}.parquet"

    def quarantine(self, table: str) -> Path:
        """The rows of a table that break its schema, with the reasons."""
        return self.root / f"data/quarantine/{table}.parquet"

    def report(self, name: str) -> Path:
        return self.root / "reports" / name

    def chart(self, title: str) -> Path:
        """A chart of the report, as DVC and editors show it; titles may have any character."""
        return self.report("charts") / f"{quote(title, safe=' ,')}.svg"

    def read_table(self, path: Path) -> pl.LazyFrame:
        """The table in a Parquet file. Raises UserError if it is missing or broken."""
        try:
            frame = pl.scan_parquet(self._present(path), glob=False)
            frame.collect_schema()
        except pl.exceptions.PolarsError as error:
            raise UserError(self._broken(path, error)) from error
        return frame

    def read_text(self, path: Path) -> str:
        """The text of a file. Raises UserError if it is missing or not text."""
        try:
            return self._present(path).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UserError(self._broken(path, error)) from error

    def read_json(self, path: Path) -> Any:
        try:
            return json.loads(self.read_text(path))
        except json.JSONDecodeError as error:
            raise UserError(self._broken(path, error)) from error

    def write_table(self, path: Path, frame: pl.DataFrame | pl.LazyFrame) -> None:
        if isinstance(frame, pl.LazyFrame):
            replace(path, frame.sink_parquet)
        else:  # in one piece: threads cut it differently each time, and the file shows where
            replace(path, frame.rechunk().write_parquet)

    def write_text(self, path: Path, text: str) -> None:
        replace(path, lambda beside: beside.write_text(text, encoding="utf-8", newline="\n"))

    def write_json(self, path: Path, content: Any) -> None:
        self.write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def keep_only(self, paths: list[Path]) -> None:
        """Delete what earlier runs left in the folders of `paths`."""
        for folder in {path.parent for path in paths}:
            for old in set(folder.iterdir()) - set(paths):
                old.unlink()

    def name(self, path: Path) -> str:
        """The path as a person writes it."""
        return path.relative_to(self.root).as_posix()

    def cure(self, path: Path) -> str:
        """How to get a file that is broken as it should be."""
        if path.parent == self.champion(""):
            return "`uv run dvc checkout --force champion.dvc` gets it as it was"
        return "delete it, then `uv run keel run`"

    def _present(self, path: Path) -> Path:
        if not path.is_file():
            champion = path.parent == self.champion("")
            cure = (
                "`uv run dvc pull champion` gets it" if champion else "`uv run keel run` makes it"
            )
            raise UserError(f"{self.name(path)} is missing: {cure}")
        return path

    def _broken(self, path: Path, error: Exception) -> str:
        return f"{self.name(path)} can't be read ({reason(error)}): {self.cure(path)}"


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a path beside `path`, then move what it wrote into place.

    Raises UserError, with the old file in place, if it can't be written.
    """
    replace_all({path: write})


def replace_all(writers: Mapping[Path, Callable[[Path], object]]) -> None:
    """Replace several files when all of them are written, or none."""
    beside = {path: path.with_name(f".{path.name}.part") for path in writers}
    try:
        for path, write in writers.items():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write(beside[path])
            except (OSError, pl.exceptions.PolarsError) as error:
                raise UserError(
                    f"{path} can't be written ({reason(error)}): what was there is kept; run again "
                    "when that is fixed"
                ) from error
        for path, part in beside.items():
            part.replace(path)
    finally:
        for part in beside.values():
            part.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """The hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
