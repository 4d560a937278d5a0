"""What the logs of the service say: each prediction with its day and, if it came, its label.

Days are those of the examples' `TIME`, so that a replay of last year shows last year. A request
that was refused has no example: it counts for the day of its neighbours in the log.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from TEAM.examples import TIME, ZONE

from keel.model.inputs import LOCAL_DAY
from keel.serving import log

PREDICTIONS = "/predict"  # what the routes start with
REPEATED = pl.col("came").filter(~pl.col("contradicted")).cast(pl.Int64).sub(1).sum()
FAILED = 500  # where the status of what the service could not answer begins
AT, OFFSET = pl.col("at"), pl.col("offset")


@dataclass(frozen=True)
class Observed:
    """`facts` and `examples` have a row for each prediction, in the same order, that of the log.

    `facts` has `line`, its place in the log, `day`, `request`, `model`, `probability`, `unseen`,
    `last` (no later prediction has the same key), `labelled` (a label came), `label` (null if none
    ever will) and `known_on`, the day on which it came. `requests` has `at`, `day`,
    `status`, `seconds`, `problems`, `rows`, and how many of these were `refused`.
    """

    facts: pl.DataFrame
    examples: pl.DataFrame
    requests: pl.DataFrame
    unknown: int  # labels of what was never predicted
    repeated: int  # labels that came once more, and said the same
    contradicted: int  # examples of which true and false was said: the latest counts
    torn: int  # lines of the log that can't be read


def observe(root: Path) -> Observed:
    """Read the logs below `root/served`; no log at all is one without rows."""
    rows = log.predictions(root).collect()
    examples = rows.select(list(log.columns(personal=False)))
    rows = rows.filter(examples[TIME].is_not_null())
    examples = examples.filter(pl.col(TIME).is_not_null())
    own = {name: pl.col(_own(name, examples)) for name in ("request", "model", "probability")}
    facts = pl.DataFrame(
        {
            "day": examples.select(LOCAL_DAY).to_series(),
            **{name: rows.select(column).to_series() for name, column in own.items()},
            "unseen": rows[_own("unseen", examples)],
            "key": examples.select(pl.struct(list(log.key(personal=False)))).to_series(),
            "time": examples[TIME].dt.convert_time_zone("UTC"),
        }
    )
    requests = _dated(log.requests(root).collect(), facts)
    labels = _labels(root, requests)
    joined = facts.with_row_index("line").join(
        labels, on="key", how="left", nulls_equal=True, maintain_order="left"
    )
    joined = joined.with_columns(
        last=pl.col("line") == pl.col("line").max().over("key"),
        labelled=pl.col("came").is_not_null(),
        known_on=pl.when(pl.col("known_on").is_not_null()).then(
            pl.max_horizontal("known_on", "day")
        ),
    )
    return Observed(
        joined.drop("key", "time", "came", "contradicted"),
        examples,
        requests.filter(pl.col("route").str.starts_with(PREDICTIONS)).drop("offset"),
        unknown=len(labels.join(facts, on="key", how="anti", nulls_equal=True)),
        repeated=labels.select(REPEATED).item(),
        contradicted=labels.select(pl.col("contradicted").sum()).item(),
        torn=sum(log.broken(root, kind) for kind in log.KINDS),
    )


def _dated(requests: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """The requests with their day: that of their predictions, or of their neighbours'."""
    decided = facts.group_by("request").agg(pl.col("time").min(), answered=pl.len())
    rows = pl.col("rows").fill_null(1).clip(1)  # what can't be read is a row too
    refused = pl.when(pl.col("status") < FAILED).then(rows - pl.col("answered").fill_null(0))
    offset = (pl.col("time") - AT).forward_fill().backward_fill().fill_null(pl.duration())
    dated = requests.join(decided, on="request", how="left", maintain_order="left")
    return (
        dated.with_columns(offset=offset, rows=rows, refused=refused.fill_null(0).clip(0))
        .with_columns(day=(AT + OFFSET).dt.convert_time_zone(ZONE).dt.date())
        .drop("time", "answered")
    )


def _labels(root: Path, requests: pl.DataFrame) -> pl.DataFrame:
    """One row for each key: the latest label, when the first came, and how often one came."""
    keys = pl.LazyFrame(schema=log.key(personal=False)).collect()
    labels = log.labels(root).collect()
    clock = requests.select("at", "offset").sort("at")
    at = _own("at", keys)
    came = labels.select(
        pl.struct(keys.columns).alias("key"),
        pl.col(at).alias("at"),
        pl.col(_own("label", keys)).alias("label"),
    ).with_row_index("line")
    dated = came.sort("at").join_asof(clock, on="at", strategy="nearest").sort("line")
    local = (AT + OFFSET.fill_null(pl.duration())).dt.convert_time_zone(ZONE).dt.date()
    return dated.group_by("key", maintain_order=True).agg(
        pl.col("label").last(),
        known_on=local.first(),
        came=pl.len(),
        contradicted=pl.col("label").drop_nulls().n_unique() > 1,
    )


def _own(name: str, examples: pl.DataFrame) -> str:
    """What the log calls its own column where the examples have one of that name."""
    return f"log_{name}" if name in examples.columns else name
