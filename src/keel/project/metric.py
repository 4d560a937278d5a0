"""A score of predictions, and how a team adds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[np.float64]"
# Of the label (0 or 1), the prediction and the weight of each row, each of shape (rows,).
Score = Callable[["Array", "Array", "Array"], float]


@dataclass(frozen=True)
class Metric:
    """A score of predictions, as `metric` makes it: one number for any set of rows."""

    title: str
    score: Score  # NaN where it is not defined, such as AUC with one label only
    higher_is_better: bool
    explanation: str = ""  # what it tells, in a sentence for people

    @property
    def sign(self) -> int:
        """1 if higher is better, else -1."""
        return 1 if self.higher_is_better else -1


def metric(title: str, *, higher_is_better: bool) -> Callable[[Score], Metric]:
    """Make a function of (label, prediction, weight) a metric, for `Project.metrics`; a decorator.

    Each is an array of shape (rows,); the label is 0 or 1, the weight how often the row counts:
    intervals come from resamples, in which a row counts 0, 1 or more times. The first line of the
    function's docstring explains it to people.
    """
    return lambda score: Metric(title, score, higher_is_better, _first_line(score.__doc__))


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]
