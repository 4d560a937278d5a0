"""What is asked about raw tables over time, and that nothing is asked of sound ones."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest

from keel import Features, Project, afterwards, ahead, measured
from keel.data.profile.look import compare, look
from keel.data.validation import check
from keel.data.validation import measured as counted
from keel.judge.gates import for_data

Change = Callable[[pl.DataFrame], pl.DataFrame]
AT = datetime(2024, 1, 1, tzinfo=UTC)
ZONE = "America/New_York"


class Air(dy.Schema):
    station = dy.String(primary_key=True, metadata=ahead())
    at = dy.Datetime(primary_key=True, time_zone="UTC", metadata=measured())
    temp = dy.Float64(nullable=True, metadata=measured())
    kind = dy.String(nullable=True, metadata=measured())
    visits = dy.Int64(nullable=True, max=400, metadata=afterwards())


class Examples(dy.Schema):
    late = dy.Bool(nullable=True, metadata=afterwards())


def project(**tables: type[dy.Schema]) -> Project:
    return Project(
        tables=tables,
        examples=Examples,
        build=lambda tables: next(iter(tables.values())),
        label="late",
        features=Features(Examples),
        models={},
        zone=ZONE,
    )


@cache
def air(days: int = 400) -> pl.DataFrame:
    """Three stations by the hour, with seasons, days and nights, and noise that stays for days."""
    random, hours = np.random.default_rng(1), np.arange(days * 24)
    season = 15 - 12 * np.cos(hours / 24 / 365 * 2 * np.pi)
    weather = np.repeat(random.normal(0, 3, days), 24)
    last = AT + timedelta(days=days) - timedelta(hours=1)
    times = pl.datetime_range(AT, last, "1h", time_unit="us", time_zone="UTC", eager=True)
    rows = [
        pl.DataFrame(
            {
                "station": station,
                "at": times,
                "temp": np.round(season + weather + level + random.normal(0, 2, len(hours)), 1),
                "kind": random.choice(["a", "b"], len(hours), p=[share, 1 - share]),
                "visits": random.poisson(100, len(hours)),
            }
        )
        for station, level, share in (("n", 0, 0.9), ("s", 2, 0.1), ("w", 1, 0.5))
    ]
    return pl.concat(rows)


def asked(rows: pl.DataFrame, schema: type[dy.Schema] = Air) -> list[str]:
    """The sentences that are asked of a table."""
    good, broken = check(rows, schema)
    of = project(air=schema)
    looked = look(of, "air", good, broken, counted(rows, broken, schema)["reasons"])
    return [finding.sentence for finding in compare(of, {"air": looked})["air"]]


def since(day: date, until: date = date.max, where: pl.Expr | None = None, **new: Any) -> Change:
    """Other values from a day on."""
    here = pl.col("at").cast(pl.Date).is_between(day, until, closed="left")
    here = here if where is None else here & where
    return lambda rows: rows.with_columns(
        **{name: pl.when(here).then(value).otherwise(name) for name, value in new.items()}
    )


@pytest.mark.parametrize("days", [30, 120, 400])
def test_nothing_is_asked_of_sound_tables(days: int) -> None:
    assert asked(air(days)) == []


AUTUMN, SUMMER = date(2024, 10, 9), date(2024, 7, 3)
FAHRENHEIT = (pl.col("temp") * 1.8 + 32).round(1)
SOUTH = pl.col("station") == "s"
NEW_CODE = pl.col("station").replace({"s": "S"})
LOCAL = pl.col("at").dt.convert_time_zone(ZONE).dt.replace_time_zone(None)
CHANGES: dict[str, tuple[Change, str]] = {
    "another unit": (
        since(AUTUMN, temp=FAHRENHEIT),
        "Has the unit of air.temp changed? Since 2024-10-09 in all groups",
    ),
    "another unit in one group": (
        since(AUTUMN, temp=FAHRENHEIT, where=SOUTH),
        "Has the unit of air.temp changed? Since 2024-10-09 where station is s its",
    ),
    "a level that moves in one group": (
        since(AUTUMN, temp=pl.col("temp") + 20, where=SOUTH),
        "Has the unit of air.temp changed? Since 2024-10-0",
    ),
    "another unit of an outcome": (
        since(AUTUMN, visits=pl.col("visits") * 3),
        "Has the unit of air.visits changed? Since 2024-10-09",
    ),
    "another unit for a while": (
        since(SUMMER, date(2024, 7, 31), temp=FAHRENHEIT + 0.03),
        "Has the unit of air.temp changed? From 2024-07-03 to 2024-07-30 in all groups",
    ),
    "values cut off": (
        since(SUMMER, temp=pl.min_horizontal("temp", 21.0)),
        "Is air.temp cut off, or does a value stand for unknown? Since 2024-07-0",
    ),
    "a sensor that hangs for a while": (
        since(SUMMER, date(2024, 8, 1), temp=pl.lit(21.5), where=SOUTH),
        "Is air.temp stuck? From 2024-07-03 to 2024-07-30 where station is s 21.5 has 100%",
    ),
    "one that is silent": (
        since(SUMMER, temp=pl.lit(None, pl.Float64)),
        "Is air.temp still delivered? Since 2024-07-03 in all groups unknown has 100%",
    ),
    "0 for unknown": (
        since(SUMMER, visits=pl.lit(0), where=pl.col("visits") % 2 == 0),
        "Is air.visits cut off, or does a value stand for unknown? Since 2024-07-03 in all",
    ),
    "other words": (
        since(AUTUMN, kind=pl.col("kind").str.to_uppercase()),
        "Are the values of air.kind written in another way? Since 2024-10-09",
    ),
    "groups that change places": (
        since(AUTUMN, station=pl.col("station").replace({"n": "s", "s": "n"})),
        "Are values of air.station swapped? Since about 2024-10-06 the rows of",
    ),
    "a new name": (
        since(AUTUMN, station=NEW_CODE),
        "Has a value of air.station a new name? s ends about 2024-10-1",
    ),
    "a group that falls silent": (
        lambda rows: rows.filter(~SOUTH | (pl.col("at").cast(pl.Date) < AUTUMN)),
        "Are rows of air missing? Since 2024-10-13 there are none where it is s",
    ),
    "days without rows": (
        lambda rows: rows.filter(~pl.col("at").cast(pl.Date).is_between(SUMMER, date(2024, 7, 19))),
        "Is a part of air missing? From 2024-07-03 to 2024-07-18 there are no rows",
    ),
    "rows twice as often": (
        lambda rows: rows.filter(
            (pl.col("at").dt.hour() % 2 == 0) | (pl.col("at") > AT + timedelta(198))
        ),
        "Are rows of air missing, or duplicated? Since about 2024-07-07",
    ),
    "local times called UTC": (
        lambda rows: rows.with_columns(at=LOCAL.dt.replace_time_zone("UTC")),
        "Are the times of air.at local, and called UTC? On 2024-03-10, when the clocks of",
    ),
    "rows that are set aside for a while": (
        since(SUMMER, date(2024, 7, 20), station=pl.lit(None), where=SOUTH),
        "Are rows of air broken for a while? In the 7 days from 2024-07-07 on",
    ),
    "no weekends any more": (
        lambda rows: rows.filter((pl.col("at").dt.date() < SUMMER) | (LOCAL.dt.weekday() < 6)),
        "Are rows of air missing? Since 2024-06-30 there are none where it is Saturday",
    ),
    "no evenings any more": (
        lambda rows: rows.filter((pl.col("at").dt.date() < SUMMER) | (LOCAL.dt.hour() < 21)),
        "Are rows of air missing? Since 2024-07-07 there are none where it is 21 o'clock, 22",
    ),
    "a rule on an outcome": (
        since(SUMMER, visits=pl.lit(500), where=pl.col("visits") > 125),
        "Does a rule on air.visits choose rows by their outcome?",
    ),
}


def test_one_day_without_rows_is_no_weekday_that_falls_silent() -> None:
    rows = air()

    found = asked(rows.filter(LOCAL.dt.date() != SUMMER + timedelta(days=9)))

    assert not [sentence for sentence in found if "where it is" in sentence]


@pytest.mark.parametrize(("change", "question"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_asked_about_with_what_was_seen_and_since_when(
    change: Change, question: str
) -> None:
    found = asked(change(air()))

    assert any(sentence.startswith(question) for sentence in found), found
    assert all("waive data.air." in sentence for sentence in found)
    assert len(found) <= 3


def test_a_season_is_no_change_where_the_history_is_too_short_to_know_it() -> None:
    rows = air(200).with_columns(temp=pl.col("temp") + pl.when(SOUTH).then(3).otherwise(0))

    assert asked(rows) == []


def test_personal_values_are_not_named() -> None:
    class Private(Air):
        temp = dy.Float64(nullable=True, metadata=measured(personal=True))

    (sentence,) = asked(since(SUMMER, temp=pl.lit(21.5))(air()), Private)

    assert "one value has 100%" in sentence
    assert "21.5" not in sentence


def test_a_table_that_ends_before_the_others_is_asked_about() -> None:
    class Visits(Air):
        pass

    of, rows = project(air=Air, visits=Visits), {"air": air(), "visits": air(300)}
    looked = {name: look(of, name, *check(frame, Air), {}) for name, frame in rows.items()}

    (late,) = compare(of, looked)["visits"]

    assert late.name == "data.visits.at"
    assert late.sentence.startswith("Is the end of visits missing? Its last day is 2024-10-26")


QUALITY: Mapping[str, Any] = {
    "air": {"findings": [], "looked_at_in_time": True},
    "short": {"findings": [], "looked_at_in_time": False},
    "wrong": {
        "findings": [{"name": "data.wrong.temp", "sentence": "Does it hang?"}],
        "looked_at_in_time": True,
    },
}


def test_what_is_asked_refuses_a_model_and_what_was_not_looked_at_is_not_called_good() -> None:
    found = {verdict.gate: verdict.passed for verdict in for_data(QUALITY)}

    assert found == {"data.air": True, "data.wrong.temp": False}
