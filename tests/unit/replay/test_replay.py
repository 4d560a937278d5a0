"""What a replay asks, in which order, and what can go wrong in it on purpose."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from builders import NOON, PROJECT, REPOSITORY, season, store, table

from keel.cli import run
from keel.data.store import Store
from keel.project.errors import UserError
from keel.replay import trouble
from keel.replay.client import running
from keel.replay.days import DAY, Sent, drive, placed, schedule
from keel.replay.past import Past
from keel.replay.replay import Wishes, prepare, replay
from keel.replay.trouble import Trouble
from keel.serving import logged
from keel.serving.examples.origins import PLACE
from keel.serving.settings import Operation, Serving

ASKED = "flights"
JULY = date(2013, 7, 1)
MIDNIGHT = datetime(2013, 7, 1, 4, tzinfo=UTC)  # in New York


class Fake:
    """A service that remembers what it was asked and what it could look up."""

    def __init__(self, folder: Store, status: int = 200) -> None:
        self._folder = folder
        self._status = status
        self.asked: list[tuple[str, int]] = []
        self.newest: list[datetime] = []
        self.moments: list[datetime] = []

    def on(self, moment: datetime) -> None:
        self.moments.append(moment)

    def predict(self, rows: pl.DataFrame, *, slowly: bool) -> int:
        self.newest.append(newest(self._folder))
        return self._note("slowly" if slowly else "predict", rows)

    def label(self, rows: pl.DataFrame) -> int:
        return self._note("label", rows)

    def _note(self, what: str, rows: pl.DataFrame) -> int:
        self.asked.append((what, len(rows)))
        return self._status


@pytest.fixture
def past() -> Past:
    """Ten flights on each of twenty days from 21 June on."""
    return Past(PROJECT, {name: frame.lazy() for name, frame in season().items()}, ASKED)


def test_each_example_is_placed_at_the_row_that_it_comes_from(past: Past) -> None:
    rows = past.tables[ASKED].collect().sample(fraction=1, shuffle=True, seed=1)

    examples = placed(past, rows)

    numbers = rows["flight"].gather(examples[PLACE]).to_list()
    assert numbers == examples["flight_number"].to_list()
    assert len(examples) == len(rows)


def test_it_begins_with_a_month_in_the_middle_of_the_examples(past: Past) -> None:
    plan = schedule(past, None, None)

    assert plan.days[0] == JULY
    assert set(plan.rows[DAY]) == set(plan.days)


def test_it_is_asked_nothing_that_is_known_only_afterwards(past: Past) -> None:
    plan = schedule(past, None, None)

    assert not {"arr_delay", "dep_delay"} & set(plan.rows.columns)


def test_so_many_days_are_replayed_as_were_asked_for(past: Past) -> None:
    assert len(schedule(past, JULY, 3).days) == 3


def test_before_the_first_example_there_is_nothing_to_learn_from(past: Past) -> None:
    with pytest.raises(UserError, match="before that 0 to learn from: the examples are from"):
        schedule(past, date(2013, 6, 1), None)


def test_one_day_can_not_be_replayed(past: Past) -> None:
    short = replace(past, tables={**past.tables, ASKED: table("flights", time_hour=[NOON]).lazy()})

    with pytest.raises(UserError, match="a replay needs some to learn from"):
        schedule(short, None, None)


def test_labels_follow_a_day_later(past: Past, tmp_path: Path) -> None:
    client = asked(past, tmp_path, days=2)

    assert client.asked == [("predict", 10), ("predict", 10), ("label", 10), ("label", 10)]


def test_no_request_has_more_rows_than_the_service_takes(past: Past, tmp_path: Path) -> None:
    client = asked(past, tmp_path, days=1, rows=4)

    assert client.asked[:3] == [("predict", 4), ("predict", 4), ("predict", 2)]


def test_a_lookup_has_nothing_that_was_measured_later(past: Past, tmp_path: Path) -> None:
    first, second = asked(past, tmp_path, days=2).newest

    assert first <= MIDNIGHT + timedelta(days=1)
    assert first < second


def test_a_lookup_that_is_held_up_gets_no_newer_rows(past: Past, tmp_path: Path) -> None:
    first, second = asked(past, tmp_path, "stale@2013-07-01", days=2).newest

    assert first == second < MIDNIGHT


def test_in_a_gap_nobody_asks(past: Past, tmp_path: Path) -> None:
    client = asked(past, tmp_path, "gap@2013-07-01+1", days=2)

    assert client.asked == [("predict", 10), ("label", 10)]


def test_a_service_can_be_slow_for_a_day(past: Past, tmp_path: Path) -> None:
    client = asked(past, tmp_path, "slow@2013-07-02+1", days=2)

    assert [what for what, _ in client.asked] == ["predict", "slowly", "label", "label"]


def test_what_is_refused_is_counted(past: Past, tmp_path: Path) -> None:
    plan, folder = schedule(past, JULY, 2), files(past, tmp_path)

    sent = drive(
        Fake(folder, status=422), folder, plan, [], rows=100, pause=0, progress=lambda *_: None
    )

    assert sent == Sent(rows=20, refused=4)


def test_a_sensor_hangs_at_the_value_that_it_had_last(past: Past) -> None:
    sensor = Trouble("sensor", "weather", "wind_speed", JULY, JULY + timedelta(days=1))
    before = past.tables["weather"].collect()

    after = trouble.spoil(past, [sensor]).tables["weather"].collect()

    changed = after.filter(after["wind_speed"] != before["wind_speed"])
    local = changed["time_hour"].dt.convert_time_zone("America/New_York").dt.date()
    assert set(local) == {JULY}
    assert changed["wind_speed"].n_unique() == 1


def test_a_new_category_is_one_that_the_schema_allows(past: Past) -> None:
    new = trouble.parse("category@2013-07-01+2", past, [JULY])

    after = trouble.spoil(past, [new]).tables[ASKED].collect()

    assert (new.table, new.column) == ("flights", "carrier")
    assert (after["carrier"] == "ZZ").sum() == 2  # of 20


def test_a_column_is_chosen_by_when_it_is_known(past: Past) -> None:
    assert str(trouble.parse("sensor@2013-07-01+2", past, [JULY])) == (
        "2013-07-01 to 2013-07-02: weather.temp has the value that it had last"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("storm", "there is sensor, nulls, category, gap, stale, slow"),
        (
            "sensor:weather.rain",
            "name a place of tables.py that has a time: weather.origin, weather.time_hour",
        ),
        ("gap:weather", "gap hits no table"),
        ("stale:planes", "name a place of tables.py that has a time: weather$"),
        ("gap@2013-13-01", "gap@2013-13-01: month must be in 1..12"),
        ("gap@2013-07-02", "none of its days is played, which are 2013-07-01 to 2013-07-01"),
        ("gap@2013-06-29+2", "none of its days is played"),
        ("gap+0", "none of its days is played"),
        ("gap+99999999", "gap.99999999: "),
    ],
)
def test_trouble_that_there_is_not_is_refused(text: str, says: str, past: Past) -> None:
    with pytest.raises(UserError, match=says):
        trouble.parse(text, past, [JULY])


def test_the_model_learns_only_what_was_known_before_the_first_day(run_copy: Store) -> None:
    tables = {name: run_copy.read_table(run_copy.checked(name)) for name in season()}
    past = Past(PROJECT, tables, ASKED)
    before = run_copy.model.read_bytes()

    made = prepare(run_copy, past, JULY)

    days = pl.read_parquet(made.examples).select(PROJECT.local_day).to_series()
    assert (days < JULY).all()
    assert newest(made) <= MIDNIGHT
    assert made.root == run_copy.root / "outputs/replay/2013-07-01"
    assert run_copy.model.read_bytes() == before


def test_a_service_has_the_code_of_the_project_and_the_model_of_the_folder(
    run_copy: Store,
) -> None:
    rows = pl.read_parquet(run_copy.checked("flights")).head(2).drop("dep_delay", "arr_delay")

    with running(run_copy, PROJECT, Serving(), 4.0) as service:
        status = [service.predict(rows, slowly=slowly) for slowly in (True, False)]

    assert status == [200, 200]
    assert logged.requests(run_copy.root).collect()["seconds"].to_list() == [4.0, 0.0]
    assert (run_copy.root / "served/predictions").is_dir()
    assert not (REPOSITORY / "served").exists()


def test_each_trouble_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "--help"]) == 0

    help_text = capsys.readouterr().out
    assert all(f"\n  {kind} " in help_text for kind in trouble.KINDS)


def test_a_project_without_data_is_told_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"flights\.parquet is missing: `uv run keel run` makes it"):
        next(replay(store(tmp_path), PROJECT, Operation(), Wishes()))


def asked(past: Past, folder: Path, *troubles: str, days: int, rows: int = 100) -> Fake:
    """What a service is asked on the first days of July."""
    plan, place = schedule(past, JULY, days), files(past, folder)
    parsed = [trouble.parse(text, past, plan.days) for text in troubles]
    client = Fake(place)
    drive(client, place, plan, parsed, rows=rows, pause=0, progress=lambda *_: None)
    return client


def files(past: Past, folder: Path) -> Store:
    """A folder with the lookups of June."""
    place = store(folder)
    june = past.tables["weather"].filter(pl.col("time_hour") < MIDNIGHT)
    place.write_table(place.checked("weather"), june)
    return place


def newest(folder: Store) -> datetime:
    """The last measurement that a folder has."""
    last = pl.read_parquet(folder.checked("weather"))["time_hour"].max()
    assert isinstance(last, datetime)
    return last
