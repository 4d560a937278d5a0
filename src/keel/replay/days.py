"""What a service is asked in a replay: the rows of each day, and their labels a day later."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from TEAM.examples import LABEL, ZONE, build
from TEAM.tables import TABLES

from keel.data.hindsight import as_of
from keel.data.store import Store
from keel.model.inputs import LOCAL_DAY
from keel.project.errors import UserError
from keel.replay.client import Client
from keel.replay.trouble import Tables, Trouble
from keel.serving.log import key
from keel.serving.origins import PLACE, origins
from keel.serving.rows import asked as columns_asked

REFUSED = 400  # where the status of what was not taken begins
DAY = "its day"  # no column has a blank


@dataclass(frozen=True)
class Schedule:
    """`rows` are the requests, with their `day` beside, and `labels` what came of them."""

    tables: Tables  # all of them, as they will be known in the end
    asked: str
    days: list[date]
    rows: pl.DataFrame
    labels: pl.DataFrame


@dataclass(frozen=True)
class Sent:
    """The rows that were asked for, and the requests that were not answered as they should be."""

    rows: int = 0
    refused: int = 0

    def and_one(self, rows: int, status: int) -> "Sent":
        return Sent(self.rows + rows, self.refused + (status >= REFUSED))


def schedule(tables: Tables, asked: str, start: date | None, count: int | None) -> Schedule:
    """Which rows came on which day. Raises UserError if there is nothing to replay."""
    rows = tables[asked].collect()
    examples = placed(rows, asked, tables).with_columns(LOCAL_DAY.alias(DAY))
    days = examples[DAY].unique().sort().to_list()
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
    asked_for = rows[some[PLACE].to_list()].select(columns_asked(TABLES[asked]))
    every = [first + timedelta(days=n) for n in range((wanted[-1] - first).days + 1)]
    return Schedule(
        tables,
        asked,
        every,
        asked_for.with_columns(some[DAY]),
        some.select(*key(personal=False), LABEL, DAY),
    )


def placed(rows: pl.DataFrame, asked: str, tables: Tables) -> pl.DataFrame:
    """The examples, with the place of the row that each comes from, but for those of no one row."""
    names = list(key(personal=True))

    def examples(some: pl.DataFrame) -> pl.LazyFrame:
        return build({**tables, asked: some.lazy()})

    whole = examples(rows).collect()
    whole = whole.filter(pl.struct(names).is_unique())
    found = origins(rows, whole, names, lambda some: examples(some).select(names))
    return whole.with_columns(found.alias(PLACE)).drop_nulls(PLACE)


def drive(  # noqa: PLR0913 -- what a replay is made of
    client: Client,
    store: Store,
    found: Schedule,
    troubles: Sequence[Trouble],
    *,
    rows: int,
    pause: float,
    progress: Callable[[int, int], None],
) -> Sent:
    """Ask day by day, with the lookups of that day, and send the labels of the day before."""
    by_day = found.rows.partition_by(DAY, as_dict=True, include_key=False)
    came = found.labels.partition_by(DAY, as_dict=True, include_key=False)
    nothing = found.rows.clear(), found.labels.clear()
    sent, yesterday = Sent(), nothing[1]
    for n, day in enumerate([*found.days, None]):
        asked, labels = nothing
        if day is not None:
            now = [one for one in troubles if one.on(day)]
            kinds = {one.kind for one in now}
            refresh(store, found, day, {one.table for one in now if one.kind == "stale"})
            if "gap" not in kinds:
                asked, labels = by_day.get((day,), asked), came.get((day,), labels)
            ask = client.predict_slowly if "slow" in kinds else client.predict
            for part in asked.iter_slices(rows):
                sent = sent.and_one(len(part), ask(part))
        for part in yesterday.iter_slices(rows):
            sent = sent.and_one(0, client.label(part))
        yesterday = labels
        progress(min(n + 1, len(found.days)), len(found.days))
        time.sleep(pause)
    return sent


def refresh(store: Store, found: Schedule, day: date, held: set[str]) -> None:
    """Write the lookups as they are known at the end of a day, but for those that are held up."""
    tomorrow = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(ZONE))
    for name, known in as_of(found.tables, tomorrow.astimezone(UTC)).items():
        if name not in {found.asked, *held} and known is not found.tables[name]:
            store.write_table(store.checked(name), known)


def _middle(days: list[date]) -> date:
    """The first of a month, about in the middle; a day in the middle where that is none of them."""
    middle = days[0] + (days[-1] - days[0]) / 2
    firsts = [middle.replace(day=1), (middle.replace(day=1) + timedelta(days=32)).replace(day=1)]
    nearest = min(firsts, key=lambda first: abs(first - middle))
    return nearest if days[0] < nearest <= days[-1] else days[len(days) // 2]
