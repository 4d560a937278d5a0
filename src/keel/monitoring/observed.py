"""What the logs of the service say: each prediction with its days and, if it came, its label.

The service's own clock says when something was asked and answered: nobody who asks can move that.
The time of an example says which day it is about, for quality and drift, as long as that is near.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keel.project.columns import Known, when_known
from keel.project.description import Project
from keel.serving import log, logged

PREDICTIONS = "/predict"  # what the routes start with
OK, FAILED = 300, 500  # below the one a request was answered, from the other on it could not be


@dataclass(frozen=True)
class Observed:
    """`facts` and `examples` have a row for each prediction, in the same order, that of the log.

    `facts` has `line`, its place in the log, `day`, which the example is about, `answered`, the day
    of its request, `model`, `prediction` as the task has it (null if the log has none
    that is whole), `unseen`, `last` (no later prediction has the same key), `labelled` (a label
    came), `label` as the task has it (null if none ever will) and `known_on`, the day on which it
    came. `requests` has `at`, `day`, `route`, `status`, `seconds`, `problems`, `rows`, and how many
    of these were `refused`.
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
    far: int  # predictions of examples whose time is far from that of their request


def observe(project: Project, root: Path, near: int = 31) -> Observed:
    """Put together what belongs together in the logs below `root/served`.

    An example is about the day of its time if that is `near`: so many days from its request at
    most. Else anybody could make centuries of days.
    """
    known = list(log.columns(project, personal=False))
    answered = _day(_own("at", known), project.zone)
    about = _day(project.moment, project.zone) if project.time else answered
    is_near = (about - answered).dt.total_days().abs() <= near
    key = list(log.key(project, personal=False))
    labels = _labels(logged.labels(root, project), key, project.zone)
    rows = logged.predictions(root, project)  # is read thrice, since all at once take more memory
    answers = rows.group_by(_own("exchange", known)).agg(answered=pl.len()).collect()
    examples = rows.select(known).collect()
    told = rows.select(
        pl.when(is_near).then(about).otherwise(answered).alias("day"),
        answered.alias("answered"),
        _own("model", known).cast(pl.Categorical),
        *(_own(name, known) for name in ("prediction", "unseen")),
        _same(key),
        far=~is_near.fill_null(value=False),
    )
    facts = told.collect().with_row_index("line")
    scores = pl.DataFrame(project.task.scores(facts["prediction"]))
    whole = scores.select(pl.all_horizontal(pl.all().is_finite())).to_series()
    facts = facts.with_columns(pl.when(whole).then("prediction").alias("prediction"))
    requests = _dated(logged.requests(root).collect(), answers, project.zone)
    joined = facts.join(labels, on="key", how="left", maintain_order="left")
    came, label = pl.col("known_on"), project.task.labels(joined["label"])
    joined = joined.with_columns(
        label.alias("label"),
        last=pl.col("key").is_last_distinct(),
        labelled=pl.col("came").is_not_null(),
        known_on=pl.when(came.is_not_null()).then(pl.max_horizontal(came, "day")),
    )
    schema = project.examples.columns()
    inputs = [name for name in project.features.columns_read() if name in examples.columns]
    repeated = pl.col("came").filter(~pl.col("contradicted")).cast(pl.Int64) - 1
    return Observed(
        joined.drop("key", "came", "contradicted", "far"),
        examples,
        requests.filter(pl.col("route").str.starts_with(PREDICTIONS)),
        inputs,
        [name for name in inputs if when_known(schema[name]) == Known.MEASURED],
        unknown=int((~labels["key"].is_in(facts["key"].implode())).sum()),
        repeated=labels.select(repeated.sum()).item(),
        contradicted=int(labels["contradicted"].sum()),
        torn=sum(logged.broken(root, kind) for kind in log.KINDS),
        far=int(facts["far"].sum()),
    )


def _dated(requests: pl.DataFrame, answers: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The requests with their day, and with how many of their rows have no prediction."""
    rows = pl.col("rows").fill_null(1).clip(1)  # what can't be read is a row too
    refused = pl.when(pl.col("status") < FAILED).then(rows - pl.col("answered").fill_null(0))
    counted = requests.join(answers, on="exchange", how="left", maintain_order="left")
    return counted.with_columns(
        rows=rows, refused=refused.fill_null(0).clip(0), day=_day(pl.col("at"), zone)
    ).drop("answered")


def _labels(labels: pl.LazyFrame, key: list[str], zone: str) -> pl.DataFrame:
    """One row for each key: the latest label, when the first came, and how often one came."""
    came = labels.select(_same(key), *(_own(name, key) for name in ("at", "label")))
    return (
        came.group_by("key", maintain_order=True)
        .agg(
            pl.col("label").last(),
            known_on=_day(pl.col("at"), zone).first(),
            came=pl.len(),
            contradicted=pl.col("label").min().ne_missing(pl.col("label").max()),
        )
        .collect()
    )


def _same(key: list[str]) -> pl.Expr:
    """A number that is the same for the same key: of 64 bits, a tenth of what the key takes."""
    return pl.struct(key).hash(seed=1).alias("key")


def _day(moment: pl.Expr, zone: str) -> pl.Expr:
    return moment.dt.convert_time_zone(zone).dt.date()


def _own(name: str, others: Collection[str]) -> pl.Expr:
    """The log's own column, which gives way to one of the examples of that name."""
    return pl.col(f"log_{name}" if name in others else name).alias(name)
