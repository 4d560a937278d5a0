import json
from datetime import datetime
from typing import Any
from uuid import uuid4

import polars as pl
from behave import then, when
from behave.runner import Context
from builders import PROJECT
from driver import Driver
from pydantic_core import to_json

from keel.serving import logged
from keel.serving.problems import ProblemError
from keel.serving.service import Service


@when("a flight is asked for that the model was judged on")
def ask(context: Context) -> None:
    _ask(context)


@when("a flight of a new airline is asked for")
def ask_for_new_airline(context: Context) -> None:
    _ask(context, carrier="XX")


@when("a flight without an airport of departure is asked for")
def ask_without_airport(context: Context) -> None:
    _ask(context, origin=None)


@then("it gets the probability that it got among all the others")
def is_as_judged(context: Context) -> None:
    trained = _driver(context).trained
    judged = trained.test_examples.with_columns(among=trained.probability(trained.test_examples))
    key = context.answer["key"]
    departure = datetime.fromisoformat(key.pop("scheduled_departure"))
    among = judged.filter(pl.col("scheduled_departure") == departure, **key)["among"].item()
    assert abs(among - context.answer["probability"]) < 1e-9


@then("what the model was asked with is in the log, and gives that probability again")
def is_followed(context: Context) -> None:
    trained = _driver(context).trained
    of = pl.col("request") == context.request
    asked = logged.predictions(context.store.root, PROJECT).filter(of).collect()
    assert abs(trained.probability(asked).item() - context.answer["probability"]) < 1e-9


@then('it gets a probability, and "{column}" is named as never seen')
def is_answered(context: Context, column: str) -> None:
    assert 0 < context.answer["probability"] < 1
    assert column in context.answer["unseen"]


@then('it is refused because "{reason}"')
def is_refused_because(context: Context, reason: str) -> None:
    assert context.refusal == reason


def _ask(context: Context, **changes: Any) -> None:
    """Ask the service for the last flight that the model was judged on, with changes."""
    context.store = store = _driver(context).run.again("evaluate").store
    service = Service(store, PROJECT)
    flights = pl.read_parquet(store.checked("flights")).sort("time_hour").drop_nulls("arr_delay")
    row = json.loads(flights.tail(1).drop("dep_delay", "arr_delay").write_ndjson()) | changes
    asked = {name: value for name, value in row.items() if value is not None}
    try:
        context.request = str(uuid4())
        answer = service.predict_one(json.dumps(asked).encode(), {"request": context.request})
        context.answer = json.loads(to_json(answer))
    except ProblemError as problem:
        context.refusal = problem.detail


def _driver(context: Context) -> Driver:
    driver: Driver = context.driver
    return driver
