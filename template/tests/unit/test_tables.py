import polars as pl
import pytest

from tests.builders import PROJECT, table


@pytest.mark.parametrize("name", PROJECT.tables)
def test_an_ordinary_row_is_accepted(name: str) -> None:
    assert PROJECT.tables[name].is_valid(table(name))


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("weather", "wind_speed", 1048.36058),  # the sensor at Newark on 12 February 2013
        ("weather", "humid", -1.0),
        ("weather", "pressure", 0.0),
        ("flights", "flight", 0),
        ("flights", "origin", "ewr"),
        ("flights", "carrier", "UNITED"),
        ("flights", "distance", -1),
        ("planes", "seats", 0),
        ("planes", "year", 0),
    ],
)
def test_an_impossible_value_breaks_the_row(name: str, column: str, value: object) -> None:
    row = table(name, **{column: [value]})

    assert not PROJECT.tables[name].is_valid(row)


@pytest.mark.parametrize("name", PROJECT.tables)
def test_a_key_comes_once(name: str) -> None:
    row = table(name)

    assert not PROJECT.tables[name].is_valid(pl.concat([row, row]))
