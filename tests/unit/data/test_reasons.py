"""What people read of rows that break their schema."""

import string
from datetime import date

import dataframely as dy
import polars as pl
import pytest

from keel.data.reasons import in_words, words
from keel.data.validation import REASONS, check


class Parcels(dy.Schema):
    parcel = dy.Int64(primary_key=True, min=1, max=999)
    weight = dy.Float64(min_exclusive=0.0, max_exclusive=40.5)
    code = dy.String(regex=r"^[A-Z]{2}$")
    note = dy.String(nullable=True, min_length=2, max_length=4)
    size = dy.Enum(["S", "M", "L"])
    sent = dy.Date(min=date(2020, 1, 1))
    paid = dy.Bool()
    even = dy.Int64(nullable=True, check={"even": lambda value: value % 2 == 0})
    level = dy.Int64(nullable=True, is_in=[1, 2, 3, 4, 5, 6, 7])

    @dy.rule()
    def heavy_is_large(cls) -> pl.Expr:  # noqa: N805 -- dataframely's form
        """What weighs more than 20 kg is of size L."""
        return (pl.col("weight") <= 20) | (pl.col("size") == "L")

    @dy.rule()
    def no_word(cls) -> pl.Expr:  # noqa: N805 -- dataframely's form
        return pl.col("code") != "ZZ"


GOOD = {
    "parcel": 1,
    "weight": 1.5,
    "code": "AB",
    "note": "abc",
    "size": "S",
    "sent": date(2026, 1, 2),
    "paid": True,
    "even": 4,
    "level": 2,
}
BROKEN = {
    "missing": ({"size": None}, "size is missing"),
    "below": ({"parcel": 0}, "parcel is below 1"),
    "above": ({"parcel": 1000}, "parcel is above 999"),
    "not above": ({"weight": 0.0}, "weight is not above 0"),
    "not below": ({"weight": 40.5, "size": "L"}, "weight is not below 40.5"),
    "infinite": ({"weight": float("-inf")}, "weight is infinite, weight is not above 0"),
    "pattern": ({"code": "a1"}, "code is not written like ^[A-Z]{2}$"),
    "short": ({"note": "a"}, "note has fewer than 2 letters"),
    "long": ({"note": "abcde"}, "note has more than 4 letters"),
    "category": ({"size": "XL"}, "size is none of S, M, L"),
    "early": ({"sent": date(2019, 1, 1)}, "sent is below 2020-01-01"),
    "no number": ({"weight": "heavy"}, "weight is no number"),
    "no whole number": ({"parcel": "1.5"}, "parcel is no whole number"),
    "no date": ({"sent": "yesterday"}, "sent is no date"),
    "no boolean": ({"paid": "perhaps"}, "paid is neither true nor false"),
    "own check": ({"even": 3}, "even breaks the rule even of tables.py"),
    "of many": ({"level": 9}, "level is none of 1, 2, 3, 4, 5, 2 more"),
    "own rule": (
        {"weight": 30.0},
        "breaks the rule heavy_is_large of tables.py (What weighs more than 20 kg is of size L)",
    ),
    "own rule without a word": ({"code": "ZZ"}, "breaks the rule no_word of tables.py"),
    "two": ({"size": None, "parcel": 0}, "parcel is below 1, size is missing"),
}


@pytest.mark.parametrize(("changes", "told"), BROKEN.values(), ids=BROKEN)
def test_a_reason_says_what_is_wrong_with_the_value(changes: dict[str, object], told: str) -> None:
    _, broken = check(pl.DataFrame([GOOD | changes], strict=False), Parcels)

    assert sorted(words(broken[REASONS].item(), Parcels).split(", ")) == sorted(told.split(", "))


def test_rows_that_are_there_twice_are_told_apart() -> None:
    twice = pl.DataFrame([GOOD, GOOD, GOOD | {"parcel": 2}, GOOD | {"parcel": 2, "weight": 2.0}])

    _, broken = check(twice, Parcels)

    told = [words(reasons, Parcels) for reasons in broken[REASONS]]
    assert told == ["another row has the same parcel"] * 2 + ["the same row was there before"]


def test_the_length_of_a_list_is_told() -> None:
    class Tour(dy.Schema):
        stops = dy.List(dy.String(), min_length=2)

    assert words("stops|min_length", Tour) == "stops has fewer than 2 values"


def test_without_the_schema_nothing_of_dataframely_s_is_left() -> None:
    names = ["a|nullability", "a|dtype", "a|min", "a|max_length", "b|check__odd", "primary_key"]

    told = in_words(dict.fromkeys(names, 2))

    letters = {*string.ascii_letters, *"' _."}
    assert all({*text} <= letters for text in told)
    assert not {"nullability", "dtype", "primary_key", "check__odd"} & {*" ".join(told).split()}
    assert sum(told.values()) == 2 * len(names)
