"""`keel replay`: serve what has been, day by day, and see what the monitoring would have said."""

import argparse
import shutil
import signal
import time
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import yaml
from TEAM.examples import ZONE, Examples, build
from TEAM.tables import TABLES

from keel.data.hindsight import as_of
from keel.data.store import Store
from keel.model.inputs import LOCAL_DAY
from keel.monitoring.monitor import PAGE, monitor, summary
from keel.pipeline import configuration, train
from keel.replay import trouble
from keel.replay.client import running
from keel.replay.days import drive, schedule
from keel.serving import settings as operation
from keel.show.progress import bar

FOLDER = "outputs/replay"


def main(root: Path, arguments: list[str]) -> int:
    """Replay, and print what a team would have been told. Raises UserError if that can't be."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the service is stopped too
    options = _options(arguments)
    project, operating = Store(root, root), operation.load(root)
    tables = {name: project.read_table(project.checked(name)) for name in TABLES}
    asked = operating.serving.table or next(iter(TABLES))
    found = schedule(tables, asked, options.start, options.days)
    troubles = [trouble.parse(text, tables, asked, found.days) for text in options.trouble]
    if troubles:
        tables = trouble.spoil(tables, troubles)
        found = schedule(tables, asked, found.days[0], options.days)
    started = time.perf_counter()
    store = prepare(project, tables, found.days[0], asked)
    trained = time.perf_counter()
    print(f"trained on what was known before {found.days[0]}, in {trained - started:.0f} s")
    for one in troubles:
        print(f"trouble, {one}")
    with running(store.root) as service, bar("days") as progress:
        sent = drive(
            service, store, found, troubles, rows=operating.serving.rows,
            pause=1 / options.speed if options.speed else 0.0, progress=progress,
        )  # fmt: skip
    replayed = time.perf_counter()
    watched = monitor(store, operating.monitoring, datetime.now(UTC))
    took = replayed - trained
    print(
        f"served {sent.rows:,} rows of {len(found.days)} days in {took:.0f} s, "
        f"{sent.rows / took:,.0f} rows a second; watched in "
        f"{time.perf_counter() - replayed:.0f} s"
    )
    if sent.refused:
        print(f"{sent.refused:,} requests were refused")
    print("\nWhat the team would have been told:")
    print("\n".join(summary(watched)))
    print(f"\nThe page: {store.report(PAGE)}")
    return 0


def prepare(project: Store, tables: dict[str, pl.LazyFrame], start: date, asked: str) -> Store:
    """A folder with the model that could have been trained before a day, and the service's files.

    The folder of an earlier replay of that day is replaced. Raises UserError if no model can be
    trained on what was known.
    """
    settings = yaml.safe_load(project.read_text(project.settings))
    store = Store(project.project, project.root / FOLDER / start.isoformat())
    if store.root.is_dir():
        shutil.rmtree(store.root)
    settings["split"] = {**settings["split"], "test_from": start}
    typed = configuration.write(settings, store)
    moment = datetime.combine(start, datetime.min.time(), ZoneInfo(ZONE)).astimezone(UTC)
    known = as_of(tables, moment)
    examples = build(known).filter(start > LOCAL_DAY).collect()
    store.write_table(store.examples, Examples.validate(examples, cast=True))
    train.run(store, split=typed.split, model=typed.model, baseline=typed.baseline)
    for name in TABLES:
        if name != asked:
            store.write_table(store.checked(name), known[name])
    conf = project.project / "conf/service.yaml"
    if conf.is_file():
        store.write_text(store.root / "conf/service.yaml", conf.read_text(encoding="utf-8"))
    return store


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="poe replay",
        description="Train on what was known before a day, serve what came then day by day over "
        "HTTP, and say what the monitoring would have told. Nothing of the project is touched: it "
        f"happens in {FOLDER}.",
    )
    parser.add_argument(
        "--from", dest="start", type=_day, metavar="DAY",
        help="the first day; else a month's first, about in the middle of the examples",
    )  # fmt: skip
    parser.add_argument("--days", type=_count, metavar="N", help="how many; else all")
    parser.add_argument(
        "--trouble", action="append", default=[], metavar="KIND[:TABLE.COLUMN][@DAY][+DAYS]",
        help="may be given several times; "
        + "; ".join(f"{kind}: {words}" for kind, words in trouble.WORDS.items()),
    )  # fmt: skip
    parser.add_argument(
        "--speed", type=float, default=0.0, metavar="DAYS", help="a second at most; else all it can"
    )
    return parser.parse_args(arguments)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no day: write it as 2027-01-31") from error


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of days")
    return int(text)
