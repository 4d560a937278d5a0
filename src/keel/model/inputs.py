"""What goes into a model: the features of examples as numbers and categories."""

import polars as pl

from keel.project.features import Features

Categories = dict[str, list[str]]


def categories(features: Features, examples: pl.DataFrame) -> Categories:
    """The values of each feature that is text, sorted, as training sees them."""
    texts = features.table(examples.lazy()).select(pl.col(pl.String)).collect()
    return {column.name: column.drop_nulls().unique().sort().to_list() for column in texts}


def model_inputs(features: Features, examples: pl.DataFrame, known: Categories) -> pl.DataFrame:
    """The features of the examples; text becomes a category, one not in `known` becomes null.

    So does a number that is not finite, such as a ratio to 0: not every model can take one.
    """
    return features.table(examples.lazy()).with_columns(_as_inputs(known)).collect()


def inputs_and_unseen(
    features: Features, examples: pl.DataFrame, known: Categories
) -> tuple[pl.DataFrame, list[list[str]]]:
    """The same, and for each example the features whose category is not in `known`."""
    texts = [pl.col(name).alias(_text(name)) for name in known]
    inputs = features.table(examples.lazy()).with_columns(*_as_inputs(known), *texts).collect()
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
