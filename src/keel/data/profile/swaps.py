"""Two groups of a category that change places."""

from dataclasses import dataclass

import numpy as np

from keel.data.profile.counts import Counts
from keel.data.profile.steps import LEAST_ROWS, width_of

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
    # How many rows of a group differ from those of another before, shape (groups, groups, at).
    apart = np.array([np.abs(each - after).sum(axis=1) for each in before])
    own = apart.diagonal().T
    stayed, swapped = own[:, None] + own, apart + apart.swapaxes(0, 1)
    least, all_ = np.minimum(before.sum(axis=1), after.sum(axis=1)), (before + after).sum(axis=1)
    odd = np.minimum(least[:, None], least) * width_of(periods) >= LEAST_ROWS
    odd &= (stayed >= CHANGED * (all_[:, None] + all_)) & (swapped <= LEFT * stayed)
    best = np.where(odd, stayed - swapped, -1).argmax(axis=2, keepdims=True)
    left = np.where(odd, swapped / np.maximum(stayed, 1e-9), 1)
    clear = 1 - np.take_along_axis(left, best, axis=2)[..., 0]
    one, other = np.unravel_index(clear.argmax(), clear.shape)
    if not odd.any():
        return None
    period = int(at[best[one, other, 0]])
    return Swap(period, names[one], names[other], float(clear[one, other]))
