"""What is predicted, which follows from the label's column; and what follows from that.

A task says how labels and predictions look wherever they go: in models, metrics, files, answers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import dataframely as dy
import numpy as np
import polars as pl

from .columns import meaning_of_true
from .errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[np.float64]"
FLOAT = pl.Float64()


@dataclass(frozen=True)
class Task(ABC):
    """Yes or no, one of several, or a number: what is predicted of each example."""

    label: str  # the column of the examples

    kind: ClassVar[str]  # in words
    field: ClassVar[str]  # what an answer calls the prediction
    needs: ClassVar[str] = "different ones"  # labels that a model can learn from
    has_probabilities: ClassVar[bool] = True

    @property
    def dtype(self) -> pl.DataType:
        """The type of a column of predictions."""
        return FLOAT

    @property
    def classes(self) -> tuple[str, ...]:
        """What may come out, of one of several; else nothing."""
        return ()

    @abstractmethod
    def labels(self, column: pl.Series) -> pl.Series:
        """The label's column as models and metrics take it: booleans, an Enum or floats."""

    def numbers(self, labels: pl.Series) -> Array:
        """Such labels as numbers, shape (rows,): 0 or 1, the place of the class, or the number."""
        return labels.cast(pl.Float64).to_numpy()

    def predictions(self, predicted: Array) -> pl.Series:
        """What a model returned as a column. Raises UserError if it is no prediction."""
        shape = np.shape(predicted)
        wanted = (len(self.classes),) if self.classes else ()
        if shape[1:] != wanted:
            rows = "(rows, {})".format(*wanted) if wanted else "(rows,)"
            raise UserError(f"let the model's predict return the shape {rows}, not {shape}")
        if not np.isfinite(predicted).all():
            raise UserError("the model predicts what is not finite: see how it deals with nulls")
        if self.has_probabilities and ((predicted < 0) | (predicted > 1)).any():
            odd = predicted[(predicted < 0) | (predicted > 1)][0]
            raise UserError(f"the model predicts a probability of {odd:.4g}: it has to be 0 to 1")
        return pl.Series(np.ascontiguousarray(predicted, np.float64), dtype=self.dtype)

    @property
    def fields(self) -> Mapping[str, pl.DataType]:
        """What an answer says of a prediction, and what the log keeps: names and types."""
        return {self.field: FLOAT}

    def answers(self, predictions: pl.Series) -> list[dict[str, Any]]:
        """Each prediction by the names of `fields`."""
        return [{self.field: value} for value in predictions.to_list()]

    def read(self) -> pl.Expr:
        """The prediction, of columns of the names and types of `fields`."""
        return pl.col(self.field)

    def scores(self, predictions: pl.Series) -> dict[str, pl.Series]:
        """What is watched of predictions: numbers by name."""
        return {self.field: predictions}

    @abstractmethod
    def naive(self, labels: pl.Series) -> pl.Series:
        """What one would guess who knew nothing but these labels, a column of one row."""

    @abstractmethod
    def summary(self, labels: pl.Series) -> dict[str, Any]:
        """What a passport says of these labels."""

    def problem(self, labels: pl.Series, *, to_learn: bool = True) -> str:
        """Why a model can't learn from such labels, or be judged by them; "" if it can."""
        if not len(labels):
            return "no example has a label"
        if labels.n_unique() < 2:
            return f"all {len(labels):,} labels are {labels[0]}; a model needs {self.needs}"
        return self._lack(labels) if to_learn else ""

    def _lack(self, labels: pl.Series) -> str:
        """What else a model that learns from such labels would miss; "" if nothing."""
        del labels
        return ""


@dataclass(frozen=True)
class YesNo(Task):
    """A boolean, or whether a column has the value that the schema calls true."""

    true: object = True

    kind = "yes or no"
    field = "probability"
    needs = "both"

    def labels(self, column: pl.Series) -> pl.Series:
        if column.dtype == pl.Boolean:
            return column if self.true is True else ~column
        return column == self.true

    def naive(self, labels: pl.Series) -> pl.Series:
        return pl.Series([labels.mean()], dtype=pl.Float64)

    def summary(self, labels: pl.Series) -> dict[str, Any]:
        return {"share_positive": round(float(labels.sum()) / len(labels), 6)}


@dataclass(frozen=True)
class Classes(Task):
    """One of several, which the schema lists."""

    names: tuple[str, ...]

    kind = "one of several"
    field = "probabilities"

    @property
    def dtype(self) -> pl.DataType:
        return pl.Array(pl.Float64, len(self.names))

    @property
    def classes(self) -> tuple[str, ...]:
        return self.names

    def labels(self, column: pl.Series) -> pl.Series:
        return column.cast(pl.Enum(list(self.names)))

    def numbers(self, labels: pl.Series) -> Array:
        return labels.to_physical().cast(pl.Float64).to_numpy()

    @property
    def fields(self) -> Mapping[str, pl.DataType]:
        return {
            "prediction": pl.String(),
            self.field: pl.Struct(dict.fromkeys(self.names, pl.Float64())),
        }

    def answers(self, predictions: pl.Series) -> list[dict[str, Any]]:
        likeliest = predictions.arr.arg_max().to_list()
        return [
            {
                "prediction": self.names[place],
                self.field: dict(zip(self.names, shares, strict=True)),
            }
            for place, shares in zip(likeliest, predictions.to_list(), strict=True)
        ]

    def read(self) -> pl.Expr:
        each = [pl.col(self.field).struct.field(name) for name in self.names]
        known = pl.all_horizontal(share.is_not_null() for share in each)  # it had these classes
        return pl.when(known).then(pl.concat_arr(each))

    def scores(self, predictions: pl.Series) -> dict[str, pl.Series]:
        return {
            f"probability of {name}": predictions.arr.get(place)
            for place, name in enumerate(self.names)
        }

    def naive(self, labels: pl.Series) -> pl.Series:
        return pl.Series([list(self._shares(labels).values())], dtype=self.dtype)

    def summary(self, labels: pl.Series) -> dict[str, Any]:
        return {"shares": {name: round(share, 6) for name, share in self._shares(labels).items()}}

    def _lack(self, labels: pl.Series) -> str:
        missing = [name for name, share in self._shares(labels).items() if not share]
        if missing:
            names = ", ".join(map(repr, missing))
            return f"none of {len(labels):,} is {names}; a model needs some of each class"
        return ""

    def _shares(self, labels: pl.Series) -> dict[str, float]:
        counted = dict(labels.value_counts().iter_rows())
        return {name: counted.get(name, 0) / max(len(labels), 1) for name in self.names}


@dataclass(frozen=True)
class Number(Task):
    """A number: an amount, a duration, a demand."""

    kind = "a number"
    field = "prediction"
    has_probabilities = False

    def labels(self, column: pl.Series) -> pl.Series:
        return column.cast(pl.Float64)

    def naive(self, labels: pl.Series) -> pl.Series:
        return pl.Series([labels.mean()], dtype=pl.Float64)

    def summary(self, labels: pl.Series) -> dict[str, Any]:
        shares = (0.05, 0.25, 0.5, 0.75, 0.95)
        at = {f"q{int(share * 100):02}": labels.quantile(share) or 0.0 for share in shares}
        return {name: round(value, 6) for name, value in {"mean": _mean(labels), **at}.items()}

    def _lack(self, labels: pl.Series) -> str:
        if labels.is_finite().all():
            return ""
        return "some labels are not finite; make them null, or set the rows aside"


def task(label: str, column: dy.Column) -> Task:
    """What is predicted by the label's column. Raises UserError if it is none of the three."""
    true = meaning_of_true(column)
    place = f"Project(label={label!r})"
    if true is not None:
        return _yes_no(label, column, true, place)
    if isinstance(column, dy.Bool):
        return YesNo(label)
    if isinstance(column, dy.Enum):
        names = tuple(map(str, column.categories))
        if len(names) < 3:
            raise UserError(
                f"{place}: say which of {', '.join(map(repr, names))} means true, with "
                f"metadata=afterwards(true={names[-1]!r})"
                if names
                else f"{place}: the dy.Enum has no values"
            )
        return Classes(label, names)
    if column.dtype.is_numeric():
        return Number(label)
    raise UserError(
        f"{place}: make that column a dy.Bool, a dy.Enum of its classes, or a number; "
        f"it is {column.dtype}"
    )


def _yes_no(label: str, column: dy.Column, true: object, place: str) -> YesNo:
    values = _values(column)
    if len(values) != 2:
        raise UserError(
            f"{place}: with afterwards(true={true!r}) the column has to have two values, or a "
            "third would count as no: make it a dy.Enum of both, a dy.Bool, or a whole number with "
            f"min and max, such as 0 and 1; it is {column.dtype}"
        )
    if not any(true == value and isinstance(true, type(value)) for value in values):
        raise UserError(
            f"{place}: afterwards(true={true!r}) is none of its values, which are "
            f"{', '.join(map(repr, values))}"
        )
    return YesNo(label, true)


def _values(column: dy.Column) -> list[object]:
    """All values that the schema allows, where they are few and listed."""
    if isinstance(column, dy.Bool):
        return [False, True]
    if isinstance(column, dy.Enum):
        return list(column.categories)
    if not column.dtype.is_integer():
        return []
    listed, least, most = (getattr(column, name, None) for name in ("is_in", "min", "max"))
    if listed is not None:
        return sorted(listed)
    if least is None or most is None or most - least > 1:
        return []
    return list(range(least, most + 1))


def _mean(labels: pl.Series) -> float:
    mean = labels.mean()
    return float(mean) if isinstance(mean, int | float) else 0.0
