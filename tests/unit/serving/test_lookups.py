"""How old the tables are that rows are joined with."""

import os
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from builders import PROJECT

from keel.data.store import Store
from keel.project.errors import UserError
from keel.serving.examples.lookups import Lookups

HOUR = timedelta(hours=1)
LIMIT = {"weather": 3.0}


def looked_up(store: Store, after: timedelta) -> Lookups:
    """The lookups some time after the newest row of the weather."""
    newest = pl.read_parquet(store.checked("weather"))["time_hour"].max()
    assert isinstance(newest, datetime)
    return Lookups(store, PROJECT, "flights", LIMIT, lambda: newest.astimezone(UTC) + after)


@pytest.mark.parametrize(("hours", "stale"), [(0, []), (2.9, []), (3.1, ["weather"])])
@pytest.mark.parametrize("written", [0, 4e9])
def test_a_table_is_as_old_as_its_newest_row_whenever_it_was_written(
    run_copy: Store, hours: float, stale: list[str], written: float
) -> None:
    os.utime(run_copy.checked("weather"), (written, written))

    assert list(looked_up(run_copy, hours * HOUR).stale()) == stale


def test_rows_of_the_future_do_not_make_a_table_new(run_copy: Store) -> None:
    old = looked_up(run_copy, 4 * HOUR)
    weather = pl.read_parquet(run_copy.checked("weather"))
    century = weather.tail(1).with_columns(pl.col("time_hour").dt.offset_by("100y"))
    run_copy.write_table(run_copy.checked("weather"), pl.concat([weather, century]))

    old.tables()

    assert (
        "the newest row is 4.0 hours old, serving.oldest_lookup.weather is 3"
        in (old.stale()["weather"])
    )


@pytest.mark.parametrize("in_order", [True, False])
def test_a_table_is_taken_for_sorted_by_its_time_where_it_is(
    run_copy: Store, in_order: bool
) -> None:
    weather = pl.read_parquet(run_copy.checked("weather")).sort("time_hour")
    rows = weather if in_order else weather.reverse()
    run_copy.write_table(run_copy.checked("weather"), rows)

    looked = looked_up(run_copy, HOUR).tables()["weather"].collect()

    assert looked["time_hour"].flags["SORTED_ASC"] is in_order
    assert looked["time_hour"].equals(rows["time_hour"])


def test_a_table_of_which_no_row_is_of_the_past_is_stale(run_copy: Store) -> None:
    assert "no row is of the past" in looked_up(run_copy, -1000 * 24 * HOUR).stale()["weather"]


def test_a_table_without_a_time_can_not_be_too_old(run_copy: Store) -> None:
    with pytest.raises(UserError, match=r"leave planes out of serving\.oldest_lookup"):
        Lookups(run_copy, PROJECT, "flights", {"planes": 3.0})

    assert looked_up(run_copy, HOUR).ages().keys() == {"weather"}
