import math

import polars as pl
import pytest
from builders import NOON, PROJECT, examples, with_feature
from flight_delay.examples import Examples
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from keel.model.inputs import Inputs, categories, check_rows_alone, model_inputs
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


def rows_of_an_airport() -> pl.DataFrame:
    """Flights that differ in what the features below read, some of it unknown."""
    return examples(carrier=["UA", "AA", "UA", "DL"] * 30).with_columns(
        temperature=pl.Series([(n * 37 % 101) / 7 for n in range(120)]),
        humidity=pl.Series([None if n == 77 else 30.0 + n % 11 for n in range(120)]),
    )


NUMBER, TEXT = Examples.temperature.col, Examples.carrier.col
OF_OTHER_ROWS = {
    "mean of a group": NUMBER.mean().over(TEXT),
    "least of a group": NUMBER.min().over(TEXT),
    "the row before": NUMBER.shift(),
    "the row after": NUMBER.shift(-1),
    "rank": NUMBER.rank(),
    "cumulated": NUMBER.cum_sum(),
    "cumulated in a group": NUMBER.cum_count().over(TEXT),
    "distance from the mean": NUMBER - NUMBER.mean(),
    "share of the greatest": NUMBER / NUMBER.max(),
    "distance from the least": NUMBER - NUMBER.min(),
    "the first": NUMBER.first(),
    "the commonest": TEXT.mode().first(),
    "how many": TEXT.n_unique(),
    "number of the row": pl.int_range(pl.len()),
    "the other way round": NUMBER.reverse(),
    "filled with the mean": Examples.humidity.col.fill_null(Examples.humidity.col.mean()),
    "filled with the greatest": Examples.humidity.col.fill_null(Examples.humidity.col.max()),
    "filled from the row before": Examples.humidity.col.forward_fill(),
    "in tenths": NUMBER.rank() * 10 // pl.len(),
    "seen before": TEXT.is_first_distinct(),
    "chance": pl.int_range(pl.len()).shuffle(),
}
OF_ITS_OWN_ROW = {
    "rounded": (NUMBER.exp() / 7).sin().sqrt(),
    "single precision": NUMBER.cast(pl.Float32) * 1.1,
    "mean of columns": pl.mean_horizontal(NUMBER, Examples.humidity.col),
    "constant": pl.lit(3),
    "nothing": pl.lit(None),
    "text": TEXT.str.to_lowercase() + "!",
    "filled": Examples.humidity.col.fill_null(0.0),
    "not finite": NUMBER / (NUMBER - NUMBER),
}


@pytest.mark.parametrize("feature", OF_OTHER_ROWS.values(), ids=OF_OTHER_ROWS)
def test_a_feature_of_other_rows_is_named_with_the_cure(feature: pl.Expr) -> None:
    features, rows = with_feature("odd", feature).features, rows_of_an_airport()
    known = categories(features, rows)
    inputs = model_inputs(features, rows, known)

    with pytest.raises(UserError, match=r"^let a feature read its own row only.*\n  odd, ") as told:
        check_rows_alone(features, rows, inputs, known)

    assert "Look back" in str(told.value)


@pytest.mark.parametrize("feature", OF_ITS_OWN_ROW.values(), ids=OF_ITS_OWN_ROW)
def test_a_feature_of_its_own_row_is_fine(feature: pl.Expr) -> None:
    features, rows = with_feature("fine", feature).features, rows_of_an_airport()
    known = categories(features, rows)
    inputs = model_inputs(features, rows, known)

    check_rows_alone(features, rows, inputs, known)
