"""How much one column alone says of the target, measured on rows it was not learned from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from keel.start.looking import roles
from keel.start.looking.answers import Answered
from keel.start.looking.facts import Counted, Facts
from keel.start.looking.kinds import DATED
from keel.start.looking.labels import CLASSES, NUMBER, YES_NO
from keel.start.plan import Type
from keel.start.words import parts, says

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
ROWS = 30_000  # that are enough to measure by
BINS = 100
ROWS_OF_A_BIN = 20
LATER = frozenset(  # names of what is known with the target
    {
        *("outcome", "result", "resolution", "cancelled", "canceled", "cancellation", "refund"),
        *("refunded", "closed", "final", "termination", "terminated", "deceased", "death", "date"),
        *("discharge", "settled", "settlement", "payout", "recovered", "chargeback", "writeoff"),
        *("reason", "alive", "survived", "actual", "status", "returned", "exit", "cause", "day"),
    }
)
MOST_ROWS = 0.5  # that have to have a value, for their order to say something
FEWEST = 5  # rows of a class, held out, to measure by
NEARLY = {"yes or no": 0.99, "one of several": 0.97, "a number": 0.99}
BY_NULLS = {"yes or no": 0.9, "one of several": 0.9, "a number": 0.9}
MEASURE = {
    "yes or no": "AUC",
    "one of several": "share of the mistakes of the commonest class that it avoids",
    "a number": "R²",
}


def leaking(counted: Counted, answer: Answered, target: Array) -> dict[str, str]:
    """Columns that give the target away or are known later, with the reason."""
    order = np.random.default_rng(0).permutation(len(target))[:ROWS]
    found = {}
    for name, facts in counted.facts.items():
        if name in answer.taken or facts.type == Type.NOTHING or name in counted.personal:
            continue
        values = counted.sample[name]
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the greatest there are
            reason = _given_away(facts, values[order], target[order], answer)
        reason = reason or _by_time(facts, values, answer, counted)
        if not reason and says(name, LATER) and _is_of(name, answer.target):
            reason = f"by its name it is known with {answer.target}"
        if reason:
            found[name] = reason
    return found


def _given_away(facts: Facts, values: pl.Series, target: Array, answer: Answered) -> str:
    task = answer.label.task
    if facts.nulls:  # that there is a reason for leaving says enough
        score = gives_away(values.is_null(), target, task)
        if score >= BY_NULLS[task]:
            return (
                f"whether it has a value nearly tells {answer.target}: {MEASURE[task]} {score:.3f}"
            )
    if facts.type == Type.TEXT or roles.is_id(facts.name) or values.dtype.is_nested():
        return ""
    score = gives_away(values, target, task)
    if score < NEARLY[task]:
        return ""
    return f"alone it nearly tells {answer.target}: {MEASURE[task]} {score:.3f}"


def _by_time(facts: Facts, values: pl.Series, answer: Answered, counted: Counted) -> str:
    """A date that is after the moment of the prediction in most rows."""
    if facts.type not in DATED or not answer.time:
        return ""
    later = values.cast(pl.Date) > counted.sample[answer.time].cast(pl.Date)
    share = int(later.sum()) / max(later.count(), 1)
    return f"it is after {answer.time} in {share:.0%} of the rows" if share > MOST_ROWS else ""


def _is_of(name: str, target: str) -> bool:
    """Whether the names have the beginning of a word in common: churn_reason and churned."""
    return any(
        len(one) >= 4 and one[:5] == other[:5] for one in parts(name) for other in parts(target)
    )


def numbers(counted: Counted, answer: Answered) -> Array:
    """The sample's target as numbers: 1 for yes, the place of a class, or the number itself."""
    values = counted.sample[answer.target]
    if answer.label.task == YES_NO:
        values = values == answer.label.true
    elif answer.label.task == CLASSES:
        values = values.rank("dense") - 1.0
    as_numbers: Array = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return as_numbers


def gives_away(column: pl.Series, target: Array, task: str) -> float:
    """How well the column alone predicts: AUC, R², or for classes the mistakes it avoids.

    Numbers are put into bins of equally many rows, null is one of its own. Half of the rows, which
    are in a fixed random order, tell the mean or the commonest class of each bin; it is measured on
    the other half.
    """
    column, target = column.head(ROWS), target[:ROWS]
    codes = _codes(column)
    known = ~np.isnan(target)
    codes, target = codes[known], target[known]
    learned = np.arange(len(target)) % 2 == 0
    if task == CLASSES:
        return _classes(codes, target.astype(np.int64), learned)
    mean = float(target[learned].mean()) if learned.any() else 0.0
    size = int(codes.max(initial=0)) + 1
    sums = np.bincount(codes[learned], target[learned], size)
    counts = np.bincount(codes[learned], minlength=size)
    predicted = ((sums + mean) / (counts + 1))[codes[~learned]]
    actual = target[~learned]
    if task == NUMBER:
        return max(_r2(predicted, actual), _r2_of_line(column, known, target, learned))
    return max(_auc(predicted, actual), _auc_of_order(column, known, target))


def _codes(column: pl.Series) -> Codes:
    """The bin of each row, 0 for null; a number of few values and text are not put into bins."""
    if not _is_measured(column):
        return column.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    bins = min(max(column.count() // ROWS_OF_A_BIN, 5), BINS)
    share = column.to_physical().rank("average") / max(column.count(), 1)
    return (share * bins).ceil().clip(1).fill_null(0).to_numpy().astype(np.int64)


def _is_measured(column: pl.Series) -> bool:
    numeric = column.dtype.is_numeric() or column.dtype.is_temporal()
    return numeric and column.n_unique() * ROWS_OF_A_BIN > len(column)


def _auc(predicted: Array, actual: Array) -> float:
    yes = int(actual.sum())
    if min(yes, len(actual) - yes) < FEWEST:
        return 0.0
    ranks = pl.Series(predicted).rank("average").to_numpy()
    return float((ranks[actual == 1].sum() - yes * (yes + 1) / 2) / (yes * (len(actual) - yes)))


def _auc_of_order(column: pl.Series, known: Mask, target: Array) -> float:
    """The same by the values themselves, greater or smaller, from which nothing is learned."""
    if not _is_measured(column):
        return 0.0
    present = column.is_not_null().to_numpy()[known]
    if present.mean() < MOST_ROWS:
        return 0.0
    values = column.to_physical().cast(pl.Float64).to_numpy()[known][present]
    return max(_auc(values, target[present]), _auc(-values, target[present]))


def _r2(predicted: Array, actual: Array) -> float:
    spread = float(((actual - actual.mean()) ** 2).sum()) if len(actual) else 0.0
    return 1 - float(((actual - predicted) ** 2).sum()) / spread if spread else 0.0


def _r2_of_line(
    column: pl.Series, known: npt.NDArray[np.bool_], target: Array, learned: npt.NDArray[np.bool_]
) -> float:
    """The same by a straight line, which bins are too coarse for; 0 if it is no number."""
    if not column.dtype.is_numeric():
        return 0.0
    values = column.cast(pl.Float64).to_numpy()[known]
    usable = np.isfinite(values)
    fit, held_out = usable & learned, usable & ~learned
    if fit.sum() < FEWEST or held_out.sum() < FEWEST or np.ptp(values[fit]) == 0:
        return 0.0
    centre = values[fit].mean()
    slope = np.cov(values[fit], target[fit])[0, 1] / np.var(values[fit], ddof=1)
    predicted = target[fit].mean() + slope * (values[held_out] - centre)
    return _r2(predicted, target[held_out])


def _classes(codes: Codes, target: Codes, learned: npt.NDArray[np.bool_]) -> float:
    shape = (int(codes.max(initial=0)) + 1, int(target.max(initial=0)) + 1)
    table = np.zeros(shape, np.int64)
    np.add.at(table, (codes[learned], target[learned]), 1)
    actual = target[~learned]
    if len(actual) < FEWEST:
        return 0.0
    naive = float((actual != table.sum(axis=0).argmax()).mean())
    wrong = float((actual != table.argmax(axis=1)[codes[~learned]]).mean())
    return 1 - wrong / naive if naive else 0.0
