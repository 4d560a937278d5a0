"""What a first run of a project showed: settings that it passes, and cases for its tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

GATES = {"psi": 1.0, "same": 0.3, "nulls": 0.1, "unseen": 0.05}  # to begin with


@dataclass(frozen=True)
class Split:
    """Which rows test the model; as the settings have it."""

    by: str
    test_from: date | None = None
    column: str = ""
    folds: int | None = None
    tested: float | None = None  # share of the rows that are as late, where that is known


@dataclass(frozen=True)
class Rhythm:
    """How often there are rows, and what monitoring may expect therefore; as for a row each day."""

    gap: int = 7  # days in a row that may be without
    window: int = 28  # days to judge the quality by
    window_rows: int = 1_000  # of them are enough
    label_days: int = 7  # until the labels of a day have come


@dataclass(frozen=True)
class Eased:
    """A gate that the table is beyond from the start, and the limit that lets it pass."""

    gate: str
    limit: float | None
    why: str  # a column, and what is so with it


@dataclass(frozen=True)
class Measured:
    """What a first run showed; without one, what is a careful guess."""

    model: str = "boosting"
    beats_guess: bool = True  # whether there is anything to learn
    better: float | None = 0.0  # what the gate asks for, beyond the simple model or a guess
    eased: tuple[Eased, ...] = ()
    quick_rows: int = 2_000
    learns: bool = True  # whether each model is better than a guess on what it learnt from
    floors: dict[str, float] = field(default_factory=dict)
    slice_floors: dict[str, float] = field(default_factory=dict)
    quick_floors: dict[str, float] = field(default_factory=dict)
    quick_slice_floors: dict[str, float] = field(default_factory=dict)
    floors_words: str = "None yet: take the baseline's scores to begin with."
    rhythm: Rhythm = field(default_factory=Rhythm)
    split: Split | None = None
    metric: str = ""  # what the scores are, in words
    scores: dict[str, float | None] = field(default_factory=dict)
    cases: tuple[dict[str, Any], ...] = ()
    directions: tuple[dict[str, Any], ...] = ()
