"""Logistic regression: the simple model that a better one has to beat."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
import polars as pl
from annotated_types import Gt

from keel.project.learning import Probabilities, Progress, categories
from keel.project.settings import Section

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class LogisticModel:
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


class Logistic(Section):
    """Settings of a logistic regression with an L2 penalty, fitted by Newton's method.

    Numbers are standardised and a null counts as the mean; each value of a category has a weight.
    """

    regularisation: Annotated[float, Gt(0)]  # the strength of the L2 penalty
    iterations: Annotated[int, Gt(0)]  # of Newton's method, at most

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> LogisticModel:
        """Fit on features of shape (rows, features) and a boolean label of shape (rows,)."""
        # Slow to import, and not used to predict.
        from scipy.sparse import csr_matrix, hstack
        from sklearn.linear_model import LogisticRegression

        texts = categories(features)
        numbers = features.drop(texts).cast(pl.Float64)
        means = _finite(numbers.mean().row(0, named=True), default=0)
        deviations = _finite(numbers.std().row(0, named=True), default=1)
        numbers = features.select(standardised(means, deviations).values()).cast(pl.Float32)
        columns = [csr_matrix(numbers.select(name).to_numpy()) for name in means]
        columns += [_flags(features[name], len(values)) for name, values in texts.items()]

        learner = LogisticRegression(
            C=1 / self.regularisation,
            max_iter=self.iterations,
            solver="newton-cholesky",  # few columns, many rows
        )
        learner.fit(hstack(columns, format="csr"), label.to_numpy())
        progress(1, 1)
        weights = iter(learner.coef_[0].tolist())
        return LogisticModel(
            means,
            deviations,
            {name: next(weights) for name in means},
            {name: {value: next(weights) for value in values} for name, values in texts.items()},
            float(learner.intercept_[0]),
        )

    def from_text(self, text: str) -> LogisticModel:
        """The model from its JSON. Raises ValueError if it is not one."""
        try:
            return LogisticModel(**json.loads(text))
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a logistic model: {error}") from error


def standardised(means: dict[str, float], deviations: dict[str, float]) -> dict[str, pl.Expr]:
    """Each number less its mean, in deviations; a null is 0, the mean."""
    return {
        name: ((pl.col(name) - mean) / deviations[name]).fill_null(0)
        for name, mean in means.items()
    }


def _flags(column: pl.Series, values: int) -> "csr_matrix":
    """A 1 in each row at the code of its value, shape (rows, values); a null has none.

    All the zeros are left out, which takes a tenth of the memory.
    """
    from scipy.sparse import csr_matrix

    codes = column.to_physical()
    starts = np.append(0, codes.is_not_null().cum_sum().to_numpy())
    codes = codes.drop_nulls()
    ones = np.ones(len(codes), np.float32)
    return csr_matrix((ones, codes.to_numpy(), starts), shape=(len(column), values))


def _finite(values: dict[str, float | None], default: float) -> dict[str, float]:
    """The values, with `default` for columns that are all null or do not vary."""
    return {name: value or default for name, value in values.items()}
