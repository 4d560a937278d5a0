"""The facts of a frame: what they say, what they keep to themselves, and what differs."""

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.data.facts import change, differences, facts

KEY = ["id"]


def frame(rows: int = 40, **columns: object) -> pl.DataFrame:
    usual: dict[str, Any] = {
        "id": range(rows),
        "at": [datetime(2025, 1, 1 + n % 28, tzinfo=UTC) for n in range(rows)],
        "wind": [float(n % 7) for n in range(rows)],
        "place": [("Bern", "Basel")[n % 2] for n in range(rows)],
        "late": [n % 4 == 0 for n in range(rows)],
    }
    return pl.DataFrame({**usual, **columns})


def differ(one: pl.DataFrame, other: pl.DataFrame, key: list[str] = KEY) -> dict[str, str]:
    return differences(facts(one, key=key), facts(other, key=key), len(other), key)


def test_a_number_has_mean_spread_and_quantiles() -> None:
    told = facts(pl.DataFrame({"wind": [1.0, 2.0, 3.0, None]}))["wind"]

    assert (told["nulls"], told["mean"], told["q50"]) == (1, 2.0, 2.0)
    assert told["sd"] == pytest.approx((2 / 3) ** 0.5)


def test_a_text_has_its_commonest_values_and_none_that_is_rare() -> None:
    told = facts(pl.DataFrame({"place": ["Bern"] * 6 + ["Basel"] * 5 + ["Chur"]}))["place"]

    assert told == {
        "kind": "text",
        "nulls": 0,
        "distinct": 3,
        "shares": {"Bern": 0.5, "Basel": pytest.approx(5 / 12)},
    }


def test_a_personal_column_shows_no_value() -> None:
    told = facts(frame(), ["wind", "place"], key=KEY)

    assert told["wind"].keys() == told["place"].keys() == {"kind", "nulls", "fingerprint"}


def test_facts_are_json() -> None:
    whole = frame(wind=[None] * 39 + [float("nan")], other=[[n] for n in range(40)])

    told = facts(whole, key=KEY)

    assert json.loads(json.dumps(told, allow_nan=False)) == told


@given(st.permutations(range(40)), st.sampled_from([KEY, []]))
def test_neither_the_order_of_rows_nor_rounding_is_a_difference(
    rows: list[int], key: list[str]
) -> None:
    other = frame().with_columns(pl.col("wind") * (1 + 1e-13))[rows]

    assert differ(frame(), other, key) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.col("wind") * 1.8 + 32, "mean 2.88 → 37.2"),
        (pl.col("wind").clip(0, 5), "95 % quantile 6 → 5"),
        (pl.when(pl.col("id") > 3).then("wind").alias("wind"), "unknown in 0 → 4"),
        (pl.col("wind").reverse(), "the same values, in other rows"),
        (pl.col("at").dt.offset_by("1h"), "mean 2025-01-12 02:24:00 → 2025-01-12 03:24:00"),
        (pl.col("late").not_(), "true in 25 → 75 %"),
        (pl.col("place").str.replace("Basel", "Bern"), "'Basel' in 50 → 0 %"),
        (pl.col("place").reverse(), "the same values, in other rows"),
        (pl.col("wind").cast(pl.String), "text, and was a number"),
    ],
)
def test_a_column_that_differs_is_named_alone(change: pl.Expr, words: str) -> None:
    other = frame().with_columns(change)

    told = differ(frame(), other)

    assert list(told) == [change.meta.output_name()]
    assert words in next(iter(told.values()))


def test_without_a_key_it_is_noticed_that_values_changed_places() -> None:
    whole = frame().drop("id")

    told = differ(whole, whole.with_columns(pl.col("late").reverse()), [])

    assert told["late"] == "the same values, in other rows"


def test_rows_with_other_keys_say_nothing_of_places() -> None:
    assert list(differ(frame(), frame().with_columns(pl.col("id") + 7))) == ["id"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(57.5, 14.2, "57.5 → 14.2"), (41.123, 41.128, "41.12 → 41.13"), (12_345, 9.0, "12,300 → 9")],
)
def test_a_change_has_as_many_digits_as_it_needs(before: float, after: float, words: str) -> None:
    assert change(before, after) == words
