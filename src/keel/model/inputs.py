"""What goes into a model: the features of examples as numbers and categories."""

from collections.abc import Sequence

import polars as pl

from keel.project.blame import defined
from keel.project.errors import UserError, reason
from keel.project.features import Features

Categories = dict[str, list[str]]


def feature_table(
    features: Features, examples: pl.DataFrame, plain: Sequence[pl.Expr] = ()
) -> pl.DataFrame:
    """The features of the examples, shape (rows, features); `plain` are their expressions.

    Raises UserError naming a feature that can't be worked out, or is of a type that no model takes.
    """
    try:
        table = examples.select(plain or features.expressions())
    except pl.exceptions.PolarsError as error:
        for name, build in features.items():
            try:
                values = len(examples.select(build()))
            except pl.exceptions.PolarsError as cause:
                raise UserError(
                    f"{defined(build)}: the feature {name} can't be worked out: {reason(cause)}"
                ) from error
            if values not in (1, len(examples)):
                raise UserError(
                    f"{defined(build)}: let the feature {name} give one value for each row: it "
                    f"has {values} for {len(examples)} examples"
                ) from error
        raise
    for name, dtype in table.schema.items():
        if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.String, pl.Enum, pl.Null)):
            raise UserError(
                f"{defined(features[name])}: the feature {name} is {dtype}: make it a number, "
                "a boolean or text, such as the year of a date or the length of a list"
            )
    return table


class Inputs:
    """The features of examples as a model takes them.

    Text becomes a category, one not in `known` becomes null. So does a number that is not finite,
    such as a ratio to 0: not every model can take one.
    """

    def __init__(self, features: Features, known: Categories) -> None:
        self._features = features
        self._plain = features.expressions()
        number = pl.col(pl.Float64, pl.Float32)
        as_enum = [pl.col(n).cast(pl.Enum(values), strict=False) for n, values in known.items()]
        self._typed = [pl.when(number.is_finite()).then(number), *as_enum]
        self._seen = {name: {None, *values} for name, values in known.items()}

    def of(self, examples: pl.DataFrame) -> pl.DataFrame:
        """Shape (rows, features). Raises UserError as `feature_table` does."""
        return feature_table(self._features, examples, self._plain).with_columns(self._typed)

    def and_unseen(self, examples: pl.DataFrame) -> tuple[pl.DataFrame, list[list[str]]]:
        """The same, and for each example the features whose category is not in `known`."""
        table = feature_table(self._features, examples, self._plain)
        unseen: list[list[str]] = [[] for _ in range(len(table))]
        for name, seen in self._seen.items():
            for row, text in enumerate(table[name].to_list()):
                if text not in seen:
                    unseen[row].append(name)
        return table.with_columns(self._typed), unseen


def check_rows_alone(
    features: Features, examples: pl.DataFrame, inputs: pl.DataFrame, known: Categories
) -> None:
    """Raise UserError if a feature differs for some of the examples when they are asked alone.

    `inputs` are those of the same examples among others, shape (rows, features).
    """
    alone = model_inputs(features, examples, known)
    differing = [name for name in alone.columns if not alone[name].equals(inputs[name])]
    if differing:
        where = ", ".join(f"{name} ({defined(features[name])})" for name in differing)
        raise UserError(
            f"let a feature read one row, no clock and no chance: {where} has other values for "
            "the same examples when they are asked again, alone"
        )


def categories(features: Features, examples: pl.DataFrame) -> Categories:
    """The values of each feature that is text, sorted, as training sees them."""
    texts = feature_table(features, examples).select(pl.col(pl.String))
    return {column.name: column.drop_nulls().unique().sort().to_list() for column in texts}


def model_inputs(features: Features, examples: pl.DataFrame, known: Categories) -> pl.DataFrame:
    """The features of the examples as a model takes them."""
    return Inputs(features, known).of(examples)
