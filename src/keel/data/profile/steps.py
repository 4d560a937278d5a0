"""Where a column's values are others than before, more suddenly than at any other time."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from keel.data.profile.counts import Counts

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]

LEAST_PERIODS = 12
LEAST_ROWS = 40  # of a window
# What a measure of a step has to be to count, in shares of the rows or of the values' spread, and
# the least that it is taken to be elsewhere.
LEAST = {"new": 0.65, "apart": 0.4, "moved": 0.5, "alone": 0.3}
NOISE = 0.05
LASTS = 0.35  # of a step, which what comes after is away from all that was before
MOST_TIMES = 16.0  # how far above the same elsewhere counts
ENOUGH = 2.4  # of the evidence: powers of two
MOSTLY = 0.7  # of the windows need enough rows
OFTEN = 0.03  # of the rows, that a value has at least some time
SOME = 4  # of the windows, to see how far values spread


@dataclass(frozen=True)
class Windows:
    """What is counted just before and after each boundary, a period that is left out between.

    The arrays have the shape (levels, boundaries); the last level is unknown. `below` counts the
    known values up to each level, before and after. `seen` says which levels there are in the whole
    table up to the boundary, `later` which there are from it on in the group.
    """

    before: Counts
    after: Counts
    below: tuple[Counts, Counts]
    width: int  # periods
    seen: Array
    later: Array
    values: Array  # of numbers, by level
    commonest: int  # the level of most rows where it has half of them, else the number of levels

    @cached_property
    def rows(self) -> tuple[Array, Array]:
        """How many rows with known values there are before and after, shape (boundaries,)."""
        before, after = (np.maximum(part[-1], 1) for part in self.below)
        return before, after

    @cached_property
    def enough(self) -> Array:
        """Whether there are rows to compare, shape (boundaries,)."""
        enough: Array = np.minimum(*self.rows) >= LEAST_ROWS
        return enough

    @cached_property
    def filled(self) -> Array:
        """Whether there are rows to compare, with unknown values."""
        enough: Array = np.minimum(self.before.sum(0), self.after.sum(0)) >= LEAST_ROWS
        return enough

    @cached_property
    def medians(self) -> Array:
        """Of numbers, shape (2, boundaries)."""
        return np.array([self._quantile(part, 0.5) for part in self.below])

    @cached_property
    def spread(self) -> float:
        """How far apart the most of the numbers are, in the mean of some windows."""
        some = self.below[0][:, self.enough][:, ::SOME]
        wide = self._quantile(some, 0.9) - self._quantile(some, 0.1)
        return float(max(wide.mean(), 1e-9)) if wide.size else 1.0

    def _quantile(self, below: Counts, share: float) -> Array:
        at: Array = (below >= share * below[-1:]).argmax(axis=0)
        return self.values[at]

    def times(self, measure: Array, at: int) -> float:
        """How many times as large as anywhere else; 0 where there is too little elsewhere."""
        far = (np.abs(np.arange(len(measure)) - at) > self.width + 1) & self.enough
        if far.sum() < 4 or self.enough.mean() < MOSTLY:
            return 0.0
        return float(measure[at] / max(measure[far].max(), NOISE))


def windows(counts: Counts, seen: Array, values: Array) -> Windows:
    """The windows of a group's counts, shape (levels, periods).

    `seen` has which levels there are in all rows up to each period.
    """
    width = width_of(counts.shape[1])
    between = slice(width, counts.shape[1] - width)
    sums = np.zeros((len(counts), counts.shape[1] + 1), dtype=np.int32)
    counts.cumsum(axis=1, out=sums[:, 1:])
    rows = sums[:, -1]
    return Windows(
        *sides(sums, width),
        sides(sums[:-1].cumsum(axis=0, dtype=np.int32), width),
        width,
        seen[:, between.start - 1 : between.stop - 1],
        rows[:, None] > sums[:, between.start + 1 : between.stop + 1],
        values,
        int(rows.argmax()) if rows.max() > rows.sum() / 2 else len(rows),
    )


def width_of(periods: int) -> int:
    """How many periods a window has."""
    return min(4, max(2, periods // 6))


def sides(sums: Counts, width: int) -> tuple[Counts, Counts]:
    """What is counted before and after the boundaries, of sums up to each period."""
    within = sums[:, width:] - sums[:, :-width]
    return within[:, : -width - 1], within[:, width + 1 :]


def measures(w: Windows, *, number: bool, exact: bool) -> dict[str, Array]:
    """How large the step at each boundary is, in several ways; each has the shape (boundaries,).

    Values on a grid, such as tenths of °F, are nearly all others after a change of unit, but for
    one that half of the rows have, such as 0. Any numbers are further apart, and their median has
    moved.
    """
    found, (old, new) = {}, w.rows
    if exact:
        rest = np.arange(len(w.before) - 1) != w.commonest
        before, after = w.before[:-1][rest], w.after[:-1][rest]
        unseen, lost = ~w.seen[:-1][rest], ~w.later[:-1][rest]
        many, more = (np.maximum(part.sum(axis=0), LEAST_ROWS / 2) for part in (before, after))
        found["new"] = np.minimum((after * unseen).sum(0) / more, (before * lost).sum(0) / many)
    if number:
        distance = np.abs(w.below[0] / old - w.below[1] / new).max(axis=0)
        found["apart"] = np.maximum(distance - 1.2 * np.sqrt(1 / old + 1 / new), 0)
        found["moved"] = np.abs(np.diff(w.medians, axis=0)[0]) / w.spread
    return {name: np.where(w.enough, measure, 0) for name, measure in found.items()}


def alone(groups: list[Windows]) -> list[tuple[Array, Array]]:
    """How far the median of each group moves otherwise than those of most, and whether it stays."""
    medians, found = np.array([w.medians for w in groups]), []
    moves = medians[:, 1] - medians[:, 0]
    comparable = np.all([w.enough for w in groups], axis=0)
    for n, w in enumerate(groups):
        other = np.sort(np.abs(np.delete(moves, n, axis=0) - moves[n]), axis=0)
        most = np.where(comparable, other[(len(groups) - 2) // 2], 0)
        level = medians[n] - np.median(np.delete(medians, n, axis=0), axis=0)
        earlier, later = np.where(comparable, level, np.nan)
        up = np.fmin.accumulate(later[::-1])[::-1] - np.fmax.accumulate(earlier)
        down = np.fmin.accumulate(earlier) - np.fmax.accumulate(later[::-1])[::-1]
        found.append((most / w.spread, np.fmax(up, down) >= LASTS * most))
    return found


@dataclass(frozen=True)
class Step:
    """The boundary at which most speaks for a step, and how much that is."""

    windows: Windows
    at: int
    evidence: float
    measures: frozenset[str]  # that speak for it

    @property
    def period(self) -> int:
        """The period in which it happens."""
        return self.at + self.windows.width

    @property
    def before(self) -> Counts:
        return self.windows.before[:, self.at]

    @property
    def after(self) -> Counts:
        return self.windows.after[:, self.at]


def step(w: Windows, found: dict[str, Array], steady: Array | None, *, seasons: bool) -> Step:
    """The strongest step; its evidence says how far it stands out from what is usual.

    Where the history knows no `seasons`, any of them is a step of all numbers.
    """
    best = Step(w, 0, 0.0, frozenset())
    for at in {int(measure.argmax()) for measure in found.values()}:
        weights = {
            name: float(np.log2(np.clip(w.times(measure, at), 1, MOST_TIMES)))
            for name, measure in found.items()
            if measure[at] >= LEAST[name]
            and (name == "new" or found["apart"][at] >= LEAST["apart"])
        }
        within = 2 * w.width <= at < len(w.enough) - w.width  # there is enough on either side
        if not seasons or not within or not lasts(w, at):
            weights = {name: weights[name] for name in weights if name in ("new", "alone")}
        if not seasons or not within or steady is None or not steady[at]:
            weights.pop("alone", None)
        evidence = sum(weights.values())
        if evidence > best.evidence:
            best = Step(w, at, evidence, frozenset(name for name, n in weights.items() if n))
    return best


def lasts(w: Windows, at: int) -> bool:
    """Whether what comes after is unlike all that was before, and the other way round."""
    before, after = (part / n for part, n in zip(w.below, w.rows, strict=True))
    distance = np.abs(after[:, at] - before[:, at]).max()
    earlier = np.abs(before[:, : at + 1] - after[:, at : at + 1]).max(axis=0)[w.enough[: at + 1]]
    later = np.abs(after[:, at:] - before[:, at : at + 1]).max(axis=0)[w.enough[at:]]
    return bool(min(earlier.min(initial=1), later.min(initial=1)) >= LASTS * distance)


def share_step(w: Windows) -> tuple[Step, int]:
    """The largest step of the share of one value, and that level."""
    old, new = (np.maximum(part.sum(axis=0), 1) for part in (w.before, w.after))
    often = np.flatnonzero(
        np.maximum(w.before.max(axis=1), w.after.max(axis=1)) >= OFTEN * old.mean()
    )
    if not len(often):
        return Step(w, 0, 0.0, frozenset()), 0
    shares = np.abs(w.after[often] / new - w.before[often] / old)
    size = np.where(w.filled, shares.max(axis=0), 0)
    at = int(size.argmax())
    level = int(often[shares[:, at].argmax()])
    one, other = w.before[level] / old, w.after[level] / new
    middle = (one[at] + other[at]) / 2
    up = one[at] < other[at]
    earlier, later = one[: at + 1][w.filled[: at + 1]], other[at:][w.filled[at:]]
    stays = ((earlier < middle) == up).all() and ((later > middle) == up).all()
    return Step(w, at, w.times(size, at) if stays else 0.0, frozenset()), level
