"""A small change that a good colleague makes, that raises no error, and that is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

Tables = dict[str, pl.DataFrame]  # all columns as text, as in the source's files
Edits = Mapping[str, Mapping[str, str]]  # by file: the texts that are replaced, each there once

FLIGHTS, NUMBER, CLASSES, LIBRARY = "flights", "number", "classes", "library"


@dataclass(frozen=True)
class Bug:
    """One mistake: in the code of a project, in the library, or in what the source holds."""

    project: str
    kind: str
    what: str
    # What a message has to match that points at the cause, decided when the bug was written.
    cause: str
    edits: Edits = field(default_factory=dict)
    data: Callable[[Tables], Tables] | None = None  # what the source holds instead

    @property
    def in_code(self) -> bool:
        return self.data is None


@dataclass(frozen=True)
class Sound(Bug):
    """A change that is no mistake. `asks` says why one may ask whether it was meant."""

    asks: str = ""


def data(
    project: str,
    table: str,
    what: str,
    cause: str,
    change: Callable[[pl.DataFrame], pl.DataFrame],
) -> Bug:
    """A mistake in a table of the source."""
    return Bug(
        project, "data", what, cause, data=lambda tables: tables | {table: change(tables[table])}
    )
