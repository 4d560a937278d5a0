"""What a column's counts show: a frozen or lost value, another unit, a value that piles up."""

from dataclasses import dataclass, replace

import numpy as np

from keel.data.profile.counts import Counts, Levels
from keel.data.profile.steps import (
    ENOUGH,
    MOSTLY,
    Step,
    Windows,
    alone,
    measures,
    share_step,
    step,
    windows,
)

DEAD = 0.9  # share of a period's rows that have one value, where a sensor hangs
ELSEWHERE = 0.1  # the most that such a value has at other times
LEAST_DEAD, LEAST_ALIVE = 30, 8  # rows; periods
LEAST_IN_PERIOD = 5  # rows, to say anything of it
STRONG = 16.0
WHILE, PASSING = 8, 0.8  # periods that values are there at most, and their share then
CUT = 0.02  # share of the rows with the outermost value
BEYOND, LASTING = 3, 5  # periods that went beyond it before, and that have it since
FEW = 10  # values: such a number may be a category
STEP_OF_SHARE, STEP_OF_UNKNOWN, STEP_IN_GROUP, NEVER_SEEN = 0.35, 0.2, 0.5, 0.05
STANDS_OUT, STANDS_OUT_IN_GROUP = 3.0, 8.0  # times as large as anywhere else
USUAL = 200  # unknown values that are expected, where there are none


@dataclass(frozen=True)
class Hit:
    """A change that is to be told."""

    kind: str
    period: int  # in which it happens, or the first one where one value is in nearly all rows
    strength: float
    before: Counts  # by level
    after: Counts
    level: int = -1  # the value that it is about
    until: int | None = None  # the last such period
    group: str = ""


def hits(
    counts: Counts, names: list[str], levels: Levels, table: Counts, *, seasons: bool
) -> list[Hit]:
    """What the counts of several groups show, shape (groups, levels, periods), one each at most."""
    seen = table.cumsum(axis=1, dtype=np.int32) > 0
    values = np.array(levels.values[:-1] if levels.number else [], dtype=np.float64)
    looked = [windows(each, seen, values) for each in counts]
    compared = alone(looked) if levels.number and len(looked) > 2 else []
    found = []
    for n, (name, each, w) in enumerate(zip(names, counts, looked, strict=True)):
        if hit := dead(each, levels) or passing(each, levels):
            found.append(replace(hit, group=name))
            continue
        if not name and (hit := cut(each, levels) or unknown(each)):
            found.append(replace(hit, group=name))
            continue
        if w.enough.mean() < MOSTLY:  # nothing stands out from so little
            continue
        measure, steady = measures(w, number=levels.number, exact=levels.exact), None
        if compared:
            measure["alone"], steady = compared[n]
        best = step(w, measure, steady, seasons=seasons)
        if (
            hit := _changed(best)
            if "new" in best.measures
            else _piled(w, levels, in_group=bool(name)) or _changed(best)
        ):
            found.append(replace(hit, group=name))
    return found


def _changed(best: Step) -> Hit | None:
    if best.evidence < ENOUGH:
        return None
    return Hit("unit", best.period, best.evidence, best.before, best.after)


def dead(counts: Counts, levels: Levels) -> Hit | None:
    """One value, or none, in nearly all rows of some periods on end, and hardly ever else."""
    rows = counts.sum(axis=0)
    some = rows >= LEAST_IN_PERIOD
    stuck = np.flatnonzero(some & (counts.max(axis=0) >= DEAD * rows))
    if len(stuck) < 2:
        return None
    level = int(np.bincount(counts[:, stuck].argmax(axis=0)).argmax())
    share = counts[level] / np.maximum(rows, 1)
    at = stuck[share[stuck] >= DEAD]
    first, last, null = int(at[0]), int(at[-1]), level == len(counts) - 1
    inside = np.zeros(len(rows), dtype=bool)
    inside[first : last + 1] = True
    outside = some & ~np.convolve(inside, [1, 1, 1], "same").astype(bool)
    if (
        last == first
        or not levels.single[level]
        or (share[inside & some] < DEAD).any()
        or outside.sum() < LEAST_ALIVE
        or (share[outside] > ELSEWHERE).any()
        or counts[level][inside].sum() < LEAST_DEAD
        or (null and first == int(np.flatnonzero(some)[0]))  # a column that was not there at first
        or (not null and counts[-1][outside].sum() > counts[:, outside].sum() / 2)
    ):
        return None
    before, after = counts[:, outside].sum(axis=1), counts[:, inside].sum(axis=1)
    return Hit("unknown" if null else "stuck", first, STRONG, before, after, level, last)


def passing(counts: Counts, levels: Levels) -> Hit | None:
    """Values on a grid of their own for a while, that there are never else."""
    known, rows, there = counts[:-1], counts.sum(axis=0), counts[:-1] > 0
    periods = counts.shape[1]
    span = periods - 1 - there[:, ::-1].argmax(axis=1) - there.argmax(axis=1)
    share = known[span < WHILE].sum(axis=0) / np.maximum(rows, 1)
    at = np.flatnonzero((share >= PASSING) & (rows >= LEAST_IN_PERIOD))
    if not levels.exact or not 2 <= len(at) <= WHILE or at[-1] - at[0] + 1 != len(at):
        return None
    inside = np.zeros(periods, dtype=bool)
    inside[at] = True
    outside = (rows > 0) & ~np.convolve(inside, [1, 1, 1], "same").astype(bool)
    apart = min(at[0], periods - 1 - at[-1]) >= 2 and outside.sum() >= LEAST_ALIVE
    else_ = share[outside]
    if (
        not apart
        or rows[inside].sum() < LEAST_DEAD
        or max(else_.max() / 5, else_.mean()) > ELSEWHERE
    ):
        return None
    before, after = counts[:, outside].sum(axis=1), counts[:, inside].sum(axis=1)
    return Hit("unit", int(at[0]), STRONG, before, after, -1, int(at[-1]))


def cut(counts: Counts, levels: Levels) -> Hit | None:
    """A greatest or least value that is never passed any more, and that many rows have."""
    if not levels.number or len(counts) <= FEW or not counts[:-1].any(axis=0).all():
        return None
    for way in (1, -1):
        ordered = counts[:-1][::way]
        least = (ordered > 0).argmax(axis=0)  # the outermost level of each period
        end = int(np.bincount(least).argmax())
        level = end if way == 1 else len(counts) - 2 - end
        beyond = np.flatnonzero(least < end)
        at = int(beyond[-1]) if len(beyond) else 0
        old, new = counts[:, :at].sum(axis=1), counts[:, at + 1 :].sum(axis=1)
        if (
            at >= LEAST_ALIVE
            and levels.single[level]
            and (least[at + 1 :] == end).sum() >= LASTING
            and (least[:at] < end).sum() >= BEYOND
            and new[level] >= max(LEAST_DEAD, CUT * new.sum())
            and old[level] <= CUT / 4 * old.sum()
        ):
            return Hit("end", at, STRONG / 2, old, new, level)
    return None


def unknown(counts: Counts) -> Hit | None:
    """Unknown values that there always were and no longer are, or the other way round."""
    nulls, rows = counts[-1], counts.sum(axis=0)
    for after, kind in ((slice(None, None, 1), "filled"), (slice(None, None, -1), "emptied")):
        some = np.flatnonzero(nulls[after])
        if not len(some) or (last := int(some[-1])) > len(rows) - 5 or last < 7:
            continue
        part, all_ = nulls[after][: last + 1], rows[after][: last + 1]
        share = part.sum() / all_.sum()
        four = np.convolve(part, np.ones(4), "valid") >= 0.25 * share * np.convolve(
            all_, np.ones(4), "valid"
        )
        if four.all() and share >= 0.01 and share * rows[after][last + 1 :].sum() >= USUAL:
            at = last if kind == "filled" else len(rows) - 1 - last
            early, late = counts[:, :at].sum(axis=1), counts[:, at + 1 :].sum(axis=1)
            return Hit(kind, at, 4.0, early, late, len(counts) - 1)
    return None


def _piled(w: Windows, levels: Levels, *, in_group: bool) -> Hit | None:
    """One value has another share of the rows than before."""
    best, level = share_step(w)
    old, new = (part / max(part.sum(), 1) for part in (best.before, best.after))
    size, is_null = abs(new[level] - old[level]), level == len(old) - 1
    least = STEP_OF_UNKNOWN if is_null else STEP_IN_GROUP if in_group else STEP_OF_SHARE
    there = np.flatnonzero(best.after[:-1])
    ends = {int(there[0]), int(there[-1])} if len(there) else set()
    new_value = not is_null and not w.seen[level, best.at] and w.enough[best.at]
    if levels.number and new_value and level in ends and len(levels.values) > FEW:
        least = NEVER_SEEN
    if (
        not levels.single[level]
        or size < least
        or best.evidence < (STANDS_OUT_IN_GROUP if in_group else STANDS_OUT)
    ):
        return None
    kind = "unknown" if is_null else "end" if level in ends and new[level] > old[level] else "share"
    return Hit(kind, best.period, best.evidence, best.before, best.after, level)
