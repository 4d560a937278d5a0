"""What the logs of the service say: each prediction with its day and, if it came, its label.

Days are those of the examples' time, so that a replay of last year shows last year; without one,
those of the requests. A request that was refused has no example: it counts for the day of its
neighbours in the log.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keel.project.columns import Known, when_known
from keel.project.description import Project
from keel.serving import log

PREDICTIONS = "/predict"  # what the routes start with
OK, FAILED = 300, 500  # below the one a request was answered, from the other on it could not be
AT, OFFSET = pl.col("at"), pl.col("offset")


@dataclass(frozen=True)
class Observed:
    """`facts` and `examples` have a row for each prediction, in the same order, that of the log.

    `facts` has `line`, its place in the log, `day`, `request`, `model`, `prediction` as the task
    has it (null if the log has none that is whole), `unseen`, `last` (no later prediction has the
    same key), `labelled` (a label came), `label` as the task has it (null if none ever will) and
    `known_on`, the day on which it came. `requests` has `at`, `day`, `status`, `seconds`,
    `problems`, `rows`, and how many of these were `refused`.
    """

    facts: pl.DataFrame
    examples: pl.DataFrame
    requests: pl.DataFrame
    inputs: list[str]  # the columns that a feature reads, but for personal ones, which no log has
    measured: list[str]  # those of them whose value is measured, and gets old
    unknown: int  # labels of what was never predicted
    repeated: int  # labels that came once more, and said the same
    contradicted: int  # examples of which different things were said: the latest counts
    torn: int  # lines of the log that can't be read


def observe(project: Project, root: Path) -> Observed:
    """Put together what belongs together in the logs below `root/served`."""
    known = list(log.columns(project, personal=False))
    moment = project.moment if project.time else _own("at", known)
    rows = log.predictions(root, project).filter(moment.is_not_null()).collect()
    examples, key = rows.select(known), list(log.key(project, personal=False))
    facts = rows.select(
        _day(moment, project.zone).alias("day"),
        *(_own(name, known) for name in ("request", "model", "prediction", "unseen")),
        pl.struct(key).alias("key"),
        moment.alias("time"),
    ).with_row_index("line")
    scores = pl.DataFrame(project.task.scores(facts["prediction"]))
    whole = scores.select(pl.all_horizontal(pl.all().is_finite())).to_series()
    facts = facts.with_columns(pl.when(whole).then("prediction").alias("prediction"))
    requests = _dated(log.requests(root).collect(), facts, project.zone)
    labels = _labels(log.labels(root, project).collect(), key, requests, project.zone)
    joined = facts.join(labels, on="key", how="left", nulls_equal=True, maintain_order="left")
    came, label = pl.col("known_on"), project.task.labels(joined["label"])
    joined = joined.with_columns(
        label.alias("label"),
        last=pl.col("line") == pl.col("line").max().over("key"),
        labelled=pl.col("came").is_not_null(),
        known_on=pl.when(came.is_not_null()).then(pl.max_horizontal(came, "day")),
    )
    schema = project.examples.columns()
    inputs = [name for name in project.features.columns_read() if name in examples.columns]
    repeated = pl.col("came").filter(~pl.col("contradicted")).cast(pl.Int64) - 1
    return Observed(
        joined.drop("key", "time", "came", "contradicted"),
        examples,
        requests.filter(pl.col("route").str.starts_with(PREDICTIONS)).drop("offset"),
        inputs,
        [name for name in inputs if when_known(schema[name]) == Known.MEASURED],
        unknown=len(labels.join(facts, on="key", how="anti", nulls_equal=True)),
        repeated=labels.select(repeated.sum()).item(),
        contradicted=int(labels["contradicted"].sum()),
        torn=sum(log.broken(root, kind) for kind in log.KINDS),
    )


def _dated(requests: pl.DataFrame, facts: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The requests with their day: that of their predictions, or of their neighbours'."""
    decided = facts.group_by("request").agg(pl.col("time").min(), answered=pl.len())
    rows = pl.col("rows").fill_null(1).clip(1)  # what can't be read is a row too
    refused = pl.when(pl.col("status") < FAILED).then(rows - pl.col("answered").fill_null(0))
    offset = (pl.col("time") - AT).forward_fill().backward_fill().fill_null(pl.duration())
    dated = requests.join(decided, on="request", how="left", maintain_order="left")
    return (
        dated.with_columns(offset=offset, rows=rows, refused=refused.fill_null(0).clip(0))
        .with_columns(day=_day(AT + OFFSET, zone))
        .drop("time", "answered")
    )


def _labels(
    labels: pl.DataFrame, key: list[str], requests: pl.DataFrame, zone: str
) -> pl.DataFrame:
    """One row for each key: the latest label, when the first came, and how often one came."""
    clock = requests.select("at", "offset").sort("at")
    came = labels.select(
        pl.struct(key).alias("key"), *(_own(name, key) for name in ("at", "label"))
    ).with_row_index("line")
    dated = came.sort("at").join_asof(clock, on="at", strategy="nearest").sort("line")
    return dated.group_by("key", maintain_order=True).agg(
        pl.col("label").last(),
        known_on=_day(AT + OFFSET.fill_null(pl.duration()), zone).first(),
        came=pl.len(),
        contradicted=pl.col("label").drop_nulls().n_unique() > 1,
    )


def _day(moment: pl.Expr, zone: str) -> pl.Expr:
    return moment.dt.convert_time_zone(zone).dt.date()


def _own(name: str, others: Collection[str]) -> pl.Expr:
    """The log's own column, which gives way to one of the examples of that name."""
    return pl.col(f"log_{name}" if name in others else name).alias(name)
