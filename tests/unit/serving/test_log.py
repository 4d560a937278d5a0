import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from builders import NOON, PROJECT, examples

from keel import ahead
from keel.serving import log, logged
from keel.serving.log import KINDS, Log

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def predict(records: Log, request: str, flights: int = 1) -> None:
    """Record predictions for so many flights."""
    rows = examples(carrier=["UA"] * flights, temperature=[None] * flights)
    answers = [{"row": row, "probability": 0.25, "unseen": ["carrier"]} for row in range(len(rows))]
    records.predictions(request, "0123456789ab", answers, rows.to_dicts())


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_was_written_is_read_with_its_types(tmp_path: Path) -> None:
    records = Log(tmp_path, PROJECT, 90)
    predict(records, "one", 2)
    records.labels(examples(late=[None]))
    records.request(request="two", route="/predict", status=422, rows=0, seconds=0.5, problems=[])

    predictions = logged.predictions(tmp_path, PROJECT).collect()
    labels = logged.labels(tmp_path, PROJECT).collect()
    requests = logged.requests(tmp_path).collect()

    expected = examples(carrier=["UA"] * 2, temperature=[None] * 2).drop("late")
    assert predictions.select(expected.columns).equals(expected)
    assert predictions["unseen"].to_list() == [["carrier"]] * 2
    assert predictions["row"].to_list() == [0, 1]
    assert labels["scheduled_departure"].to_list() == [NOON]
    assert labels["label"].to_list() == [None]
    assert requests.row(0)[1:] == ("two", "two", "/predict", 422, 0, 0.5, [])
    assert requests.schema["at"] == pl.Datetime("us", "UTC")


class Private(PROJECT.examples):  # type: ignore[name-defined,misc]  # imported by name
    """The same examples, of which nobody shall know the origin or the carrier."""

    carrier = dy.String(primary_key=True, metadata=ahead(personal=True))
    origin = dy.String(metadata=ahead(personal=True))


def test_what_is_personal_is_never_written_down(tmp_path: Path) -> None:
    project = replace(PROJECT, examples=Private)
    records = Log(tmp_path, project, 90)
    rows = examples(origin=["EWR"], carrier=["UA"])

    records.predictions("one", "0", [{"row": 0, "probability": 0.5, "unseen": []}], rows.to_dicts())
    records.labels(rows)

    written = "".join(file.read_text() for file in tmp_path.rglob("*.jsonl"))
    assert "ORD" in written
    assert "EWR" not in written
    assert '"UA"' not in written
    assert logged.predictions(tmp_path, project).collect()["destination"].to_list() == ["ORD"]


def test_without_a_log_there_are_no_rows_and_all_columns(tmp_path: Path) -> None:
    records = Log(tmp_path / "used", PROJECT, 90)
    predict(records, "one")

    empty = logged.predictions(tmp_path / "never", PROJECT).collect()

    assert empty.is_empty()
    assert empty.schema == logged.predictions(tmp_path / "used", PROJECT).collect().schema
    assert logged.broken(tmp_path / "never", "labels") == 0


@pytest.mark.parametrize(
    "torn", [b'{"at":"2026', b'{"at":"2026-11-23T12:00:00Z","x":"\xc3', b"\0" * 99]
)
def test_what_a_crash_tore_is_left_out_and_counted_and_the_next_line_is_whole(
    tmp_path: Path, torn: bytes
) -> None:
    records = Log(tmp_path, PROJECT, 90)
    predict(records, "before")
    (file,) = (tmp_path / "served/predictions").iterdir()
    with file.open("ab") as end:
        end.write(torn)
    predict(records, "after")

    assert logged.predictions(tmp_path, PROJECT).collect()["request"].to_list() == [
        "before",
        "after",
    ]
    assert logged.broken(tmp_path, "predictions") == 1


def test_a_line_of_another_version_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    file = tmp_path / "served/predictions/2026-11-23.jsonl"
    line = b'{"at":"2026-11-23T12:00:00Z","row":"x","new":1,"example":{"carrier":7,"old":2}}\n'
    log.append(file, line)

    (found,) = logged.predictions(tmp_path, PROJECT).collect().iter_rows(named=True)

    assert (found["at"], found["row"], found["carrier"], found["origin"]) == (NOW, None, "7", None)


def test_lines_come_in_the_order_of_the_days(tmp_path: Path, clock: Clock) -> None:
    records = Log(tmp_path, PROJECT, 90, clock)
    for hours in (0, 24, -24):  # a clock may be set back
        clock.now = NOW + timedelta(hours=hours)
        predict(records, str(hours))

    assert logged.predictions(tmp_path, PROJECT).collect()["request"].to_list() == [
        "-24",
        "0",
        "24",
    ]


def test_days_that_are_older_than_they_are_kept_are_deleted(tmp_path: Path, clock: Clock) -> None:
    records = Log(tmp_path, PROJECT, 3, clock)
    for day in range(6):
        clock.now = NOW + timedelta(days=day)
        predict(records, str(day))

    kept = logged.predictions(tmp_path, PROJECT).collect()["request"].to_list()
    assert kept == ["2", "3", "4", "5"]  # the third of the days before today is kept in full


def test_a_clock_that_jumps_ahead_deletes_nothing(tmp_path: Path, clock: Clock) -> None:
    records = Log(tmp_path, PROJECT, 3, clock)
    for jump in (0, 1, 40_000, 2):
        clock.now = NOW + timedelta(days=jump)
        predict(records, str(jump))

    kept = logged.predictions(tmp_path, PROJECT).collect()["request"].to_list()
    assert kept == ["0", "1", "2", "40000"]


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path, clock: Clock) -> None:
    other = tmp_path / "served/predictions/2020-13-01.jsonl"
    other.parent.mkdir(parents=True)
    other.write_text("mine")

    Log(tmp_path, PROJECT, 1, clock).forget()

    assert other.exists()
    assert logged.predictions(tmp_path, PROJECT).collect().is_empty()


def test_a_full_disk_is_an_error_also_when_a_part_fits(tmp_path: Path) -> None:
    file = tmp_path / "full.jsonl"
    file.symlink_to("/dev/full")

    with pytest.raises(OSError, match="No space left"):
        log.append(file, b"{}\n")


def test_a_file_that_is_moved_away_is_made_anew(tmp_path: Path) -> None:
    records = Log(tmp_path, PROJECT, 90)
    predict(records, "one")
    (tmp_path / "served").rename(tmp_path / "moved")
    predict(records, "two")

    assert logged.predictions(tmp_path, PROJECT).collect()["request"].to_list() == ["two"]


@pytest.fixture
def _all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logged, "LARGE", 0)


@pytest.mark.usefixtures("_all_are_large")
def test_a_day_that_is_over_is_decoded_once_and_again_when_it_changes(
    tmp_path: Path, clock: Clock
) -> None:
    records = Log(tmp_path, PROJECT, 90, clock)
    predict(records, "one")
    clock.now += timedelta(days=1)
    predict(records, "two")

    def asked() -> list[str]:
        return logged.predictions(tmp_path, PROJECT).collect()["request"].to_list()

    assert asked() == ["one", "two"]
    [kept] = tmp_path.rglob("*.parquet")  # the last day goes on
    assert asked() == ["one", "two"]
    clock.now -= timedelta(days=1)
    predict(records, "late")
    assert asked() == ["one", "late", "two"]
    assert not kept.exists()


@pytest.mark.usefixtures("_all_are_large")
def test_what_was_decoded_is_forgotten_with_its_day(tmp_path: Path, clock: Clock) -> None:
    records = Log(tmp_path, PROJECT, 5, clock)
    for _ in range(10):
        predict(records, "one")
        clock.now += timedelta(days=1)
    logged.predictions(tmp_path, PROJECT).collect()
    predict(records, "two")

    days = {file.stem[:10] for file in tmp_path.rglob("*.parquet")}

    assert days <= {file.stem for file in tmp_path.rglob("*.jsonl")}


@pytest.mark.usefixtures("_all_are_large")
def test_lines_that_are_torn_are_counted_of_what_is_kept_too(tmp_path: Path, clock: Clock) -> None:
    records = Log(tmp_path, PROJECT, 90, clock)
    predict(records, "one")
    with next(tmp_path.rglob("*.jsonl")).open("a") as lines:
        lines.write('{"at": "2026-11-23T')
    clock.now += timedelta(days=1)
    predict(records, "two")

    for _ in range(2):
        assert len(logged.predictions(tmp_path, PROJECT).collect()) == 2
        assert logged.broken(tmp_path, "predictions") == 1


def test_small_files_are_read_in_their_order_and_nothing_is_kept_of_them(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = Log(tmp_path, PROJECT, 90, clock)
    for number, flights in enumerate((1, 1, 40, 1, 1)):
        predict(records, str(number), flights)
        clock.now += timedelta(days=1)
    monkeypatch.setattr(logged, "LARGE", 10_000)

    rows = logged.predictions(tmp_path, PROJECT).collect()

    assert rows["request"].unique(maintain_order=True).to_list() == ["0", "1", "2", "3", "4"]
    assert len([*tmp_path.rglob("*.parquet")]) == 1


def test_the_oldest_days_go_first_when_the_log_takes_too_much(tmp_path: Path, clock: Clock) -> None:
    predict(Log(tmp_path / "one", PROJECT, 90, clock), "0")
    a_day = Log(tmp_path / "one", PROJECT, 90, clock).size()
    records = Log(tmp_path, PROJECT, 90, clock, keep_bytes=3.5 * a_day)

    for day in range(6):
        clock.now = NOW + timedelta(days=day)
        predict(records, str(day))

    kept = logged.predictions(tmp_path, PROJECT).collect()["request"].to_list()
    assert kept == ["3", "4", "5"]


def test_today_is_kept_however_much_it_takes(tmp_path: Path, clock: Clock) -> None:
    records = Log(tmp_path, PROJECT, 90, clock, keep_bytes=1)

    for number in range(3):
        predict(records, str(number))

    assert len(logged.predictions(tmp_path, PROJECT).collect()) == 3


def test_it_knows_whether_the_next_line_can_be_written(tmp_path: Path) -> None:
    records = Log(tmp_path, PROJECT, 90)
    (tmp_path / "served").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="directory"):
        records.check()

    (tmp_path / "served").unlink()
    records.check()
    predict(records, "1")
    shutil.rmtree(tmp_path / "served")
    (tmp_path / "served").write_text("again")

    with pytest.raises(OSError, match="directory"):
        predict(records, "2")
    with pytest.raises(OSError, match="directory"):
        records.check()


def test_to_look_whether_it_can_be_written_adds_nothing(tmp_path: Path) -> None:
    records = Log(tmp_path, PROJECT, 90)

    records.check()

    assert logged.requests(tmp_path).collect().is_empty()
    assert [logged.broken(tmp_path, kind) for kind in KINDS] == [0, 0, 0]


def test_requests_to_which_a_client_gave_one_id_are_told_apart(tmp_path: Path) -> None:
    records = Log(tmp_path, PROJECT, 90)
    for exchange in ("a", "b"):
        records.request(request="mine", exchange=exchange, rows=1)
    records.request(request="own", rows=1)

    found = logged.requests(tmp_path).collect().select("request", "exchange").rows()
    assert found == [("mine", "a"), ("mine", "b"), ("own", "own")]
