"""How good predictions were, where the file has what came out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keel.batch.scoring import LABEL
from keel.data.store import Store
from keel.pipeline.configuration import load
from keel.project.description import Project

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


def quality(project: Project, store: Store, folder: Path) -> Quality | None:
    """How good the predictions in the parts of a folder are; None if none of them has a label."""
    parts = pl.scan_parquet(folder / "predictions-*")
    from keel.judge.metrics.known import metrics_of
    from keel.judge.metrics.sample import Sample
    from keel.judge.scores import interval

    task = project.task
    known = parts.filter(pl.col(LABEL).is_not_null())
    labelled = int(known.select(pl.len()).collect().item())
    if not labelled:
        return None
    every = -(-labelled // MOST)
    chosen = known.select(LABEL, task.read().alias("prediction")).gather_every(every).collect()
    evaluation = load(store).evaluation if store.settings.is_file() else None
    sample = Sample(task, task.labels(chosen[LABEL]), chosen["prediction"])
    metrics = []
    for metric in metrics_of(project, evaluation).values():
        score = sample.score(metric)
        low, high = interval(sample.resamples(metric, RESAMPLES, SEED), score)
        metrics.append((metric.title, score, float(low), float(high)))
    return Quality(labelled, len(chosen), tuple(metrics))
