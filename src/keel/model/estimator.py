"""Any model that has scikit-learn's interface: what goes into it, and what is made of its answers.

How it is written into a file says `keel.model.saved`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl

from keel.model import saved
from keel.project.blame import defined
from keel.project.errors import UserError, reason
from keel.project.learning import Predictions, Progress, categories
from keel.project.settings import Section

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from keel.model.saved import Content

# A category with more values than these has its rarest ones in one; gradient boosting tells 255
# apart. An unknown one has no column set, or is NaN.
IN_COLUMNS = {"max_categories": 100, "handle_unknown": "infrequent_if_exist"}
AS_SUCH = {
    "max_categories": 254,
    "handle_unknown": "use_encoded_value",
    "unknown_value": np.nan,
}


class EstimatorSettings(Section):
    """Settings of any classifier or regressor with scikit-learn's interface.

    A class of a project's own derives from it, names what can be set, and writes `estimator()`.
    What goes in suits most estimators. A category has a column for each value; the rarest of more
    than a hundred share one. Where it is unknown, none of them is set, or that of the rarest. A
    number goes in as it is where the estimator takes unknown ones, as trees do. For all others it
    is standardised, and where it is unknown it is the median, with a column that says so. One that
    takes categories as such, as HistGradientBoostingClassifier does, gets them as such.

    The model is saved by skops, so that loading it runs no code. It needs `keel-ml[sklearn]`.
    """

    # Full names of other types than scikit-learn's own that loading a file may make objects of.
    trusted: ClassVar[tuple[str, ...] | list[str]] = ()

    def estimator(self) -> BaseEstimator:
        """An estimator that is not fitted: a classifier where the label is no number.

        Where it draws and has no `random_state`, it gets one, so that equal rows give equal models.
        """
        raise UserError(
            f"write `def estimator(self)` in {type(self).__module__}.{type(self).__qualname__}: it "
            "returns the classifier or regressor"
        )

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> EstimatorModel:
        """Fit on features of shape (rows, features) and a label of shape (rows,)."""
        from sklearn.pipeline import make_pipeline

        saved.check_installed()
        progress(0, 1)
        place, is_number = defined(self.estimator), label.dtype.is_numeric()
        estimator = _fits(self.estimator(), place, is_number=is_number)
        texts = {name: values for name, values in categories(features).items() if values}
        known = [column.name for column in features if column.null_count() < len(column)]
        numbers = [name for name in known if features.schema[name] != pl.Enum]
        if not numbers and not texts:
            raise UserError("an estimator needs a feature with values: give features.py one")
        pipeline = make_pipeline(_inputs(estimator, numbers, texts), estimator)
        try:
            pipeline.fit(_matrix(features, numbers, texts), label.to_physical().to_numpy())
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            raise UserError(
                f"{place}: {type(estimator).__name__} can't be fitted: {reason(error)}"
            ) from error
        content = saved.content(pipeline, self.trusted, place)
        progress(1, 1)
        classes = len(label.dtype.categories) if isinstance(label.dtype, pl.Enum) else 0
        kind = "number" if is_number else "classes" if classes else "yes or no"
        return EstimatorModel(pipeline, numbers, texts, kind, classes, content)

    def from_text(self, text: str) -> EstimatorModel:
        """The model from its text. Raises ValueError if it is not one, or has a strange type."""
        try:
            parts = json.loads(text)
            content = parts.pop("content")
            return EstimatorModel(saved.loaded(content, self.trusted), **parts, content=content)
        except (AttributeError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a saved estimator: {error}") from error


@dataclass(frozen=True)
class EstimatorModel:
    """A fitted estimator, behind what makes its inputs of features."""

    pipeline: Any
    numbers: list[str]
    texts: dict[str, list[str]]
    kind: str  # "number", "yes or no" or "classes"
    classes: int
    content: Content  # what the file says of the estimator

    def predict(self, features: pl.DataFrame) -> Predictions:
        inputs = _matrix(features, self.numbers, self.texts)
        if self.kind == "number":
            return np.asarray(self.pipeline.predict(inputs), np.float64).reshape(len(features))
        shares = self.pipeline.predict_proba(inputs)
        every = np.zeros((len(features), max(self.classes, 2)))
        every[:, self.pipeline.classes_.astype(int)] = shares  # one that training had not is 0
        return every if self.kind == "classes" else every[:, 1]

    def to_text(self) -> str:
        parts = {
            "numbers": self.numbers,
            "texts": self.texts,
            "kind": self.kind,
            "classes": self.classes,
            "content": self.content,
        }
        return json.dumps(parts, indent=1)


def _fits(estimator: Any, place: str, *, is_number: bool) -> Any:
    """The estimator, with a seed where it has none. Raises UserError if it is of another kind."""
    from sklearn.base import is_classifier, is_regressor

    name = type(estimator).__name__
    if is_number and not is_regressor(estimator):
        raise UserError(f"{place}: return a regressor, since the label is a number; {name} is none")
    if not is_number and not is_classifier(estimator):
        raise UserError(f"{place}: return a classifier, since the label is none; {name} is none")
    if not is_number and not hasattr(estimator, "predict_proba"):
        raise UserError(
            f"{place}: return CalibratedClassifierCV({name}(…)): {name} has no probabilities"
        )
    unset = [
        name
        for name, value in estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    ]
    return estimator.set_params(**dict.fromkeys(unset, 0))


def _inputs(estimator: Any, numbers: list[str], texts: dict[str, list[str]]) -> Any:
    """What makes an estimator's inputs of a matrix of numbers and of codes of categories."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    tags = estimator.__sklearn_tags__().input_tags
    first = len(numbers)
    places = list(range(first, first + len(texts)))
    number: Any = "passthrough"
    if not tags.allow_nan:
        median = SimpleImputer(strategy="median", add_indicator=True)
        number = make_pipeline(median, StandardScaler())
    native = tags.allow_nan and "categorical_features" in estimator.get_params()
    if native:
        estimator.set_params(categorical_features=places)
    encoder: Any = OrdinalEncoder if native else OneHotEncoder
    category = encoder(
        categories=[np.arange(len(values), dtype=float) for values in texts.values()],
        **(AS_SUCH if native else IN_COLUMNS),
    )
    columns = [("numbers", number, list(range(first))), ("categories", category, places)]
    dense = tags.allow_nan or not tags.sparse
    return ColumnTransformer(
        [column for column in columns if column[2]], sparse_threshold=0.0 if dense else 0.3
    )


def _matrix(features: pl.DataFrame, numbers: list[str], texts: dict[str, list[str]]) -> Any:
    """Numbers, then the codes of categories, shape (rows, features); NaN and -1 are unknown."""
    codes = [
        pl.col(name).cast(pl.String).cast(pl.Enum(values), strict=False).to_physical()
        for name, values in texts.items()
    ]
    plain = [pl.col(name).cast(pl.Float64).fill_null(np.nan) for name in numbers]
    return features.select(
        *plain, *(code.cast(pl.Float64).fill_null(-1) for code in codes)
    ).to_numpy()
