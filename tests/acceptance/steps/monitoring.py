from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import polars as pl
from behave import given, then, when
from behave.runner import Context
from builders import PROJECT
from driver import Driver

from keel.monitoring import known
from keel.monitoring.observed import observe
from keel.monitoring.watch import watch
from keel.serving.log import Log
from keel.serving.settings import Monitoring

NOW = datetime(2027, 1, 31, tzinfo=UTC)
FEW = Monitoring(rows=50, window_rows=100)  # as few flights a day as the quick data have
DAYS = timedelta(days=35)
NEW_AIRLINE = pl.int_range(pl.len()) % 3 == 0


@given("the service has answered for five weeks, for flights that the model was judged on")
def answered(context: Context) -> None:
    driver: Driver = context.driver
    trained = driver.trained
    rows = trained.test_examples
    rows = rows.filter(pl.col("decision_time") < pl.col("decision_time").min() + DAYS)
    context.rows = rows.with_columns(probability=trained.probability(rows))
    context.known = known.read(driver.run.store, PROJECT)
    context.seconds = 0.01


@when("nothing is changed")
def nothing(context: Context) -> None:
    pass


@when("answers take three seconds")
def slow(context: Context) -> None:
    context.seconds = 3.0


@when("the humidity is not measured any more")
def unmeasured(context: Context) -> None:
    context.rows = context.rows.with_columns(humidity=pl.lit(None, pl.Float64))


@when("the humidity stays the same")
def hangs(context: Context) -> None:
    context.rows = context.rows.with_columns(humidity=pl.lit(61.0))


@when("a new airline has a third of the flights")
def new_airline(context: Context) -> None:
    carrier = pl.when(NEW_AIRLINE).then(pl.lit("XX")).otherwise("carrier")
    context.rows = context.rows.with_columns(carrier=carrier)


@when("the predictions say the opposite")
def opposite(context: Context) -> None:
    context.rows = context.rows.with_columns(probability=1 - pl.col("probability"))


@when("the model is older than models should be")
def too_old(context: Context) -> None:
    context.known = replace(context.known, retrain_after=1)


@then("nobody is told anything")
def is_told_nothing(context: Context) -> None:
    assert _findings(context) == {}


@then('somebody is told of "{check}" and what to do')
def is_told(context: Context, check: str) -> None:
    assert _findings(context).get(check)


def _findings(context: Context) -> dict[str, str]:
    """What there is to do for each check that is missed."""
    driver: Driver = context.driver
    place = driver.run.again("evaluate").store.root
    _serve(place, context.rows, context.seconds)
    watched = watch(PROJECT, observe(PROJECT, place), context.known, FEW, None)
    return {finding.check: finding.cure for finding in watched.findings}


def _serve(place: Path, rows: pl.DataFrame, seconds: float) -> None:
    """What the log of the service has when it answers each day, and its labels come a day later."""
    ticks, clock = count(), [NOW]
    log = Log(place, PROJECT, 10_000, lambda: clock[0] + timedelta(seconds=next(ticks)))
    before = rows.clear()
    days = rows.sort("decision_time").with_columns(day=pl.col("decision_time").dt.date())
    for number, day in enumerate(days.partition_by("day", include_key=False)):
        clock[0] = day["decision_time"][-1]
        answers = [
            {
                "row": row,
                "probability": example["probability"],
                "unseen": ["carrier"] if example["carrier"] == "XX" else [],
            }
            for row, example in enumerate(day.iter_rows(named=True))
        ]
        log.predictions(f"r{number}", "a-model", answers, day.to_dicts())
        log.request(
            request=f"r{number}",
            route="/predict/batch",
            status=200,
            rows=len(day),
            seconds=seconds,
            problems=[],
        )
        log.labels(before)
        before = day
