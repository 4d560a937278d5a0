"""Where the events of an objective come from: monitoring's file, or a CSV."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from keel.project.errors import UserError
from keel.quality.budgets.events import (
    INDICATORS,
    Day,
    Events,
    Source,
    lines,
    read,
    table,
)

MONDAY = date(2026, 11, 23)
SUNDAY = date(2026, 11, 22)


def line(day: str = "2026-11-23", indicator: str = "latency", **facts: Any) -> str:
    return json.dumps({"day": day, "indicator": indicator, "good": 9, "bad": 1, **facts})


def test_an_indicator_has_its_own_lines() -> None:
    found = lines(
        [line(), line(indicator="freshness"), line("2026-11-22", why="a storm")], "latency"
    )

    assert found == Events({MONDAY: Day(9, 1), SUNDAY: Day(9, 1, "a storm")})


def test_the_last_line_of_a_day_counts() -> None:
    assert lines([line(), line(bad=3)], "latency").days == {MONDAY: Day(9, 3)}


@pytest.mark.parametrize(
    "broken",
    [
        line()[:-9],
        line(bad=-1),
        line(good=1e308),
        line(good="many"),
        line("2026-02-30"),
        line().replace("9", "NaN"),
        '["latency"]',
    ],
)
def test_a_broken_line_is_counted_and_left_out(broken: str) -> None:
    found = lines([line("2026-11-22"), broken], "latency")

    assert found.days == {SUNDAY: Day(9, 1)}
    assert found.notes == [f"not counted: broken lines in {INDICATORS}: 1"]


def test_before_anything_was_watched_there_are_no_events(tmp_path: Path) -> None:
    found = read(tmp_path, Source(indicator="latency"))

    assert found.days == {}
    assert "`uv run keel monitor` writes it" in found.notes[0]


def test_a_csv_is_read(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("day,good,bad,who\n2026-11-22,9,1,a\n2026-11-23,8,0,b\n")

    found = read(tmp_path, Source(csv="calls.csv"))

    assert found.days == {SUNDAY: Day(9, 1), MONDAY: Day(8, 0)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "calls.csv:1: the column bad is missing"),
        ("day,good\n", "calls.csv:1: the column bad is missing"),
        ("day,good,bad\n2026-11-22,9,few\n", "calls.csv:2: bad is 'few'"),
        ("day,good,bad\n2026-11-22,9\n", "calls.csv:2: bad is None"),
        ("day,good,bad\n22.11.2026,9,1\n", "calls.csv:2: day is '22.11.2026'"),
        ("day,good,bad\n2026-11-22,9,1\n2026-11-22,9,1\n", "calls.csv:3: 2026-11-22 comes twice"),
    ],
)
def test_a_broken_csv_is_refused_by_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        table(text, "calls.csv")
    assert said in str(caught.value)


def test_a_csv_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"calls\.csv is missing"):
        read(tmp_path, Source(csv="calls.csv"))


@pytest.mark.parametrize("content", [{}, {"indicator": "a", "csv": "b"}, {"indicator": None}])
def test_a_source_is_one_of_two(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Source.model_validate(content)
