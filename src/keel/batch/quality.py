"""How good predictions were, where the file has what came out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from keel.batch.scoring import LABEL
from keel.judge.metrics.known import metrics_of
from keel.judge.metrics.sample import Sample
from keel.judge.scores import with_interval
from keel.project.description import Project
from keel.project.settings import Evaluation

MOST = 1_000_000  # rows that are judged, evenly spread: more tell nothing more
RESAMPLES, SEED = 200, 1


@dataclass(frozen=True)
class Quality:
    """Metrics of predictions, each with its 95 % interval."""

    labelled: int
    judged: int
    metrics: tuple[tuple[str, float, float, float], ...]  # title, score, low, high

    def lines(self) -> Iterator[str]:
        """For people."""
        some = "" if self.judged == self.labelled else f", judged by {self.judged:,} of them"
        yield f"{self.labelled:,} rows have a label{some}:"
        width = max(len(title) for title, *_ in self.metrics)
        for title, score, low, high in self.metrics:
            yield f"  {title:{width}}  {score:.4f}  ({low:.4f} to {high:.4f})"


def quality(
    project: Project,
    evaluation: Evaluation | None,
    predictions: pl.LazyFrame,
    names: Mapping[str, str],
) -> Quality | None:
    """How good predictions are, whose fields have these names; None if none of them has a label."""
    task = project.task
    fields = {name: names[name] for name in task.fields}
    known = predictions.filter(pl.col(LABEL).is_not_null()).select(LABEL, **fields)
    labelled = int(known.select(pl.len()).collect().item())
    if not labelled:
        return None
    every = -(-labelled // MOST)
    chosen = known.select(LABEL, task.read().alias("prediction")).gather_every(every).collect()
    sample = Sample(task, task.labels(chosen[LABEL]), chosen["prediction"])
    metrics = tuple(
        (metric.title, *with_interval(sample, metric, RESAMPLES, SEED))
        for metric in metrics_of(project, evaluation).values()
    )
    return Quality(labelled, len(chosen), metrics)
