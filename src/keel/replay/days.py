"""What a service is asked in a replay: the rows of each day, and their labels a day later."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Protocol

import polars as pl

from keel.data.store import Store
from keel.project.description import Project
from keel.project.errors import UserError
from keel.replay.past import Past
from keel.replay.trouble import Trouble
from keel.serving.examples.origins import PLACE, numbered
from keel.serving.examples.rows import asked as columns_asked
from keel.serving.log import key

REFUSED = 400  # where the status of what was not taken begins
DAY = "its day"  # no column has a blank
MIDDAY = clock_time(12)


class Client(Protocol):
    """What a replay needs of a service; what asks it returns the status."""

    def on(self, moment: datetime) -> None: ...

    def predict(self, rows: pl.DataFrame, *, slowly: bool) -> int: ...

    def label(self, rows: pl.DataFrame) -> int: ...


@dataclass(frozen=True)
class Schedule:
    """`rows` are the requests, with their `day` beside, and `labels` what came of them."""

    past: Past
    days: list[date]
    rows: pl.DataFrame
    labels: pl.DataFrame


@dataclass(frozen=True)
class Sent:
    """The rows that were asked for, and the requests that were not answered as they should be."""

    rows: int
    refused: int


def schedule(past: Past, start: date | None, count: int | None) -> Schedule:
    """Which rows came on which day. Raises UserError if there is nothing to replay."""
    rows = past.tables[past.asked].collect()
    examples = placed(past, rows).with_columns(past.project.local_day.alias(DAY))
    days = examples[DAY].drop_nulls().unique().sort().to_list()
    if len(days) < 2:
        raise UserError(f"the examples cover {len(days)} days: a replay needs some to learn from")
    first = start or _middle(days)
    end = first + timedelta(days=count or 1_000_000)
    wanted = [day for day in days if first <= day < end]
    if not wanted or days[0] >= first:
        raise UserError(
            f"from {first} on there are {len(wanted)} days to replay, and before that "
            f"{sum(day < first for day in days)} to learn from: the examples are from {days[0]} "
            f"to {days[-1]}"
        )
    some = examples.filter(pl.col(DAY).is_in(wanted)).sort(DAY, PLACE)
    requests = rows[some[PLACE].to_list()].select(columns_asked(past.project.tables[past.asked]))
    return Schedule(
        past,
        [first + timedelta(days=n) for n in range((wanted[-1] - first).days + 1)],
        requests.with_columns(some[DAY]),
        some.select(*key(past.project, personal=False), past.project.label, DAY),
    )


def placed(past: Past, rows: pl.DataFrame) -> pl.DataFrame:
    """The examples, with the place of the row that each comes from, but for those of no one row."""
    names, wanted = list(key(past.project, personal=True)), past.project.examples.column_names()
    examples = numbered(past.examples, rows, wanted, names).drop_nulls(PLACE)
    return examples.filter(pl.struct(names).is_unique() & pl.col(PLACE).is_unique())


def drive(  # noqa: PLR0913 -- what a replay is made of
    client: Client,
    store: Store,
    schedule: Schedule,
    troubles: Sequence[Trouble],
    *,
    rows: int,
    pause: float,
    progress: Callable[[int, int], None],
) -> Sent:
    """Ask day by day, with the lookups of that day, and send the labels of the day before.

    A request has so many `rows` at most; `pause` are the seconds after each day.
    """
    by_day = schedule.rows.partition_by(DAY, as_dict=True, include_key=False)
    came = schedule.labels.partition_by(DAY, as_dict=True, include_key=False)
    nobody, nothing = schedule.rows.drop(DAY).clear(), schedule.labels.drop(DAY).clear()
    yesterday = nothing
    answers: list[tuple[int, int]] = []  # rows and status
    for n, day in enumerate(schedule.days, 1):
        client.on(noon(schedule.past.project, day))
        now = [trouble for trouble in troubles if trouble.on(day)]
        kinds = {trouble.kind for trouble in now}
        held = {trouble.table for trouble in now if trouble.kind == "stale"}
        refresh(store, schedule.past, day, held)
        asked, labels = by_day.get((day,), nobody), came.get((day,), nothing)
        if "gap" in kinds:
            asked, labels = nobody, nothing
        slow = "slow" in kinds
        answers += [
            (len(part), client.predict(part, slowly=slow)) for part in asked.iter_slices(rows)
        ]
        answers += [(0, client.label(part)) for part in yesterday.iter_slices(rows)]
        yesterday = labels
        progress(n, len(schedule.days))
        time.sleep(pause)
    client.on(noon(schedule.past.project, schedule.days[-1] + timedelta(days=1)))
    answers += [(0, client.label(part)) for part in yesterday.iter_slices(rows)]
    return Sent(sum(count for count, _ in answers), sum(code >= REFUSED for _, code in answers))


def noon(project: Project, day: date) -> datetime:
    """The middle of a day, where the project is."""
    return datetime.combine(day, MIDDAY, project.timezone).astimezone(UTC)


def refresh(store: Store, past: Past, day: date, held: set[str]) -> None:
    """Write the lookups as they are known at the end of a day, but for those that are held up."""
    for name, known in past.known_before(day + timedelta(days=1)).items():
        if name not in {past.asked, *held} and known is not past.tables[name]:
            store.write_table(store.checked(name), known)


def _middle(days: list[date]) -> date:
    """The first of a month, about in the middle; a day in the middle where that is none of them."""
    middle = days[0] + (days[-1] - days[0]) / 2
    firsts = [middle.replace(day=1), (middle.replace(day=1) + timedelta(days=32)).replace(day=1)]
    nearest = min(firsts, key=lambda first: abs(first - middle))
    return nearest if days[0] < nearest <= days[-1] else days[len(days) // 2]
