"""Metrics of probabilities that something happens, from labels counted by probability."""

from dataclasses import dataclass

import numpy as np

from keel.judge.metrics.sums import Array, Sums, Units, by_cell, by_unit, described, ratio


@dataclass(frozen=True)
class Tally(Sums):
    """Labels counted by predicted probability.

    `probability` is ascending, shape (groups,); `positive` and `negative` count the labels of each
    group, shape (units, groups).
    """

    probability: Array
    positive: Array
    negative: Array

    shared = ("probability",)

    @property
    def rows(self) -> Array:
        """Labels in each group, shape (units, groups)."""
        return self.positive + self.negative


def tally(
    label: Array, probability: Array, unit: Units, weight: Array, groups: int | None
) -> Tally:
    """The tally with a group for each probability, or about `groups` in all.

    Those hold equal shares, of positive and negative rows together: a rare label would else fill
    one group, in which no order is told.
    """
    value, place = np.unique(probability, return_inverse=True)
    if groups is not None and len(value) > groups:
        kinds = [
            kind
            for kind in (np.bincount(place, label), np.bincount(place, 1 - label))
            if kind.any()
        ]
        shares = [(np.cumsum(kind) - kind) * groups / kind.sum() for kind in kinds]
        _, group = np.unique(np.mean(shares, axis=0).astype(np.int64), return_inverse=True)
        place = group[place]
        value = by_unit(probability, place) / np.bincount(place)
    positive, negative = (
        by_cell(weight * kind, unit, place, len(value)) for kind in (label, 1 - label)
    )
    return Tally(value, positive, negative)


def auc(counts: Tally) -> Array:
    """Area under the ROC curve: how often a positive row has a higher probability than a negative.

    Shape (resamples,); NaN without both labels. Source: Mann and Whitney, 1947.
    """
    below = np.cumsum(counts.negative, axis=1) - counts.negative / 2
    pairs = counts.positive.sum(axis=1) * counts.negative.sum(axis=1)
    return ratio((counts.positive * below).sum(axis=1), pairs)


def average_precision(counts: Tally) -> Array:
    """Mean precision over the positive rows, each flagged with all that are as probable.

    Shape (resamples,); NaN without positive rows. Source: scikit-learn's `average_precision_score`.
    """
    hits = np.cumsum(counts.positive[:, ::-1], axis=1)
    flagged = np.cumsum(counts.rows[:, ::-1], axis=1)
    precision = ratio(hits, flagged)
    found = np.where(counts.positive[:, ::-1] > 0, counts.positive[:, ::-1] * precision, 0)
    return ratio(found.sum(axis=1), counts.positive.sum(axis=1))


def log_loss(counts: Tally) -> Array:
    """Mean negative log-likelihood in nats, shape (resamples,): lower is better."""
    probability = np.clip(counts.probability, 1e-15, 1 - 1e-15)
    loss = counts.positive * np.log(probability) + counts.negative * np.log(1 - probability)
    return ratio(-loss.sum(axis=1), counts.rows.sum(axis=1))


def calibration_error(counts: Tally) -> Array:
    """Mean distance between predicted and observed share over ten groups; 0 is calibrated.

    Shape (resamples,). Source: Naeini et al., Obtaining well calibrated probabilities, 2015.
    """
    before = np.cumsum(counts.rows.mean(axis=0)) - counts.rows.mean(axis=0)
    tenth = before * 10 // max(counts.rows.mean(axis=0).sum(), 1)
    starts = np.flatnonzero(np.diff(tenth, prepend=-1))
    surplus = counts.rows * counts.probability - counts.positive
    distance = np.abs(np.add.reduceat(surplus, starts, axis=1)).sum(axis=1)
    return ratio(distance, counts.rows.sum(axis=1))


METRICS = described("yes_no", tally, auc, average_precision, log_loss, calibration_error)
