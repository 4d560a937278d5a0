"""A replay of whatever is predicted, from its tables to what the team would have been told."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from tasks import LABELS, orders, task_project, task_settings, task_store

from keel.data.store import Store
from keel.pipeline import configuration
from keel.project.description import Project
from keel.project.errors import UserError
from keel.replay.past import Past
from keel.replay.replay import Wishes, prepare, replay
from keel.serving.settings import Monitoring, Operation, Serving

NOW = datetime(2025, 4, 1, tzinfo=UTC)
MARCH = date(2025, 3, 1)
FEW = Operation(monitoring=Monitoring(rows=10, window_rows=20))


def ready(project: Project, folder: Path, **changes: object) -> Store:
    """A project's checked table and settings: all that a replay needs."""
    store = task_store(folder)
    store.write_table(store.checked("orders"), orders(project))
    configuration.write(project, task_settings(project, folder / "source", **changes), store)
    return store


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("time", ["time", "date"])
def test_it_asks_the_service_and_tells_what_the_team_would_have_been_told(
    kind: str, time: str, tmp_path: Path
) -> None:
    project = task_project(kind, time)
    store = ready(project, tmp_path)

    lines = list(replay(store, project, FEW, Wishes(start=MARCH, days=5)))

    assert lines[0].startswith("trained on what was known before 2025-03-01")
    assert lines[1].startswith("served 50 rows of 5 days")
    assert "requests were refused" not in "".join(lines)
    assert "well, as of 2025-03-05: 50 predictions on 5 days, 50 of them with a label" in lines


def test_a_slow_day_is_told_and_no_other_whatever_the_machine(tmp_path: Path) -> None:
    project = task_project("yes or no", "time")
    store, slow = ready(project, tmp_path), ("slow@2025-03-02+2",)

    told = "\n".join(replay(store, project, FEW, Wishes(start=MARCH, days=5, trouble=slow)))

    assert "100% of the requests were answered later than promised (from 2025-03-02 to" in told


@pytest.mark.parametrize(
    "split", [{"by": "key", "folds": 3}, {"by": "group", "column": "town", "test_share": 0.5}]
)
def test_however_it_is_split_it_learns_from_what_was_before(
    split: dict[str, object], tmp_path: Path
) -> None:
    project = task_project("a number", "date")
    store = ready(project, tmp_path, split=split)

    own = prepare(store, Past(project, {"orders": orders(project).lazy()}, "orders"), MARCH)

    assert configuration.load(own).split.model_dump(exclude_none=True) == {
        "by": "time",
        "test_from": MARCH,
    }
    assert pl.read_parquet(own.examples)["day"].max() == date(2025, 2, 28)
    assert own.read_json(own.passport)["training"]["rows"] == 10 * (31 + 28)


def test_without_a_time_it_says_what_to_do_instead(tmp_path: Path) -> None:
    project = task_project("a number", None)
    store = ready(project, tmp_path)

    with pytest.raises(UserError, match=r"the project has no time: name the column in Project\(ti"):
        next(replay(store, project, FEW, Wishes()))


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    project = task_project("a number")
    store = ready(project, tmp_path)

    with pytest.raises(UserError, match=r"serving.table is 'order': the tables are orders"):
        next(replay(store, project, Operation(serving=Serving(table="order")), Wishes()))
