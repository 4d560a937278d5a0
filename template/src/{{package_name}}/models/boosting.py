"""Gradient-boosted trees (LightGBM), the default model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
import polars as pl
from annotated_types import Ge, Gt, Le
from keel import Progress, Section, categories

if TYPE_CHECKING:
    import lightgbm as lgb


@dataclass(frozen=True)
class Boosting:
    """Fitted trees."""

    booster: "lgb.Booster"

    def predict(self, features: pl.DataFrame) -> npt.NDArray[np.float64]:
        return np.asarray(self.booster.predict(matrix(features)), dtype=np.float64)

    def to_text(self) -> str:
        return str(self.booster.model_to_string())


class Settings(Section):
    """The settings; LightGBM's documentation explains each under the name in brackets."""

    trees: Annotated[int, Gt(0)]  # [num_iterations]
    learning_rate: Annotated[float, Gt(0), Le(1)]
    leaves: Annotated[int, Gt(1)]  # [num_leaves]
    rows_per_leaf: Annotated[int, Gt(0)]  # [min_data_in_leaf]
    rows_per_category: Annotated[int, Gt(0)]  # [min_data_per_group]
    seed: Annotated[int, Ge(0)]

    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Progress) -> Boosting:
        import lightgbm as lgb  # slow to import, and most stages only read the settings

        data = lgb.Dataset(
            matrix(features),
            label.to_physical().to_numpy().astype(np.float32),
            feature_name=features.columns,
            categorical_feature=list(categories(features)),
        )

        def report(step: lgb.callback.CallbackEnv) -> None:
            progress(step.iteration + 1, step.end_iteration)

        return Boosting(
            lgb.train(self._parameters(label.dtype), data, self.trees, callbacks=[report])
        )

    def from_text(self, text: str) -> Boosting:
        if "\nend of parameters\n" not in text:  # LightGBM would load half a model, or crash
            raise ValueError("not a LightGBM model, or not all of one")
        import lightgbm as lgb

        try:
            return Boosting(lgb.Booster(model_str=text))
        except lgb.basic.LightGBMError as error:
            raise ValueError(f"not a LightGBM model: {error}") from error

    def _parameters(self, label: pl.DataType) -> dict[str, object]:
        """LightGBM's parameters; the objective follows from the type of the label."""
        objective: dict[str, object] = {"objective": "regression"}
        if label == pl.Boolean:
            objective = {"objective": "binary"}
        if isinstance(label, pl.Enum):
            objective = {"objective": "multiclass", "num_class": len(label.categories)}
        return objective | {
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.rows_per_leaf,
            "min_data_per_group": self.rows_per_category,
            "seed": self.seed,
            # With these, equal data give equal files, on any number of threads.
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


def matrix(features: pl.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The features as LightGBM reads them: codes for categories, NaN for nulls."""
    return features.select(pl.all().to_physical().cast(pl.Float64).fill_null(np.nan)).to_numpy()
