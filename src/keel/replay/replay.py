"""`keel replay`: serve what has been, day by day, and see what the monitoring would have said."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import yaml

from keel.data.store import Store
from keel.monitoring.monitor import PAGE, monitor, summary
from keel.pipeline import configuration, train
from keel.project.description import Project
from keel.project.errors import UserError
from keel.replay import trouble
from keel.replay.client import running
from keel.replay.days import drive, schedule
from keel.replay.past import Past
from keel.serving.settings import Operation
from keel.show.progress import bar

FOLDER = "outputs/replay"
TWICE = 2  # as long as was promised, a slow request takes


@dataclass(frozen=True)
class Wishes:
    """What is to be replayed."""

    start: date | None = None  # else the first of a month, about in the middle of the examples
    days: int | None = None  # else all
    trouble: tuple[str, ...] = ()
    speed: float = 0.0  # days in a second at most; 0 is all it can


def replay(store: Store, project: Project, operation: Operation, wishes: Wishes) -> Iterator[str]:
    """Train, serve and watch in a folder of its own; yields what a person should know, as it goes.

    Raises UserError if that can't be.
    """
    if project.time is None:
        raise UserError(
            "a replay plays what has been day by day, and the project has no time: name the column "
            "in Project(time=…), or ask `uv run keel serve` and see `uv run keel monitor`"
        )
    tables = {name: store.read_table(store.checked(name)) for name in project.tables}
    past = Past(project, tables, operation.serving.asked_table(project))
    plan = schedule(past, wishes.start, wishes.days)
    troubles = [trouble.parse(text, past, plan.days) for text in wishes.trouble]
    if troubles:
        past = trouble.spoil(past, troubles)
        plan = schedule(past, plan.days[0], wishes.days)
    began = time.perf_counter()
    own = prepare(store, past, plan.days[0])
    trained = time.perf_counter()
    yield f"trained on what was known before {plan.days[0]}, in {trained - began:.0f} s"
    yield from (f"trouble, {trouble}" for trouble in troubles)
    # The service's clock says the days that are played: none of its log may be too old for it.
    serving = operation.serving.model_copy(update={"keep_days": len(plan.days) + 2})
    slow = TWICE * max(operation.monitoring.answer_within, operation.monitoring.batch_within)
    with running(own, project, serving, slow) as service, bar("days") as progress:
        sent = drive(
            service, own, plan, troubles, rows=serving.rows,
            pause=1 / wishes.speed if wishes.speed else 0.0, progress=progress,
        )  # fmt: skip
    served = time.perf_counter()
    watched = monitor(own, project, operation.monitoring, now=None)
    seconds = served - trained
    yield (
        f"served {sent.rows:,} rows of {len(plan.days)} days in {seconds:.0f} s, "
        f"{sent.rows / seconds:,.0f} rows a second; watched in {time.perf_counter() - served:.0f} s"
    )
    if sent.refused:
        yield f"{sent.refused:,} requests were refused"
    yield "\nWhat the team would have been told:"
    yield from summary(watched)
    yield f"\nThe page: {own.report(PAGE)}"


def prepare(store: Store, past: Past, start: date) -> Store:
    """A folder with the model that could have been trained before a day, and its lookups.

    The folder of an earlier replay of that day is replaced. Raises UserError if no model can be
    trained on what was known.
    """
    project = past.project
    settings = yaml.safe_load(store.read_text(store.settings))
    settings["split"] = {"by": "time", "test_from": start}  # whatever the project's own is
    own = Store(store.repository, store.root / FOLDER / start.isoformat())
    if own.root.is_dir():
        shutil.rmtree(own.root)
    typed = configuration.write(project, settings, own)
    known = past.known_before(start)
    examples = project.build(known).filter(start > project.local_day).collect()
    own.write_table(own.examples, project.examples.validate(examples, cast=True))
    train.run(own, project, split=typed.split, model=typed.model, baseline=typed.baseline)
    for name in past.lookups:
        own.write_table(own.checked(name), known[name])
    return own
