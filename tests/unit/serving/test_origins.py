from dataclasses import replace

import polars as pl
import pytest
from builders import PROJECT, season
from hypothesis import given
from hypothesis import strategies as st

from keel.project.description import Tables
from keel.serving.examples.origins import Keys, Maker, origins

COUNT = 64


def rows(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"number": range(COUNT), "shop": ["A"] * COUNT} | columns)


def found(keys: Keys, asked: pl.DataFrame) -> list[int | None]:
    """The numbers of the rows of the examples that are made so, with their `id` as key."""
    examples = keys(asked).collect()
    return origins(asked, examples, ["id"], lambda some: keys(some).select("id")).to_list()


class Asked:
    """Makes examples, and counts how often it is asked to."""

    def __init__(self, made: Keys) -> None:
        self._made = made
        self.times = 0

    def __call__(self, some: pl.DataFrame) -> pl.LazyFrame:
        self.times += 1
        return self._made(some)


@pytest.mark.parametrize("by", [1, 2, 32])
def test_values_that_are_those_of_other_rows_mislead_nobody(by: int) -> None:
    def shifted(some: pl.DataFrame) -> pl.LazyFrame:
        other = (pl.col("number") + by) % COUNT
        return some.lazy().select(number=other, id=pl.col("number") + 1000)

    assert found(shifted, rows()) == list(range(COUNT))


def test_bits_tell_all() -> None:
    asked = Asked(lambda some: some.lazy().select(id=pl.col("number") * 7 % 101).sort("id"))

    assert found(asked, rows()) == sorted(range(COUNT), key=lambda number: number * 7 % 101)
    assert asked.times == 1 + 6


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
def test_examples_find_their_rows_whatever_is_left_out(given: list[tuple[int, bool]]) -> None:
    asked = pl.DataFrame(
        {"number": range(len(given)), "shop": [s for s, _ in given], "kept": [k for _, k in given]},
        schema={"number": pl.Int64, "shop": pl.Int64, "kept": pl.Boolean},
    )

    def kept(some: pl.DataFrame) -> pl.LazyFrame:
        return some.lazy().filter("kept").select("shop", id=pl.col("number") + 500).sort("shop")

    expected = asked.filter("kept").sort("shop", maintain_order=True)["number"].to_list()
    assert {*found(kept, asked)} == {*expected}


@pytest.mark.parametrize("apart", [1, 2, 255])
def test_two_examples_with_one_key_do_not_make_all_rows_be_asked_for_singly(apart: int) -> None:
    tables, times = season(), [0]
    flights = (
        pl.concat([tables["flights"]] * 2)
        .head(256)
        .with_columns(flight=pl.int_range(1, 257, dtype=pl.Int32))
    )
    twins, first = {1, 1 + apart}, flights["time_hour"][0]

    def build(given: Tables) -> pl.LazyFrame:
        times[0] += 1
        number = pl.col("flight")
        alike = pl.when(number.is_in(list(twins))).then(9_999).otherwise(number)
        same = pl.when(number.is_in(list(twins))).then(pl.lit(first))
        rows = given["flights"].with_columns(
            flight=alike.cast(pl.Int32), time_hour=same.fill_null(pl.col("time_hour"))
        )
        return PROJECT.build({**given, "flights": rows})

    maker = Maker(replace(PROJECT, build=build), "flights")
    lookups = {name: tables[name].lazy() for name in ("weather", "planes")}

    made = maker.made(flights, lookups)

    assert sorted(made.places) == list(range(256))
    assert made.wrong == {}
    assert times[0] <= 1 + 2 * 8 + 2 * (1 + 8)
