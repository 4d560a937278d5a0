"""Logistic regression: the simple model that a better one has to beat."""

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import polars as pl
from annotated_types import Gt

from ..settings import Section
from . import Probabilities, Progress, categories


@dataclass(frozen=True)
class Logistic:
    """A weight for each number, once standardised, and for each value of each category.

    A null counts as the mean, a category that training did not see weighs nothing.
    """

    means: dict[str, float]
    deviations: dict[str, float]
    weights: dict[str, float]
    category_weights: dict[str, dict[str, float]]
    intercept: float

    def predict(self, features: pl.DataFrame) -> Probabilities:
        logit = pl.lit(self.intercept)
        for name, number in standardised(self.means, self.deviations).items():
            logit += number * self.weights[name]
        for name, weights in self.category_weights.items():
            text = pl.col(name).cast(pl.String)
            logit += text.replace_strict(weights, default=0.0, return_dtype=pl.Float64)
        return features.select(1 / (1 + (-logit).exp())).to_series().to_numpy()

    def to_text(self) -> str:
        return json.dumps(asdict(self), indent=1)


class Settings(Section):
    """What can be set."""

    name: str
    regularisation: Annotated[float, Gt(0)]  # the strength of the L2 penalty
    iterations: Annotated[int, Gt(0)]

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> Logistic:
        from sklearn.linear_model import LogisticRegression  # slow to import, not used to predict

        texts = categories(features)
        numbers = features.drop(texts).cast(pl.Float64)
        means = _finite(numbers.mean().row(0, named=True), default=0)
        deviations = _finite(numbers.std().row(0, named=True), default=1)
        flags = {
            (name, value): (pl.col(name) == value).fill_null(value=False)
            for name, values in texts.items()
            for value in values
        }
        columns = [*standardised(means, deviations).values(), *flags.values()]
        matrix = np.empty((len(features), len(columns)), np.float32)  # the largest thing in memory
        for i, column in enumerate(columns):
            matrix[:, i] = features.select(column).to_series().to_numpy()

        learner = LogisticRegression(
            C=1 / self.regularisation,
            max_iter=self.iterations,
            solver="newton-cholesky",  # few columns, many rows
        )
        learner.fit(matrix, label.to_numpy())
        progress(1, 1)
        weights = [float(weight) for weight in learner.coef_[0]]
        of_flags = dict(zip(flags, weights[len(means) :], strict=True))
        return Logistic(
            means,
            deviations,
            dict(zip(means, weights, strict=False)),
            {name: {v: w for (n, v), w in of_flags.items() if n == name} for name in texts},
            float(learner.intercept_[0]),
        )

    def from_text(self, text: str) -> Logistic:
        try:
            return Logistic(**json.loads(text))
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a logistic model: {error}") from error


def standardised(means: dict[str, float], deviations: dict[str, float]) -> dict[str, pl.Expr]:
    """Each number less its mean, in deviations; a null is 0, the mean."""
    return {
        name: ((pl.col(name) - mean) / deviations[name]).fill_null(0)
        for name, mean in means.items()
    }


def _finite(values: dict[str, float | None], default: float) -> dict[str, float]:
    """The values, with `default` for columns that are all null or do not vary."""
    return {name: value or default for name, value in values.items()}
