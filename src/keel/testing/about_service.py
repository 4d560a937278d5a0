"""Checks of a product's service and monitoring, with the model that learnt from the quick data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic_core import to_json

from keel.judge.metrics.known import metrics_of
from keel.project.description import Project
from keel.project.task import Classes, YesNo
from keel.serving.settings import load
from keel.testing.failing import differing, require, same, spread
from keel.testing.pipeline import Quick

DAYS = 35  # of answers to watch: more than the window of days by which quality is judged
HARDLY = 1e-6  # the probability of a class that comes all the same
MOST_DAYS = 120  # where there are few rows a day
SEED = 1
AFTER = timedelta(days=40)  # what it learnt from: old enough to be told of
NEW = "never seen"
LATER = datetime(2100, 1, 1, tzinfo=UTC)  # where the examples have no time of their own
NOON, PREDICTION = "noon of the day", "what is predicted"  # no column of examples is called so


def a_request_is_answered_as_its_row_was_among_all(run: Quick) -> None:
    """The service looks its row up, makes the example and predicts as the pipeline did.

    What it logs gives the answer again, long after it was made.
    """
    answers, log = _ask(run)
    key, model, task = run.project.key, run.model(), run.project.task
    examples = run.examples().unique(key, keep="first", maintain_order=True)
    judged = examples.with_columns(among=model.predict(examples))
    keys = pl.DataFrame([answer["key"] for answer in answers], judged.select(key).schema)

    expected = keys.join(judged, on=key, how="left", nulls_equal=True, maintain_order="left")

    columns = [name for name in log.columns if name in examples.columns]
    logged = log.select(columns).cast(expected.select(columns).schema)
    changed = differing(logged, expected[columns])
    require(not changed, f"{', '.join(changed)} of an example is otherwise in the service")
    said = [{name: answer[name] for name in task.fields} for answer in answers]
    answered = pl.DataFrame(said, dict(task.fields)).select(task.read()).to_series()
    same(answered, expected["among"], "the service and the pipeline")
    same(model.predict(log), answered, "the log and the answers")


@dataclass(frozen=True)
class Watch:
    """What changes in the days that are watched, and what monitoring has to tell of then."""

    changes: Callable[[Quick], Mapping[str, pl.Expr]] = lambda _: {}  # by the check that tells
    told: Callable[[Quick], frozenset[str]] = lambda _: frozenset()
    seconds: float = 0.0  # that an answer takes
    retrain_after: int | None = None

    def __call__(self, run: Quick) -> None:
        changes, expected = self.changes(run), self.told(run)
        told = _watched(run, _days(run).with_columns(changes.values()), self)
        missing = {*changes, *expected} - told
        require(not missing, f"it does not tell of {', '.join(missing)}: see conf/service.yaml")
        wanted = changes or expected or not told
        require(wanted, f"it tells of {', '.join(sorted(told))}: see conf/service.yaml")


def _inputs(run: Quick) -> dict[str, pl.Expr]:
    """A number that is not known any more, one that stays the same, a category that is new."""
    columns = run.project.examples.columns()
    read = [(name, columns[name]) for name in run.project.features.columns_read()]
    numbers = [name for name, column in read if column.dtype.is_float() and column.nullable]
    texts = [name for name, column in read if column.dtype == pl.String]
    changes = [("nulls", name, pl.lit(None, columns[name].dtype)) for name in numbers[:1]]
    changes += [("same", name, pl.col(name).drop_nulls().first()) for name in numbers[1:2]]
    changes += [("unseen", name, pl.lit(NEW)) for name in texts[:1]]
    return {check: value.alias(name) for check, name, value in changes}


def _worse(run: Quick) -> dict[str, pl.Expr]:
    """The opposite of what came, all but the right class, or much more.

    Nothing tells of it where the first metric has no floor.

    Much are three standard deviations of what is predicted.
    """
    project, evaluation = run.project, run.settings.evaluation
    if next(iter(metrics_of(project, evaluation))) not in evaluation.floors:
        return {}
    if not isinstance(project.task, (Classes, YesNo)):
        much = 3 * float(np.std(project.task.numbers(run.learnt().label)))
        return {"quality": pl.col(PREDICTION) + much}
    if isinstance(project.task, Classes):
        came, names = pl.col(project.label).cast(pl.String), project.task.names
        shares = [pl.when(came == name).then(HARDLY).otherwise(1 / len(names)) for name in names]
        return {"quality": pl.concat_arr(shares).alias(PREDICTION)}
    # Not 1 less the prediction: of a weak model that is hardly worse.
    is_true = pl.col(project.label) == pl.lit(project.task.true)
    return {"quality": pl.when(is_true).then(HARDLY).otherwise(1 - HARDLY).alias(PREDICTION)}


def _ages(run: Quick) -> frozenset[str]:
    """A model ages where there is a time."""
    return frozenset({"slow", "age"} if run.project.time else {"slow"})


CHECKS: dict[str, Callable[[Quick], None]] = {
    "a request is answered as its row was among all": (
        a_request_is_answered_as_its_row_was_among_all
    ),
    "monitoring is silent as long as nothing changes": Watch(),
    "monitoring tells of inputs that change": Watch(_inputs),
    "monitoring tells of worse predictions": Watch(_worse),
    "monitoring tells of slow answers and an old model": Watch(
        told=_ages, seconds=3600.0, retrain_after=1
    ),
}


def _ask(run: Quick) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """What a service answers to rows, each asked for alone, and what it wrote down."""
    from keel.serving.logged import predictions
    from keel.serving.service import Service  # needs the packages of a product

    store = run.again("evaluate").store
    service = Service(store, run.project, load(store.repository).serving)
    rows = spread(run.used(service.table).select(*service.rows.columns), 5)
    answers = []
    for number, row in enumerate(json.loads(to_json(rows.to_dicts()))):
        known = {name: value for name, value in row.items() if value is not None}
        answers.append(service.predict_one(to_json(known), {"request": f"r{number}"}))
    return answers, predictions(store.root, run.project).collect()


def _days(run: Quick) -> pl.DataFrame:
    """What the model learnt from, mixed and dated on days after it, with predictions and noons."""
    project, rows = run.project, run.learnt().examples
    predicted = rows.with_columns(run.model().predict(rows).alias(PREDICTION))
    mixed = predicted.sample(fraction=1, shuffle=True, seed=SEED)
    if project.time in project.examples.primary_key():
        return _later(project, predicted, mixed)
    first = LATER.date()
    if project.time:
        first = rows.select(project.local_day.max()).item() + AFTER
    each = max(1, len(rows) // DAYS)
    mixed = mixed.head(each * DAYS)
    days = [first + timedelta(days=number // each) for number in range(len(mixed))]
    dated = mixed.with_columns(_noons(project, days))
    if project.time is None:
        return dated
    dtype = rows.schema[project.time]
    moment = pl.col(NOON).dt.date() if dtype == pl.Date else pl.col(NOON).cast(dtype)
    return dated.with_columns(moment.alias(project.time))


def _later(project: Project, rows: pl.DataFrame, mixed: pl.DataFrame) -> pl.DataFrame:
    """The rows' keys as much later as they span, with the rest of other rows.

    A time in the key tells examples apart: two of one day would be the same.
    """
    time_, key = str(project.time), project.examples.primary_key()
    moments = rows[time_]
    span = (moments.max() - moments.min()) + AFTER  # type: ignore[operator]  # both are times
    keys = rows.select(key).with_columns(pl.col(time_) + span)
    dated = keys.hstack(mixed.drop(key)).sort(time_).select(mixed.columns)
    day = dated.select(project.local_day).to_series()
    some = day.is_in(day.unique().sort().tail(MOST_DAYS).implode())
    return dated.filter(some).with_columns(_noons(project, day.filter(some).to_list()))


def _noons(project: Project, days: list[date]) -> pl.Series:
    noons = [datetime.combine(day, time(12), project.timezone) for day in days]
    return pl.Series(NOON, noons, pl.Datetime("us", project.zone))


def _watched(run: Quick, rows: pl.DataFrame, case: Watch) -> set[str]:
    """What monitoring tells of when these rows were answered, day by day."""
    from keel.monitoring import known
    from keel.monitoring.observed import observe
    from keel.monitoring.watch import watch

    store = run.again("evaluate").store
    _answer(store.root, run.project, rows, case.seconds)
    settings = load(store.repository).monitoring
    a_day = len(rows) / rows[NOON].n_unique()
    enough = max(1, min(len(rows) // 10, int(a_day * DAYS / 10)))  # the quick data are few
    few = {name: min(getattr(settings, name), enough) for name in ("rows", "window_rows")}
    model = replace(known.read(store, run.project), retrain_after=case.retrain_after)
    seen = observe(run.project, store.root)
    last = rows[NOON][-1].astimezone(UTC)
    watched = watch(run.project, seen, model, settings.model_copy(update=few), last)
    return {finding.check for finding in watched.open}


def _answer(root: Path, project: Project, rows: pl.DataFrame, seconds: float) -> None:
    """Write the log of a service that answers each day at once, and gets its labels a day later."""
    from keel.serving.log import Log

    ticks, clock = count(), [LATER]
    log = Log(root, project, 10_000, lambda: clock[0] + timedelta(milliseconds=next(ticks)))
    before = rows.clear()
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    facts = {"route": "/predict/batch", "status": 200, "seconds": seconds, "problems": []}
    for number, (_, day) in enumerate(rows.group_by(NOON, maintain_order=True)):
        clock[0] = day[NOON][0].astimezone(UTC)
        answers = [
            {"row": place, **answer, "unseen": [name for name in texts if row[name] == NEW]}
            for place, (row, answer) in enumerate(
                zip(
                    day.iter_rows(named=True),
                    project.task.answers(day[PREDICTION]),
                    strict=True,
                )
            )
        ]
        log.predictions(f"r{number}", "a model", answers, day.to_dicts())
        log.request(request=f"r{number}", rows=len(day), **facts)
        log.labels(before)
        before = day
