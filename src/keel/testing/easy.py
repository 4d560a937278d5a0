"""Rows that are easy to learn from, whatever is predicted."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from keel.judge.metrics.known import METRICS
from keel.judge.metrics.sample import score
from keel.project.learning import Model
from keel.project.task import Classes, Number, Task, YesNo

COUNT = 2000  # rows: as many as the settings of a real model need
KINDS = pl.Enum([f"{name} {n}" for n in range(4) for name in ("calm", "rough")])
SHARES = 0.55 ** np.arange(8) / sum(0.55 ** np.arange(8))  # of the kinds: some are rare
LEVELS = ("low", "middle", "high")

Rows = tuple[pl.DataFrame, pl.Series]
# The metric that says whether a model has learnt, what it should reach on `rows`, and what it can.
REACHED: dict[type[Task], tuple[str, float, float]] = {
    YesNo: ("auc", 0.75, 0.85),
    Classes: ("balanced_accuracy", 0.5, 0.65),
    Number: ("r2", 0.5, 0.75),
}


@dataclass(frozen=True)
class Easy:
    """Rows and labels of a kind of task."""

    task: Task

    @classmethod
    def like(cls, task: Task) -> "Easy":
        """Of the same kind as another task; several classes are three."""
        return cls(Classes("label", LEVELS) if isinstance(task, Classes) else task)

    def rows(self, seed: int) -> Rows:
        """More in wind, and where it is rough; a fifth of the wind is unknown."""
        random = np.random.default_rng(seed)
        wind = pl.Series("wind", random.uniform(0, 40, COUNT))
        kind = pl.Series("kind", random.choice(KINDS.categories.to_list(), COUNT, p=SHARES), KINDS)
        rough = kind.cast(pl.String).str.starts_with("rough").to_numpy()
        noise = random.logistic(0, 1, COUNT)
        strength = 0.2 * wind.to_numpy() + 2 * rough - 6 + noise
        known = pl.Series("known", random.uniform(0, 1, COUNT) < 0.8)
        frame = pl.DataFrame([wind, kind, known])
        features = frame.select(pl.when("known").then("wind").alias("wind"), "kind")
        if isinstance(self.task, Number):
            return features, pl.Series(strength)
        if isinstance(self.task, Classes):
            level = np.digitize(strength, [-2.5, 0.5])
            return features, pl.Series(np.array(LEVELS)[level], dtype=pl.Enum(LEVELS))
        return features, pl.Series(strength > 0)

    def label(self, true: pl.Series) -> pl.Series:
        """A boolean as a label of the task: yes, the highest class, or 1."""
        if isinstance(self.task, Number):
            return true.cast(pl.Float64)
        if isinstance(self.task, Classes):
            other = pl.Series([LEVELS[n % 2] for n in range(len(true))])
            levels = pl.select(pl.when(true).then(pl.lit(LEVELS[-1])).otherwise(other))
            return levels.to_series().cast(pl.Enum(LEVELS))
        return true

    def strength(self, model: Model, features: pl.DataFrame) -> npt.NDArray[np.float64]:
        """What grows with wind: the probability of yes or of the highest class, or the number."""
        predicted = np.asarray(model.predict(features))
        return predicted[:, -1] if isinstance(self.task, Classes) else predicted

    def reached(self, model: Model, rows: Rows) -> float:
        """How well the model predicts the rows, by the metric of `REACHED`."""
        metric = METRICS[type(self.task)][REACHED[type(self.task)][0]]
        return score(self.task, metric, rows[1], self.task.predictions(model.predict(rows[0])))
