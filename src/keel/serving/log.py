"""What the service was asked and what it answered: JSON lines, one file for each UTC day.

`served/requests` has a line for each request, `served/predictions` one for each prediction, and
`served/labels` one for each outcome that was sent in later. Personal columns are in none of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from pydantic_core import to_json
from TEAM.examples import LABEL, Examples
from TEAM.tables import Known

from keel.serving import jsonlines

Clock = Callable[[], datetime]
Rows = Sequence[Mapping[str, Any]]

FOLDER = "served"
KINDS = ("requests", "predictions", "labels")
PROBLEMS = pl.List(pl.Struct({"field": pl.String, "reason": pl.String}))


def columns(*, personal: bool) -> dict[str, pl.DataType]:
    """The columns of `Examples` that are known when it is predicted, with their types."""
    return {
        name: column.dtype
        for name, column in Examples.columns().items()
        if name != LABEL and (column.metadata or {}).get("known") != Known.AFTERWARDS
        if personal or not (column.metadata or {}).get("personal")
    }


def key(*, personal: bool) -> dict[str, pl.DataType]:
    """The columns that tell examples apart, which are all of them if they have no primary key."""
    names = Examples.primary_key()
    known = columns(personal=personal)
    return {name: dtype for name, dtype in known.items() if name in names or not names}


def now() -> datetime:
    """The clock of the machine."""
    return datetime.now(UTC)


class Log:
    """Appends to the files below `root`. Raises OSError if not all of it could be written."""

    def __init__(self, root: Path, keep_days: int, clock: Clock = now) -> None:
        self._folder = root / FOLDER
        self._keep_days = keep_days
        self._clock = clock

    def request(self, **facts: Any) -> None:
        """A request that is about to be answered, or refused."""
        self._append("requests", [facts])

    def predictions(
        self, request: str, model: str, answers: Iterable[Mapping[str, Any]], examples: Rows
    ) -> None:
        """The `row`s of a request with their `probability` and `unseen`, and their examples."""
        told = {"request": request, "model": model}
        logged = columns(personal=False)
        lines = [
            {**told, **answer, "example": {name: example[name] for name in logged}}
            for answer, example in zip(answers, examples, strict=True)
        ]
        self._append("predictions", lines)

    def labels(self, labels: pl.DataFrame) -> None:
        """What came out: the columns of `key`, and the label, which is null if it never will."""
        keys = labels.select(*key(personal=False)).iter_rows(named=True)
        lines = [
            {"key": one, "label": label} for one, label in zip(keys, labels[LABEL], strict=True)
        ]
        self._append("labels", lines)

    def forget(self) -> None:
        """Delete the files of more than `keep_days` ago.

        They are counted from the last day with a file, so that a clock that jumps ahead for a
        moment deletes nothing.
        """
        today = self._clock().date()
        for kind in KINDS:
            days = jsonlines.days(self._folder / kind)
            last = max((day for day in days if day < today), default=today)
            for day, file in days.items():
                if day <= last - timedelta(days=self._keep_days):
                    file.unlink(missing_ok=True)

    def _append(self, kind: str, content: list[dict[str, Any]]) -> None:
        at = self._clock()
        lines = b"".join(
            to_json({"at": at, **line}, inf_nan_mode="null", timedelta_mode="float") + b"\n"
            for line in content
        )
        if jsonlines.append(self._folder / kind / f"{at:%Y-%m-%d}.jsonl", lines):
            with suppress(OSError):
                self.forget()  # once a day


def predictions(root: Path) -> pl.LazyFrame:
    """`at`, `request`, `row`, `model`, `probability`, `unseen`, and the columns of `Examples`.

    One that `Examples` has too gives way, and is called `log_model` or the like.
    """
    fields = {
        "request": pl.String(),
        "row": pl.Int64(),
        "model": pl.String(),
        "probability": pl.Float64(),
        "unseen": pl.List(pl.String),
    }
    return jsonlines.read(root / FOLDER / "predictions", fields, "example", columns(personal=False))


def labels(root: Path) -> pl.LazyFrame:
    """`at`, the columns that tell examples apart, and `label`."""
    fields = {"label": pl.Boolean()}
    return jsonlines.read(root / FOLDER / "labels", fields, "key", key(personal=False))


def requests(root: Path) -> pl.LazyFrame:
    """`at`, `request`, `route`, `status`, `rows`, `seconds` and `problems`."""
    fields = {
        "request": pl.String(),
        "route": pl.String(),
        "status": pl.Int64(),
        "rows": pl.Int64(),
        "seconds": pl.Float64(),
        "problems": PROBLEMS,
    }
    return jsonlines.read(root / FOLDER / "requests", fields)


def broken(root: Path, kind: str) -> int:
    """How many lines the readers leave out: those that a crash or a full disk tore."""
    return jsonlines.broken(root / FOLDER / kind)
