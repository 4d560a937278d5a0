"""Features that are too good to be true: how much each alone tells of what is predicted.

A feature that was made of the outcome is nearly perfect, or tells alone what the model tells, while
the others are far behind. An honest one may look so, too, and is waived then; and a leak that is
weaker than honest features, or is one of several, is not told from them. The limits come from
public tables, each column predicted from the others: docs/decisions/gates.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from keel.data.split import Labelled
from keel.judge.gates import Verdict
from keel.model.inputs import feature_table
from keel.project.description import Project
from keel.project.settings import Gates
from keel.project.task import Classes, YesNo

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
BINS = 100
ROWS_OF_A_BIN = 20
MOST_ROWS = 0.5  # that have to have a value, for their order to say something
FEWEST = 5  # rows of a class, held out, to measure by
ROWS = 20_000  # of each side: enough to measure by
MANY = 8  # features, of which one is not to tell all
STRONG = 0.7  # of what can be told: what one of many has to tell alone to be asked about,
NEARLY_ALL = 0.9  # as a share of what the model tells,
AHEAD_OF_NEXT = 2.5  # and as a multiple of what the next one tells


def against_leaks(
    project: Project, learnt: Labelled, judged: Labelled, predictions: pl.DataFrame, gates: Gates
) -> Iterator[Verdict]:
    """Whether a feature alone is nearly perfect, or the only one of many that tells anything.

    `predictions` has what the model and the naive guess say of the rows that judge.
    """
    if gates.leak is None:
        return
    alone, model, chance = _skills(project, learnt, judged, predictions)
    ranked = sorted(alone, key=lambda name: -alone[name])
    second = max([alone[name] for name in ranked[1:2]], default=0.0)
    leaks = []
    for name in ranked:
        told = alone[name] - chance
        dominates = (
            name == ranked[0]
            and len(ranked) >= MANY
            and told >= STRONG
            and alone[name] >= NEARLY_ALL * model
            and alone[name] >= AHEAD_OF_NEXT * second
        )
        if told >= gates.leak or dominates:
            leaks.append(name)
            beside = f", the model {model:.2f} and the next feature {max(second, 0):.2f}"
            yield Verdict(
                f"leak.{name}",
                passed=False,
                sentence=f"is {name} known when the prediction is made? Alone it tells "
                f"{alone[name]:.2f} of what can be told{beside * dominates}: "
                f"gates.leak = {gates.leak}. If it is known, waive this with the reason",
            )
    if not leaks and ranked:
        best = f"{ranked[0]} tells most alone, {max(alone[ranked[0]], 0):.2f} of what can be told"
        yield Verdict("leak", passed=True, sentence=best)


def _skills(
    project: Project, learnt: Labelled, judged: Labelled, predictions: pl.DataFrame
) -> tuple[dict[str, float], float, float]:
    """What each feature and the model tell, 0 for no more than the naive guess and 1 for all.

    And how much of that so few rows may be without saying anything.
    """
    task, kind = project.task, project.task.kind
    sides = [(side, max(1, len(side.label) // ROWS)) for side in (learnt, judged)]
    features = feature_table(
        project.features, pl.concat([side.examples.gather_every(n) for side, n in sides])
    )
    target = np.concatenate([task.numbers(side.label.gather_every(n)) for side, n in sides])
    learned = np.arange(len(target)) < len(target) - len(range(0, len(judged.label), sides[1][1]))
    actual, some = target[~learned], predictions.gather_every(sides[1][1])
    model, guess = (some[name].to_numpy() for name in ("model", "naive"))
    if kind == Classes.kind:
        wrong, missed = ((of.argmax(axis=1) != actual).sum() for of in (model, guess))
        skill, rare = 1 - wrong / max(missed, 1), missed
    elif kind == YesNo.kind:
        skill, rare = 2 * auc(model, actual) - 1, min(actual.sum(), (1 - actual).sum())
    else:
        skill, rare = r2(model, actual, guess), len(actual)
    alone = {c.name: told(c, target, kind, learned, guess) for c in features}
    if kind == YesNo.kind:
        alone = {name: 2 * area - 1 for name, area in alone.items()}
    return alone, float(skill), 1 / max(float(rare), 1)


def told(
    column: pl.Series, target: Array, kind: str, learned: Mask, guess: Array | None = None
) -> float:
    """How well the column alone predicts: AUC, R², or for classes the mistakes it avoids.

    Numbers are put into bins of equally many rows, null is one of its own. The rows that are
    `learned` tell the mean or the commonest class of each bin; it is measured on the others. The
    mistakes of a number are compared with those of `guess`, by default the others' mean.
    """
    codes, actual = _codes(column), target[~learned]
    if kind == Classes.kind:
        return _classes(codes, target.astype(np.int64), learned)
    mean = float(target[learned].mean()) if learned.any() else 0.0
    size = int(codes.max(initial=0)) + 1
    sums = np.bincount(codes[learned], target[learned], size)
    counts = np.bincount(codes[learned], minlength=size)
    predicted = ((sums + mean) / (counts + 1))[codes[~learned]]
    if kind == YesNo.kind:
        return max(auc(predicted, actual), _auc_of_order(column.filter(~learned), actual))
    return max(r2(predicted, actual, guess), _r2_of_line(column, target, learned, guess))


def auc(predicted: Array, actual: Array) -> float:
    """The area under the ROC curve; 0 with too few of a class."""
    yes = int(actual.sum())
    if min(yes, len(actual) - yes) < FEWEST:
        return 0.0
    ranks = pl.Series(predicted).rank("average").to_numpy()
    return float((ranks[actual == 1].sum() - yes * (yes + 1) / 2) / (yes * (len(actual) - yes)))


def r2(predicted: Array, actual: Array, guess: Array | None = None) -> float:
    """The share of the squared mistakes of a guess that is avoided."""
    other = (actual.mean() if len(actual) else 0.0) if guess is None else guess
    mistakes = float(((actual - other) ** 2).sum())
    return 1 - float(((actual - predicted) ** 2).sum()) / mistakes if mistakes else 0.0


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


def _auc_of_order(column: pl.Series, actual: Array) -> float:
    """The same by the values themselves, greater or smaller, from which nothing is learned."""
    present = column.is_not_null().to_numpy()
    if not _is_measured(column) or present.mean() < MOST_ROWS:
        return 0.0
    values = column.to_physical().cast(pl.Float64).to_numpy()[present]
    return max(auc(values, actual[present]), auc(-values, actual[present]))


def _r2_of_line(column: pl.Series, target: Array, learned: Mask, guess: Array | None) -> float:
    """The same by a straight line, which bins are too coarse for; 0 if it is no number."""
    if not column.dtype.is_numeric():
        return 0.0
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    usable = np.isfinite(values)
    fit, held_out = usable & learned, usable & ~learned
    if fit.sum() < FEWEST or held_out.sum() < FEWEST or np.ptp(values[fit]) == 0:
        return 0.0
    centre = values[fit].mean()
    slope = np.cov(values[fit], target[fit])[0, 1] / np.var(values[fit], ddof=1)
    predicted = target[fit].mean() + slope * (values[held_out] - centre)
    return r2(predicted, target[held_out], None if guess is None else guess[usable[~learned]])


def _classes(codes: Codes, target: Codes, learned: Mask) -> float:
    shape = (int(codes.max(initial=0)) + 1, int(target.max(initial=0)) + 1)
    table = np.zeros(shape, np.int64)
    np.add.at(table, (codes[learned], target[learned]), 1)
    actual = target[~learned]
    if len(actual) < FEWEST:
        return 0.0
    naive = float((actual != table.sum(axis=0).argmax()).mean())
    wrong = float((actual != table.argmax(axis=1)[codes[~learned]]).mean())
    return 1 - wrong / naive if naive else 0.0
