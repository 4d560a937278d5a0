"""A linear model of whatever is predicted: the simple one that a better one has to beat."""

import json
import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import polars as pl
from annotated_types import Gt

from keel.project.learning import Predictions, Progress, categories
from keel.project.settings import Section

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Newton's method is best with many rows, and keeps a matrix of all weights with each other.
MOST_WEIGHTS = 3000
Weights = dict[str, list[float]]  # a weight for each output


@dataclass(frozen=True)
class LinearModel:
    """Weights for each number, once standardised, and for each value of each category.

    There is an output for a number and for yes or no, and one for each of several classes. A null
    counts as the mean, a category that training did not see weighs nothing.
    """

    link: str  # what makes a prediction of the outputs: "identity", "logit" or "softmax"
    means: dict[str, float]
    deviations: dict[str, float]
    weights: Weights
    category_weights: dict[str, Weights]
    intercepts: list[float]

    def predict(self, features: pl.DataFrame) -> Predictions:
        outputs = [pl.lit(intercept) for intercept in self.intercepts]
        for name, number in standardised(self.means, self.deviations).items():
            for place, weight in enumerate(self.weights[name]):
                outputs[place] += number * weight
        for name, weights in self.category_weights.items():
            text = pl.col(name).cast(pl.String)
            for place in range(len(outputs)):
                own = {value: each[place] for value, each in weights.items()}
                outputs[place] += text.replace_strict(own, default=0.0, return_dtype=pl.Float64)
        named = [output.alias(str(place)) for place, output in enumerate(outputs)]
        values = features.select(named).to_numpy()
        values = np.broadcast_to(values, (len(features), values.shape[1]))  # without features
        if self.link == "softmax":
            powers = np.exp(values - values.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        single = values[:, 0]
        return np.asarray(1 / (1 + np.exp(-single)) if self.link == "logit" else single)

    def to_text(self) -> str:
        return json.dumps(asdict(self), indent=1)


class Linear(Section):
    """Settings of a linear model with an L2 penalty: logistic, multinomial or ridge regression.

    Which of them follows from the label. Numbers are standardised and a null counts as the mean;
    each value of a category has a weight.
    """

    regularisation: Annotated[float, Gt(0)]  # the strength of the L2 penalty
    iterations: Annotated[int, Gt(0)]  # of Newton's method or of L-BFGS, at most

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> LinearModel:
        """Fit on features of shape (rows, features) and a label of shape (rows,)."""
        from scipy.sparse import csr_matrix, hstack  # slow to import, and not used to predict

        texts = categories(features)
        numbers = features.drop(texts).cast(pl.Float64)
        means = {n: _or(0.0, mean) for n, mean in numbers.mean().row(0, named=True).items()}
        deviations = {n: _deviation(v) for n, v in numbers.std().row(0, named=True).items()}
        numbers = features.select(standardised(means, deviations).values()).cast(pl.Float32)
        columns = [csr_matrix(numbers.select(name).to_numpy()) for name in means]
        columns += [_flags(features[name], len(values)) for name, values in texts.items()]
        nothing = np.zeros((len(label), 1), np.float32)  # without features it is the mean
        rows = hstack(columns, format="csr") if columns else nothing
        link, coefficients, intercepts = self._fitted(rows, label)
        progress(1, 1)
        weights = iter(coefficients.T.tolist())
        return LinearModel(
            link,
            means,
            deviations,
            {name: next(weights) for name in means},
            {name: {value: next(weights) for value in values} for name, values in texts.items()},
            intercepts.tolist(),
        )

    def from_text(self, text: str) -> LinearModel:
        """The model from its JSON. Raises ValueError if it is not one."""
        try:
            return LinearModel(**_newest(json.loads(text)))
        except (TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a linear model: {error}") from error

    def _fitted(self, columns: Any, label: pl.Series) -> tuple[str, Any, Any]:
        """The link, and the coefficients, shape (outputs, columns), and intercepts (outputs,)."""
        from scipy.linalg import LinAlgWarning
        from sklearn.linear_model import LogisticRegression, Ridge

        if label.dtype.is_numeric():
            values = label.to_numpy()
            scale = float(abs(values).max()) or 1.0  # the columns are in single precision
            mean = float((values / scale).mean())
            ridge = Ridge(alpha=self.regularisation, solver="sparse_cg", tol=1e-6)
            ridge.fit(columns, values / scale - mean)
            coefficients = np.atleast_2d(ridge.coef_).astype(np.float64) * scale
            intercept = (np.float64(ridge.intercept_) + mean) * scale
            return "identity", coefficients, np.atleast_1d(intercept)
        several = isinstance(label.dtype, pl.Enum)
        weights = columns.shape[1] * (label.n_unique() if several else 1)
        few = weights <= MOST_WEIGHTS
        learner = LogisticRegression(
            C=1 / self.regularisation,
            max_iter=self.iterations,
            tol=1e-6 if few else 1e-4,  # what Newton reaches in ten steps takes L-BFGS hundreds
            solver="newton-cholesky" if few else "lbfgs",
        )
        with warnings.catch_warnings():  # of a matrix that is singular: it takes L-BFGS instead
            warnings.simplefilter("ignore", LinAlgWarning)
            learner.fit(columns, label.to_physical().to_numpy() if several else label.to_numpy())
        return "softmax" if several else "logit", learner.coef_, learner.intercept_


def standardised(means: dict[str, float], deviations: dict[str, float]) -> dict[str, pl.Expr]:
    """Each number less its mean, in deviations; a null is 0, the mean."""
    return {
        name: ((pl.col(name) - mean) / deviations[name]).fill_null(0)
        for name, mean in means.items()
    }


def _newest(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a file as it is written now; before 0.6 there was one output, a logit."""
    if "intercept" not in content:
        return content
    return {
        "link": "logit",
        "means": content["means"],
        "deviations": content["deviations"],
        "weights": {name: [weight] for name, weight in content["weights"].items()},
        "category_weights": {
            name: {value: [weight] for value, weight in weights.items()}
            for name, weights in content["category_weights"].items()
        },
        "intercepts": [content["intercept"]],
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


def _or(default: float, value: float | None) -> float:
    return value if value is not None and np.isfinite(value) else default


def _deviation(value: float | None) -> float:
    """1 for a column that does not vary; infinite, so that it weighs nothing, if it overflows."""
    return float(np.nan_to_num(value or 1.0, nan=np.inf, posinf=np.inf))
