"""Metrics of probabilities of several classes, from counts of what was and what seemed so."""

from dataclasses import dataclass

import numpy as np

from keel.judge.metrics.sums import (
    Array,
    Sums,
    Units,
    by_cell,
    by_unit,
    described,
    ratio,
    tenths,
)

TENTHS = 10


@dataclass(frozen=True)
class Confusion(Sums):
    """`counts` are rows by class and by the likeliest class, shape (units, classes, classes).

    `loss` is the negative log-likelihood, shape (units,). `rows`, `sure` and `right` are the rows
    of each tenth of the confidence, its sum, and how often the likeliest class was right, each
    shape (units, 10). The confidence is the probability of the likeliest class.
    """

    counts: Array
    loss: Array
    rows: Array
    sure: Array
    right: Array


def confusion(
    label: Array, probability: Array, unit: Units, weight: Array, groups: int | None
) -> Confusion:
    """The sums of each unit; `probability` has the shape (rows, classes)."""
    del groups  # a class is a group already
    truth, likeliest = label.astype(np.int64), probability.argmax(axis=1)
    classes = probability.shape[1]
    confidence = probability.max(axis=1)
    given = np.clip(probability[np.arange(len(truth)), truth], 1e-15, 1)
    counts = by_cell(weight, unit, truth * classes + likeliest, classes**2)
    tenth = tenths(confidence)
    rows, sure, right = (
        by_cell(weight * value, unit, tenth, TENTHS)
        for value in (np.ones(len(truth)), confidence, (truth == likeliest).astype(np.float64))
    )
    shape = (len(counts), classes, classes)
    return Confusion(
        counts.reshape(shape), by_unit(-weight * np.log(given), unit), rows, sure, right
    )


def log_loss(sums: Confusion) -> Array:
    """Mean negative log-likelihood in nats, shape (resamples,): lower is better."""
    return ratio(sums.loss, sums.counts.sum(axis=(1, 2)))


def macro_f1(sums: Confusion) -> Array:
    """Mean over the classes of the harmonic mean of precision and recall, shape (resamples,).

    Classes that neither were nor seemed likeliest are left out. Source: scikit-learn's `f1_score`
    with average="macro".
    """
    right = np.diagonal(sums.counts, axis1=1, axis2=2)
    either = sums.counts.sum(axis=1) + sums.counts.sum(axis=2)
    return _mean(ratio(2 * right, either))


def balanced_accuracy(sums: Confusion) -> Array:
    """Mean over the classes of how many of its rows seemed likeliest to be it, shape (resamples,).

    Source: scikit-learn's `balanced_accuracy_score`.
    """
    return _mean(ratio(np.diagonal(sums.counts, axis1=1, axis2=2), sums.counts.sum(axis=2)))


def calibration_error(sums: Confusion) -> Array:
    """Mean distance between confidence and how often it was right, over tenths; 0 is calibrated.

    Shape (resamples,). Source: Guo et al., On calibration of modern neural networks, 2017.
    """
    return ratio(np.abs(sums.sure - sums.right).sum(axis=1), sums.rows.sum(axis=1))


def _mean(by_class: Array) -> Array:
    """The mean of those that are defined, NaN where none is."""
    defined = np.isfinite(by_class)
    return ratio(np.where(defined, by_class, 0).sum(axis=1), defined.sum(axis=1))


METRICS = described(
    "one_of_several", confusion, log_loss, macro_f1, balanced_accuracy, calibration_error
)
