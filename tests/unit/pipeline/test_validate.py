"""The stage: broken rows set aside, counted, and tolerated up to a share."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import (
    NOON,
    PROJECT,
    as_text,
    content_of,
    season,
    settings,
    store,
    table,
    write_source,
)

from keel.pipeline import ingest, validate
from keel.project.errors import UserError


def run(
    folder: Path,
    tolerated: float = 1,
    rows: dict[str, int] | None = None,
    **tables: pl.DataFrame,
) -> dict[str, Any]:
    """The measured quality of the season's tables, or others in their place."""
    source = write_source(folder / "source", **tables)
    data = settings(source, {"data.tolerated": tolerated, "data.rows": rows or {}}).data
    ingest.run(store(folder), PROJECT, data=data)
    validate.run(store(folder), PROJECT, data=data)
    return dict(json.loads(store(folder).report("data-quality.json").read_text()))


def test_checked_rows_are_in_the_order_of_their_time_and_of_equal_times_as_they_came(
    tmp_path: Path,
) -> None:
    hours = [NOON, NOON - timedelta(hours=1), NOON, NOON - timedelta(hours=1)]

    run(tmp_path, weather=table("weather", origin=["JFK", "LGA", "EWR", "EWR"], time_hour=hours))

    checked = pl.read_parquet(store(tmp_path).checked("weather"))
    assert checked["origin"].to_list() == ["LGA", "EWR", "JFK", "EWR"]


def test_what_is_wrong_is_counted_by_table_and_column(tmp_path: Path) -> None:
    flights = as_text(table("flights", flight=[1, 1, 2, 3, 4])).with_columns(
        distance=pl.Series(["719", "719", "-1", "far", None]),
        dep_delay=pl.Series([None, None, "0", "0", "0"]),
    )

    flights_quality = run(tmp_path, flights=flights)["flights"]

    assert flights_quality["rows"] == 5
    assert flights_quality["set_aside"] == 4
    assert flights_quality["duplicates"] == 1
    assert flights_quality["reasons"] == {
        "distance|dtype": 1,
        "distance|min": 1,
        "distance|nullability": 1,
        "same_again": 1,
    }
    assert flights_quality["columns"]["distance"] == {
        "nulls": 1,
        "out_of_range": 1,
        "wrong_type": 1,
    }
    assert flights_quality["columns"]["dep_delay"]["nulls"] == 2


def test_rows_without_a_match_in_another_table_are_counted(tmp_path: Path) -> None:
    flights = table("flights", flight=[1, 2, 3], tailnum=["N12345", "N9", None])
    weather = table("weather", time_hour=[NOON], wind_speed=[1048.0])

    quality = run(tmp_path, flights=flights, weather=weather)

    assert quality["flights"]["without_match"] == {"weather": 3, "planes": 2}


def test_more_broken_rows_than_tolerated_stop_the_run_and_stay_readable(tmp_path: Path) -> None:
    weather = table("weather", origin=["EWR", "JFK", "LGA", "BOS"], humid=[50, 101, 102, -1])

    with pytest.raises(UserError) as error:
        run(tmp_path, tolerated=0.5, weather=weather.with_columns(pl.col("humid").cast(float)))

    assert str(error.value) == (
        "fix the source of weather, or change Weather in tables.py:\n"
        "  3 of 4 rows (75.00%) break it, and data.tolerated is 50.00%:\n"
        "  2 × humid is above 100\n"
        "  1 × humid is below 0\n"
        "They are in data/quarantine/weather.parquet"
    )
    quarantine = store(tmp_path).read_table(store(tmp_path).quarantine("weather")).collect()
    assert quarantine["reasons"].to_list() == ["humid|max", "humid|max", "humid|min"]
    assert quarantine["why"][0] == "humid is above 100"
    assert quarantine["origin"].to_list() == ["JFK", "LGA", "BOS"]


def test_as_many_broken_rows_as_tolerated_do_not(tmp_path: Path) -> None:
    weather = table("weather", origin=["EWR", "JFK"], humid=[50.0, 101.0])

    quality = run(tmp_path, tolerated=0.5, weather=weather)

    assert quality["weather"]["set_aside"] == 1


def test_a_column_of_another_type_stops_the_run_with_its_name(tmp_path: Path) -> None:
    planes = table("planes").with_columns(seats=pl.Series([[150]]))

    with pytest.raises(UserError, match=r"1 of 1 rows [^×]* 1 × seats is no whole number"):
        run(tmp_path, tolerated=0.01, planes=planes)


def test_what_an_earlier_run_left_is_deleted(tmp_path: Path) -> None:
    run(tmp_path)
    table("planes").write_parquet(store(tmp_path).checked("airports"))

    run(tmp_path)

    assert "data/checked/airports.parquet" not in content_of(tmp_path)
    assert len(season()) == 3


def hanging() -> pl.DataFrame:
    """Half a year of weather, whose humidity is one and the same from a day on."""
    hours = [NOON + timedelta(hours=n) for n in range(180 * 24)]
    humid = [50.0 + n % 23 if n < 120 * 24 else 58.0 for n in range(len(hours))]
    return table("weather", time_hour=hours, humid=humid)


def test_what_the_data_make_one_ask_is_warned_of_and_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quality = run(tmp_path, weather=hanging())

    (finding,) = quality["weather"]["findings"]
    assert finding["name"] == "data.weather.humid"
    assert finding["sentence"].startswith("Is weather.humid stuck? Since 2013-07-1")
    assert f"warning: {finding['sentence']}\n" == capsys.readouterr().err
    assert quality["weather"]["looked_at_in_time"]
    assert not quality["flights"]["looked_at_in_time"]


def test_a_part_of_the_data_is_not_looked_at_over_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quality = run(tmp_path, rows={"flights": 10}, weather=hanging())

    assert "findings" not in quality["weather"]
    assert capsys.readouterr().err == ""


def test_of_rows_that_are_the_same_one_is_kept(tmp_path: Path) -> None:
    weather = table("weather", time_hour=[NOON] * 3, humid=[50.0, 50.0, 50.0])

    quality = run(tmp_path, tolerated=0, weather=weather)

    assert quality["weather"]["set_aside"] == quality["weather"]["duplicates"] == 2
    assert quality["weather"]["reasons"] == {"same_again": 2}
