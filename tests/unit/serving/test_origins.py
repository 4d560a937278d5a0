"""Examples find the rows that they were made of, whatever `build` does with them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl
import pytest
from builders import PROJECT
from hypothesis import given
from hypothesis import strategies as st

from keel.project.description import Tables
from keel.serving.examples.origins import PLACE, Build, Made, Maker, numbered

COUNT, MANY = 64, 512
LOOKUP = pl.LazyFrame({"shop": [0, 1, 1, 2], "city": ["A", "B", "C", "D"], "size": [1, 2, 3, 4]})
STRICT = pl.when(pl.col("number") == 5).then(pl.lit("five")).otherwise(pl.lit("0")).cast(pl.Int64)
Step = Callable[[pl.LazyFrame], pl.LazyFrame]


class Counted:
    """Makes examples, and counts how often it is asked to."""

    def __init__(self, build: Callable[[Tables], pl.LazyFrame]) -> None:
        self._build = build
        self.times = 0

    def __call__(self, tables: Tables) -> pl.LazyFrame:
        self.times += 1
        return self._build(tables)


def rows(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"number": range(COUNT), "shop": [1] * COUNT} | columns)


def found(build: Build, asked: pl.DataFrame) -> list[int | None]:
    """The numbers of the rows of the examples that are made so, with their `id` as key."""
    return numbered(build, asked, ["id"], ["id"])[PLACE].to_list()


def eager(build: Build) -> Build:
    """The same, in a way that loses a number of the rows."""
    return lambda some: build(some.collect().lazy().select(pl.exclude(PLACE)))


def same(some: pl.LazyFrame) -> pl.LazyFrame:
    return some


@pytest.mark.parametrize("way", [same, eager])
@pytest.mark.parametrize("by", [1, 2, 32])
def test_values_that_are_those_of_other_rows_mislead_nobody(
    by: int, way: Callable[[Build], Build]
) -> None:
    def shifted(some: pl.LazyFrame) -> pl.LazyFrame:
        other = (pl.col("number") + by) % COUNT
        return some.select(number=other, id=pl.col("number") + 1000)

    assert found(way(shifted), rows()) == list(range(COUNT))


def test_a_number_travels_where_build_selects_other_columns_by_name() -> None:
    build = Counted(
        lambda t: t["t"].select(["number"]).select(id=pl.col("number") * 7 % 101).sort("id")
    )

    places = found(lambda some: build({"t": some}), rows())

    assert places == sorted(range(COUNT), key=lambda number: number * 7 % 101)
    assert build.times == 2


def test_without_a_travelling_number_bits_tell_all() -> None:
    build = Counted(lambda t: t["t"].collect().lazy().select(id=pl.col("number") * 7 % 101))

    places = found(eager(lambda some: build({"t": some})), rows())

    assert places == list(range(COUNT))
    assert build.times == 1 + 1 + 2 * 6


@pytest.mark.parametrize("way", [same, eager])
@given(asked=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
def test_examples_find_their_rows_whatever_is_left_out(
    way: Callable[[Build], Build], asked: list[tuple[int, bool]]
) -> None:
    frame = pl.DataFrame(
        {"number": range(len(asked)), "shop": [s for s, _ in asked], "kept": [k for _, k in asked]},
        schema={"number": pl.Int64, "shop": pl.Int64, "kept": pl.Boolean},
    )

    def kept(some: pl.LazyFrame) -> pl.LazyFrame:
        return some.filter("kept").select("shop", id=pl.col("number") + 500).sort("shop")

    assert set(found(way(kept), frame)) == set(frame.filter("kept")["number"])


# What a `build` may do with the rows; each makes of a row what it would make of the row alone, but
# for those that look at rows with the same key.
STEPS: dict[str, Step] = {
    "all": lambda f: f.select(pl.all()),
    "names": lambda f: f.select("shop", "flag", "number"),
    "sorted": lambda f: f.sort("number", descending=True),
    "filtered": lambda f: f.filter(pl.col("number") != 2),
    "joined": lambda f: f.join(LOOKUP.unique("shop"), on="shop", how="left"),
    "joined from the other side": lambda f: LOOKUP.unique("shop").join(f, on="shop"),
    "joined with itself": lambda f: f.join(f.select("shop", "number"), on=["shop", "number"]),
    "of many": lambda f: f.join(LOOKUP, on="shop").group_by("shop", "flag", "number").agg("size"),
    "twice": lambda f: pl.concat([f, f.filter(pl.col("number") == 3)], how="diagonal"),
    "in parts": lambda f: pl.concat([f.filter("flag"), f.filter(~pl.col("flag"))]),
    "first of a key": lambda f: f.unique(["shop", "number"], keep="first", maintain_order=True),
    "all once": lambda f: f.unique(),
    "by hand": lambda f: f.collect().select("shop", "flag", "number").lazy(),
    "of all numbers": lambda f: f.with_columns(shop=pl.sum_horizontal(pl.col(pl.Int64))),
    "strict": lambda f: f.with_columns(pl.col("shop") + STRICT),
}


def makes(steps: Sequence[str], key: Sequence[str]) -> tuple[Maker, Counted]:
    def build(tables: Tables) -> pl.LazyFrame:
        made = tables["flights"]
        for step in steps:
            made = STEPS[step](made)
        return made.select("shop", "flag", "number")

    counted = Counted(build)
    maker = Maker(replace(PROJECT, build=counted), "flights")
    maker.columns = pl.Schema({"shop": pl.Int64, "flag": pl.Boolean, "number": pl.Int64})
    maker.key = list(key)
    return maker, counted


def answered(made: Made) -> dict[int, tuple[object, ...]]:
    both = zip(made.places, made.examples.rows(), strict=True)
    return {row: example for row, example in both if row not in made.wrong}


@given(
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4),
    key=st.sampled_from([["number"], ["shop", "number"], ["shop"], []]),
    asked=st.lists(
        st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 5)), min_size=2, max_size=20
    ),
)
def test_a_row_gets_among_others_what_it_gets_alone_or_a_reason(
    steps: list[str], key: list[str], asked: list[tuple[int, bool, int]]
) -> None:
    maker, build = makes(steps, key)
    frame = pl.DataFrame(
        asked, {"shop": pl.Int64, "flag": pl.Boolean, "number": pl.Int64}, orient="row"
    )

    made = maker.made(frame, {})
    times, among = build.times, answered(made)

    assert times <= 4 * len(asked) + 2 * 5
    assert set(among) | set(made.wrong) == set(range(len(asked)))
    for row, example in among.items():
        assert answered(maker.made(frame[row : row + 1], {})) == {0: example}


def test_examples_with_one_key_are_told_apart_by_the_numbers_of_their_rows() -> None:
    maker, build = makes(["names"], ["shop"])

    made = maker.made(rows(flag=[True] * COUNT), {})

    assert [answered(made)[row][2] for row in range(COUNT)] == list(range(COUNT))
    assert build.times == 2


def test_examples_with_one_key_whose_numbers_are_lost_are_not_asked_for_singly() -> None:
    maker, build = makes(["by hand"], ["shop"])

    made = maker.made(rows(flag=[True] * COUNT), {})

    assert build.times == 2 + 2 * 6
    assert set(made.wrong) == set(range(COUNT))
    assert "ask for it alone" in made.wrong[0].reason


def test_a_row_whose_example_is_dropped_for_that_of_another_gives_it_to_no_third() -> None:
    maker, _ = makes(["by hand", "first of a key", "filtered"], ["shop", "number"])
    frame = pl.DataFrame({"shop": [1] * 4, "flag": [True] * 4, "number": [7, 8, 8, 2]})

    made = maker.made(frame, {})

    assert answered(made) == {0: (1, True, 7)}


def test_what_build_makes_of_a_column_more_is_in_no_example() -> None:
    maker, _ = makes(["of all numbers"], ["number"])
    frame = pl.DataFrame({"shop": [1, 2, 3], "flag": [True] * 3, "number": [10, 20, 30]})

    made = maker.made(frame, {})

    assert answered(made) == {0: (11, True, 10), 1: (22, True, 20), 2: (33, True, 30)}


@pytest.mark.parametrize("bad", [{5}, {0, 31, 63}, set(range(0, MANY, 2)), set(range(MANY))])
def test_rows_that_build_fails_with_do_not_make_the_others_be_asked_for_singly(
    bad: set[int],
) -> None:
    maker, build = makes(["strict"], ["number"])
    numbers = [5 if row in bad else 100 + row for row in range(MANY)]

    made = maker.made(pl.DataFrame({"shop": 1, "flag": True, "number": numbers}), {})

    assert build.times <= 4 * 64 + 4
    assert set(made.wrong) >= bad
    assert len(bad) > 3 or set(made.wrong) == bad
    assert all("`build` fails with it" in problem.reason for problem in made.wrong.values())
