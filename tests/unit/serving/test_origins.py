import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.serving.examples.origins import Keys, origins

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
