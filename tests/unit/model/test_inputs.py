import math

import polars as pl
import pytest
from builders import NOON, PROJECT, examples, with_feature
from flight_delay.examples import Examples
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from keel.model.inputs import Inputs, categories, model_inputs
from keel.project.errors import UserError

FEATURES = PROJECT.features


def test_text_becomes_the_categories_that_training_saw() -> None:
    seen = categories(FEATURES, examples(carrier=["UA", "B6", "UA"]))
    assert seen["carrier"] == ["B6", "UA"]

    matrix = model_inputs(FEATURES, examples(carrier=["UA", "ZZ"]), seen)

    assert matrix["carrier"].to_list() == ["UA", None]
    assert matrix.schema["carrier"] == pl.Enum(["B6", "UA"])


def test_text_that_is_always_missing_has_no_categories() -> None:
    features = with_feature("gate", pl.lit(None, pl.String)).features
    seen = categories(features, examples(carrier=["UA"]))

    matrix = model_inputs(features, examples(), seen)

    assert seen["gate"] == []
    assert matrix["gate"].to_list() == [None]


def test_a_number_that_is_not_finite_counts_as_unknown() -> None:
    rows = examples(humidity=[50.0, 50.0, 0.0], wind_speed=[10.0, 0.0, 0.0])

    features = with_feature("ratio", Examples.humidity.col / Examples.wind_speed.col).features
    matrix = model_inputs(features, rows, categories(features, rows))

    assert matrix["ratio"].to_list() == [5.0, None, None]


def test_a_feature_may_read_nothing_but_the_number_of_the_row() -> None:
    features = with_feature("constant", pl.lit(NOON.year)).features

    matrix = model_inputs(features, examples(), {})

    assert matrix["constant"].to_list() == [2013]


@pytest.mark.parametrize(
    ("wrong", "values"),
    [
        (Examples.humidity.col.head(2), 2),
        (Examples.humidity.col.filter(Examples.humidity.col > 40), 2),
        (pl.lit(pl.Series([1, 2, 3, 4])), 4),
        (Examples.humidity.col.map_batches(lambda column: column[:2]), 2),
    ],
)
def test_a_feature_without_a_value_for_each_row_is_named(wrong: pl.Expr, values: int) -> None:
    features = with_feature("odd", wrong).features
    cure = rf"let the feature odd give one value for each row: it has {values} for 3 examples"

    with pytest.raises(UserError, match=cure):
        model_inputs(features, examples(humidity=[50.0, 50.0, 0.0]), {})


@given(
    st.lists(
        st.tuples(st.sampled_from(["UA", "ZZ", None]), st.floats() | st.none()),
        min_size=1,
        max_size=9,
    )
)
def test_what_is_asked_again_and_again_is_the_same_alone_and_among_others(
    asked: list[tuple[str | None, float | None]],
) -> None:
    carriers, numbers = map(list, zip(*asked, strict=True))
    rows = examples(carrier=["UA"] * len(asked)).with_columns(
        carrier=pl.Series(carriers, dtype=pl.String),
        temperature=pl.Series(numbers, dtype=pl.Float64),
    )
    inputs = Inputs(FEATURES, {"carrier": ["UA"], "origin": ["EWR"], "destination": ["ORD"]})

    table, unseen = inputs.and_unseen(rows)

    for n in range(len(rows)):
        assert_frame_equal(inputs.of(rows[n : n + 1]), table[n : n + 1])
    assert unseen == [["carrier"] if carrier == "ZZ" else [] for carrier in carriers]
    assert table["temperature"].to_list() == [
        n if n is not None and math.isfinite(n) else None for n in numbers
    ]
