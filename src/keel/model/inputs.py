"""What goes into a model: the features of examples as numbers and categories."""

from collections.abc import Mapping, Sequence

import polars as pl

from keel.project.blame import defined
from keel.project.errors import UserError, reason
from keel.project.features import Features

Categories = dict[str, list[str]]
ROW = "its row"  # no column has a blank
COMPANY = 1000  # rows are asked for among fewer others: a mistake shows in few
ALONE = 20  # rows that are asked for one by one, and as many that have something unknown
# How far a number may be from the same, as a share: of one row it may be rounded otherwise.
TOLERANCE: Mapping[object, float] = {pl.Float64: 1e-9, pl.Float32: 1e-5}


def feature_table(
    features: Features, examples: pl.DataFrame, plain: Sequence[pl.Expr] = ()
) -> pl.DataFrame:
    """The features of the examples, shape (rows, features); `plain` are their expressions.

    Raises UserError naming a feature that can't be worked out, or is of a type that no model takes.
    """
    try:
        table = examples.with_columns(plain or features.expressions()).select(*features)
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
    """Raise UserError if a feature has another value for a row alone than among others.

    `inputs` are those of the same examples among others, shape (rows, features). Some are asked for
    again in less company and in another order, which any mean, rank or shift shows in, and a few
    one by one: a least value or a mode may be the same in company.
    """
    asked, rows = Inputs(features, known), examples.with_row_index(ROW)
    company = rows.sample(min(COMPANY, -(-len(rows) // 2)), shuffle=True, seed=1)
    _compare(features, asked.of(company.drop(ROW)), inputs[company[ROW].to_list()])
    unknown = [
        rows.filter(pl.col(name).is_null()).head(1) for name in features.columns_read()[:ALONE]
    ]
    lone = pl.concat([company.head(ALONE), *unknown])
    alone = [asked.of(row) for row in lone.drop(ROW).iter_slices(1)]
    _compare(features, pl.concat(alone, how="vertical_relaxed"), inputs[lone[ROW].to_list()])


def _compare(features: Features, again: pl.DataFrame, among: pl.DataFrame) -> None:
    """Raise UserError naming the features that differ, each with where and how."""
    differing = [
        f"  {name}, {defined(features[name])}: {again[name][row]!r} and {among[name][row]!r}"
        for name in among.columns
        if (row := _first_other(again[name], among[name])) is not None
    ]
    if differing:
        raise UserError(
            "let a feature read its own row only, and neither a clock nor chance:\n"
            + "\n".join(differing)
            + "\nA request is one row, and has another value alone than among the rows of a table."
            "\nTake a mean, a rank or the value before from a table of its own, joined in `build`"
            '\n("Look back" in docs/how-to.md)'
        )


def _first_other(values: pl.Series, others: pl.Series) -> int | None:
    """The first place at which two columns differ, by more than rounding; None if none does."""
    if values.dtype == others.dtype and (share := TOLERANCE.get(type(values.dtype))):
        far = (values - others).abs() > share * (values.abs() + others.abs())
        other = far.fill_null(value=False) | (values.is_null() != others.is_null())
    else:
        other = values.ne_missing(others)
    return other.arg_max() if other.any() else None


def categories(features: Features, examples: pl.DataFrame) -> Categories:
    """The values of each feature that is text, sorted, as training sees them."""
    texts = feature_table(features, examples).select(pl.col(pl.String))
    return {column.name: column.drop_nulls().unique().sort().to_list() for column in texts}


def model_inputs(features: Features, examples: pl.DataFrame, known: Categories) -> pl.DataFrame:
    """The features of the examples as a model takes them."""
    return Inputs(features, known).of(examples)
