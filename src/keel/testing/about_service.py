"""Checks of a product's service and monitoring, with the model that learnt from the quick data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

import polars as pl
from pydantic_core import to_json

from keel.data.periods import training
from keel.project.description import Project
from keel.serving.settings import load
from keel.testing.about_examples import spread
from keel.testing.failing import differing, require, same
from keel.testing.runs import Run

DAYS = 35  # of answers to watch: more than the window of days by which quality is judged
SEED = 1
AFTER = timedelta(days=40)  # what it learnt from: old enough to be told of
NOON = time(12)
NEW = "never seen"
LATER = datetime(2100, 1, 1, tzinfo=UTC)  # by the clock of the service: the days are told by rows


def a_request_is_answered_as_its_row_was_among_all(run: Run) -> None:
    """The service looks its row up, makes the example and predicts as the pipeline did."""
    asked = _ask(run)
    key = run.project.key
    examples = run.examples()
    judged = examples.with_columns(among=run.predictor().probability(examples))
    keys = pl.DataFrame([answer["key"] for answer in asked.answers], judged.select(key).schema)

    found = keys.join(judged, on=key, how="left", nulls_equal=True, maintain_order="left")

    made = asked.log.select(key).cast(keys.schema)
    require(
        not differing(made, keys), "examples are logged with another key than they were answered"
    )
    columns = [name for name in asked.log.columns if name in examples.columns]
    changed = differing(
        asked.log.select(columns).cast(found.select(columns).schema), found[columns]
    )
    require(not changed, f"{', '.join(changed)} of an example is otherwise in the service")
    same(asked.probability, found["among"], "the service and the pipeline")


def what_was_asked_is_in_the_log_and_gives_its_answer_again(run: Run) -> None:
    """So that a prediction can be followed step by step, long after it was made."""
    asked = _ask(run)

    same(run.predictor().probability(asked.log), asked.probability, "the log and the answers")


def monitoring_is_silent_as_long_as_nothing_changes(run: Run) -> None:
    """On days that are drawn from what the model learnt from."""
    findings = _watched(run, _days(run), seconds=0.0)

    require(not findings, f"monitoring tells of {', '.join(findings)}: see conf/service.yaml")


def monitoring_tells_of_inputs_that_change(run: Run) -> None:
    """A number that is not known any more, one that stays the same, a category that is new."""
    rows = _days(run)
    changes = _changes(run.project)

    findings = _watched(run, rows.with_columns(changes.values()), seconds=0.0)

    missing = [check for check in changes if check not in findings]
    require(not missing, f"monitoring does not tell of {', '.join(missing)}: see conf/service.yaml")


def monitoring_tells_of_worse_predictions(run: Run) -> None:
    """Of those that say the opposite, once their labels have come."""
    opposite = (1 - pl.col("probability")).alias("probability")

    findings = _watched(run, _days(run).with_columns(opposite), seconds=0.0)

    require("quality" in findings, f"it tells of {findings}: has conf/ a floor for the metric?")


def monitoring_tells_of_slow_answers_and_an_old_model(run: Run) -> None:
    """Of answers that take an hour, and of a model that should last a month and is older."""
    findings = _watched(run, _days(run), seconds=3600.0, retrain_after=1)

    require({"slow", "age"} <= set(findings), f"it tells of {findings}: see conf/service.yaml")


CHECKS: tuple[Callable[[Run], None], ...] = (
    a_request_is_answered_as_its_row_was_among_all,
    what_was_asked_is_in_the_log_and_gives_its_answer_again,
    monitoring_is_silent_as_long_as_nothing_changes,
    monitoring_tells_of_inputs_that_change,
    monitoring_tells_of_worse_predictions,
    monitoring_tells_of_slow_answers_and_an_old_model,
)


@dataclass(frozen=True)
class Asked:
    """What a service answered to rows, each asked for alone, and what it wrote down."""

    answers: list[dict[str, Any]]
    log: pl.DataFrame

    @property
    def probability(self) -> pl.Series:
        return pl.Series([answer["probability"] for answer in self.answers])


def _ask(run: Run) -> Asked:
    """Ask a service for some rows of the table that it answers for."""
    from keel.serving.log import predictions
    from keel.serving.service import Service  # needs the packages of a product

    again = run.again()
    service = Service(again.store, run.project, load(run.store.repository).serving)
    rows = spread(run.tables()[service.table].select(*service.rows.columns).collect(), 5)
    answers = []
    for number, row in enumerate(json.loads(to_json(rows.to_dicts()))):
        known = {name: value for name, value in row.items() if value is not None}
        answers.append(service.predict_one(to_json(known), {"request": f"r{number}"}))
    return Asked(answers, predictions(again.store.root, run.project).collect())


def _days(run: Run) -> pl.DataFrame:
    """What the model learnt from, mixed and dated on the days after it, with `probability`."""
    project, split = run.project, run.settings.split
    rows = training(run.store.read_table(run.store.examples), project, split).examples
    rows = rows.sample(fraction=1, shuffle=True, seed=SEED)
    each = max(1, len(rows) // DAYS)
    rows = rows.head(each * DAYS)
    first = datetime.combine(split.test_from + AFTER, NOON, project.timezone)
    noons = [first + timedelta(days=number // each) for number in range(len(rows))]
    moments = pl.Series(project.time, noons).cast(rows.schema[project.time])
    return rows.with_columns(moments, probability=run.predictor().probability(rows))


def _changes(project: Project) -> dict[str, pl.Expr]:
    """What can happen to the columns that features read, by the check that tells of it."""
    columns = project.examples.columns()
    read = [(name, columns[name]) for name in project.features.columns_read()]
    numbers = [name for name, column in read if column.dtype.is_float() and column.nullable]
    texts = [name for name, column in read if column.dtype == pl.String]
    changes = [("nulls", name, pl.lit(None, columns[name].dtype)) for name in numbers[:1]]
    changes += [("same", name, pl.col(name).drop_nulls().first()) for name in numbers[1:2]]
    changes += [("unseen", name, pl.lit(NEW)) for name in texts[:1]]
    return {check: value.alias(name) for check, name, value in changes}


def _watched(
    run: Run, rows: pl.DataFrame, *, seconds: float, retrain_after: int | None = None
) -> list[str]:
    """What monitoring tells of when these rows were answered, day by day."""
    from keel.monitoring import known
    from keel.monitoring.observed import observe, read
    from keel.monitoring.watch import watch

    again = run.again()
    _answer(again, rows, seconds)
    settings = load(run.store.repository).monitoring
    enough = len(rows) // 10  # the quick data are few
    few = {name: min(getattr(settings, name), enough) for name in ("rows", "window_rows")}
    watched = watch(
        run.project,
        observe(run.project, read(again.store.root, run.project)),
        replace(known.read(again.store, run.project), retrain_after=retrain_after),
        settings.model_copy(update=few),
        LATER,
    )
    return [finding.check for finding in watched.open]


def _answer(run: Run, rows: pl.DataFrame, seconds: float) -> None:
    """Write the log of a service that answers each day at once, and gets its labels a day later."""
    from keel.serving.log import Log

    ticks = count()
    log = Log(run.store.root, run.project, 10_000, lambda: LATER + timedelta(seconds=next(ticks)))
    before = rows.clear()
    for number, (_, day) in enumerate(rows.group_by(run.project.time, maintain_order=True)):
        name = f"r{number}"
        texts = [column.name for column in day if column.dtype == pl.String]
        answers = [
            {
                "row": place,
                "probability": row["probability"],
                "unseen": [t for t in texts if row[t] == NEW],
            }
            for place, row in enumerate(day.iter_rows(named=True))
        ]
        log.predictions(name, "a model", answers, day.to_dicts())
        log.request(
            request=name,
            route="/predict/batch",
            status=200,
            rows=len(day),
            seconds=seconds,
            problems=[],
        )
        log.labels(before)
        before = day
