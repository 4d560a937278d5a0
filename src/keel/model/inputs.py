"""What goes into a model: the features of examples as numbers and categories."""

from collections.abc import Sequence

import polars as pl

from keel.project.blame import defined
from keel.project.errors import UserError, reason
from keel.project.features import Features

Categories = dict[str, list[str]]


def feature_table(
    features: Features, examples: pl.DataFrame, then: Sequence[pl.Expr] = ()
) -> pl.DataFrame:
    """The features of the examples, shape (rows, features), with what is made of them `then`.

    Raises UserError naming a feature that can't be worked out, or is of a type that no model takes.
    """
    try:
        table = features.table(examples.lazy())
        for name, dtype in table.collect_schema().items():
            if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.String, pl.Enum, pl.Null)):
                raise UserError(
                    f"{defined(features[name])}: the feature {name} is {dtype}: make it a number, "
                    "a boolean or text, such as the year of a date or the length of a list"
                )
        return table.with_columns(then).collect()
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
    """The features of the examples; text becomes a category, one not in `known` becomes null.

    So does a number that is not finite, such as a ratio to 0: not every model can take one.
    """
    return feature_table(features, examples, _as_inputs(known))


def inputs_and_unseen(
    features: Features, examples: pl.DataFrame, known: Categories
) -> tuple[pl.DataFrame, list[list[str]]]:
    """The same, and for each example the features whose category is not in `known`."""
    texts = [pl.col(name).alias(_text(name)) for name in known]
    inputs = feature_table(features, examples, [*_as_inputs(known), *texts])
    unseen: list[list[str]] = [[] for _ in range(len(inputs))]
    for name, values in known.items():
        seen = {None, *values}
        for row, text in enumerate(inputs[_text(name)].to_list()):
            if text not in seen:
                unseen[row].append(name)
    return inputs.drop(_text(name) for name in known), unseen


def _as_inputs(known: Categories) -> list[pl.Expr]:
    number = pl.col(pl.Float64, pl.Float32)
    as_enum = [pl.col(name).cast(pl.Enum(values), strict=False) for name, values in known.items()]
    return [pl.when(number.is_finite()).then(number), *as_enum]


def _text(name: str) -> str:
    """What the text of a feature is called beside its category; no feature has a blank."""
    return f"{name} text"
