"""Files of rows: which are meant, how they are read piece by piece, and where the answers go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keel.data.sources import PARQUET, TEXT, UNREADABLE, Form, matching, opened
from keel.project.errors import UserError, reason

ENDS = (*PARQUET, *TEXT, ".csv.zip")
WRITTEN = (".parquet", ".csv")
PREDICTIONS, SET_ASIDE = ".predictions", ".set-aside"
ROWS = 50_000  # at once: enough to be quick, and little to hold


@dataclass(frozen=True)
class Input:
    """A file of rows; its columns are those of the table that are in it."""

    path: Path
    frame: pl.LazyFrame

    def batches(self) -> Iterator[pl.DataFrame]:
        """The rows in their order, some at once. Raises UserError if they can't be read."""
        try:
            for batch in self.frame.collect_batches(chunk_size=ROWS, maintain_order=True):
                if len(batch):
                    yield batch
        except UNREADABLE as error:
            raise UserError(f"{self.path} can't be read: {reason(error)}") from error

    def duplicates(self, key: Sequence[str]) -> pl.DataFrame:
        """The keys that several rows have, each once. It takes eight bytes a row to find them."""
        hashed = pl.struct(key).hash()
        try:
            hashes = self.frame.select(hashed.alias("hash")).collect(engine="streaming")["hash"]
            twice = hashes.filter(hashes.is_duplicated()).unique()
            suspects = self.frame.select(key).filter(hashed.is_in(twice.implode()))
            return suspects.unique().collect(engine="streaming")
        except UNREADABLE as error:
            raise UserError(f"{self.path} can't be read: {reason(error)}") from error


def meant(names: Sequence[str]) -> list[Path]:
    """The files of paths and patterns, without those that were written beside them.

    Raises UserError if there are none, or one is of no known kind.
    """
    files = []
    for name in names:
        matches = matching(name)
        if not matches:
            raise UserError(
                f"there is no {name}: give a file, or a pattern such as 'data/*.parquet'"
            )
        files += [match for match in matches if not _is_written(match)]
    if not files:
        raise UserError(f"{', '.join(names)}: predictions are there, and no rows to predict")
    for file in files:
        if file.is_dir():
            raise UserError(f"{file} is a folder: give its files, such as '{file}/*.parquet'")
        if not file.name.endswith(ENDS):
            raise UserError(f"{file} is of no known kind: its name has to end in {', '.join(ENDS)}")
    return list(dict.fromkeys(files))


def opened_as(path: Path, columns: Sequence[str], optional: Sequence[str], form: Form) -> Input:
    """A file with these columns, and with the optional ones that it has.

    Raises UserError if one is missing, or the file can't be read.
    """
    try:
        frame = opened(str(path), form)
        names = frame.collect_schema().names()
    except UNREADABLE as error:
        raise UserError(f"{path} can't be read: {reason(error)}") from error
    missing = [column for column in columns if column not in names]
    if missing:
        raise UserError(
            f"{path} needs the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}: "
            f"it has {', '.join(names)}.\nKey, time or features come from what is missing"
        )
    return Input(path, frame.select(*columns, *(name for name in optional if name in names)))


def targets(inputs: Sequence[Input], out: Path | None) -> dict[Path, list[Input]]:
    """Where the predictions of which files go. Raises UserError if a file would be lost."""
    if out and out.resolve() in (file.path.resolve() for file in inputs):
        raise UserError(f"--out {out} is one of the files to score: give it another name")
    if out:
        return {out: list(inputs)}
    found: dict[Path, list[Input]] = {}
    for file in inputs:
        found.setdefault(beside(file.path), []).append(file)
    for target, files in found.items():
        if len(files) > 1:
            both = " and ".join(str(file.path) for file in files)
            raise UserError(f"{both} would both go to {target}: score them one by one, with --out")
    return found


def beside(path: Path) -> Path:
    """Where the predictions of a file go."""
    end = next(end for end in ENDS if path.name.endswith(end))  # no ending ends with another
    return path.with_name(f"{path.name.removesuffix(end)}{PREDICTIONS}.parquet")


def set_aside(predictions: Path) -> Path:
    """Where the rows without a prediction go."""
    stem = predictions.stem.removesuffix(PREDICTIONS)
    return predictions.with_name(f"{stem}{SET_ASIDE}{predictions.suffix}")


def write(frame: pl.LazyFrame, path: Path, suffix: str) -> None:
    """Write a table as Parquet, or as CSV, where what is nested becomes columns or text."""
    if suffix == ".parquet":
        frame.sink_parquet(path)
        return
    for name, dtype in frame.collect_schema().items():
        if isinstance(dtype, pl.Struct):
            fields = [f"{name}.{field.name}" for field in dtype.fields]
            frame = frame.with_columns(pl.col(name).struct.rename_fields(fields)).unnest(name)
        elif isinstance(dtype, pl.List):
            frame = frame.with_columns(pl.col(name).list.join("; "))
    frame.sink_csv(path)


def _is_written(path: Path) -> bool:
    return path.with_suffix("").name.endswith((PREDICTIONS, SET_ASIDE))
