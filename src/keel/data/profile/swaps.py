"""Two groups of a category that change places."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from keel.data.profile.counts import Counts
from keel.data.profile.steps import LEAST_ROWS, Array, width_of

BINS = 10  # of a column's values
CHANGED, LEFT = 0.5, 0.4  # of the rows are others than before; of that is left when swapped back


@dataclass(frozen=True)
class Swap:
    """Two groups, and the period in which they are swapped."""

    period: int
    one: str
    other: str
    clear: float  # how much of a difference is away when they are swapped back


def swap(counts: Counts, names: list[str]) -> Swap | None:
    """The groups whose rows are like those of each other before, of counts by group and level."""
    if len(names) < 2:
        return None
    share = counts.sum(axis=(0, 2)).cumsum() / max(counts.sum(), 1)
    starts = np.unique(np.searchsorted(share, np.arange(BINS) / BINS, side="right"))
    binned = np.add.reduceat(counts, starts[starts < counts.shape[1]], axis=1)
    sums, periods = binned.cumsum(axis=2), counts.shape[2]
    at = np.arange(width_of(periods), periods - width_of(periods))
    before = sums[..., at - 1] / at  # in each period, of all before and of all after
    after = (sums[..., -1:] - sums[..., at]) / (periods - 1 - at)
    rows = before.sum(axis=1), after.sum(axis=1)
    found = []
    for one, other in combinations(range(len(names)), 2):
        stayed = _apart(before, after, one, one) + _apart(before, after, other, other)
        swapped = _apart(before, after, one, other) + _apart(before, after, other, one)
        both = np.array([part[n] for part in rows for n in (one, other)])
        enough = both.min(axis=0) * width_of(periods) >= LEAST_ROWS
        odd = enough & (stayed >= CHANGED * both.sum(axis=0)) & (swapped <= LEFT * stayed)
        if odd.any():
            best = int(np.where(odd, stayed - swapped, -1).argmax())
            clear = float(1 - swapped[best] / stayed[best])
            found.append(Swap(int(at[best]), names[one], names[other], clear))
    return max(found, key=lambda each: each.clear, default=None)


def _apart(before: Array, after: Array, one: int, other: int) -> Array:
    """How many rows of a group differ from those of another before, shape (boundaries,)."""
    different: Array = np.abs(before[one] - after[other]).sum(axis=0)
    return different
