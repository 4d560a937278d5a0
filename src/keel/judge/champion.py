"""Whether a candidate takes the place of the champion, which is the model that is in use."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from keel.judge.chance import Difference, difference
from keel.judge.gates import Verdict
from keel.judge.metrics.sample import score
from keel.judge.scores import sliced
from keel.project.metric import Metric
from keel.project.task import Task


@dataclass(frozen=True)
class Comparison:
    """Champion and candidate on the same examples; `place` is "all rows" or a slice."""

    place: str
    rows: int
    champion: float
    candidate: float
    gain: Difference


def compare(
    task: Task,
    champion: pl.DataFrame,
    candidate: pl.DataFrame,
    metric: Metric,
    slices: list[str],
    smallest_slice: int,
) -> list[Comparison]:
    """The metric of both, on all rows and on each slice that is large enough.

    Both are predictions as `evaluate` stores them. What each said when it was judged counts, on the
    examples that both were judged on: the champion's features may have changed since. With many
    slices one may look worse by chance, so that each has to be surer (Bonferroni).
    Nothing if they have no example in common.
    """
    both = in_common(champion, candidate)
    if both is None:
        return []
    parts = [
        ("all rows" if name == "all" else f"{name} = {value}", rows)
        for name, value, rows in sliced(both, slices)
        if name == "all" or len(rows) >= smallest_slice
    ]
    sure = 1 - 0.05 / max(1, len(parts) - 1)
    return [
        _compared(task, place, rows, metric, 0.95 if n == 0 else sure)
        for n, (place, rows) in enumerate(parts)
    ]


def in_common(champion: pl.DataFrame, candidate: pl.DataFrame) -> pl.DataFrame | None:
    """The examples that both were judged on, with what both said; None if there are none."""
    if any(champion.schema[name] != candidate.schema[name] for name in ("example", "model")):
        return None  # the key, or what is predicted, has changed since
    theirs = champion.select("example", pl.col("model").alias("champion"))
    both = candidate.join(theirs, on="example", how="inner", maintain_order="left")
    return both if len(both) else None


def gains(
    task: Task,
    before: pl.DataFrame,
    after: pl.DataFrame,
    metrics: Mapping[str, Metric],
    sure: float = 0.95,
) -> dict[str, Difference]:
    """How much better the one is than what was before, by each metric, on the same examples.

    Both are predictions as `evaluate` stores them; nothing if they have no example in common.
    """
    both = in_common(before, after)
    if both is None:
        return {}
    return {
        name: difference(task, both["label"], both["model"], both["champion"], metric, sure=sure)
        for name, metric in metrics.items()
    }


def verdicts(compared: list[Comparison], metric: Metric) -> list[Verdict]:
    """Whether the candidate is better by more than chance, and worse on no slice by more."""
    if not compared:
        sentence = (
            "it was judged on none of the candidate's examples: set split.test_from so that they "
            "have some in common"
        )
        return [Verdict("champion", passed=False, sentence=sentence)]
    whole, *parts = compared
    better = whole.gain.low > 0
    surely = "" if better else "not surely "
    sentence = f"{metric.title} is {surely}better than the champion's: {whole.gain}"
    return [
        Verdict("champion", better, sentence),
        *(
            Verdict(
                "champion.slices",
                passed=False,
                sentence=f"{metric.title} on {part.place} is worse: {part.gain}",
            )
            for part in parts
            if part.gain.high < 0
        ),
    ]


def table(compared: list[Comparison], metric: Metric) -> str:
    """The comparison in Markdown."""
    head = f"| {metric.title} on | rows | champion | candidate | better by |\n"
    return f"{head}|---|---:|---:|---:|---|\n" + "".join(
        f"| {part.place} | {part.rows:,} | {part.champion:.4f} | {part.candidate:.4f} "
        f"| {part.gain} |\n"
        for part in compared
    )


def _compared(
    task: Task, place: str, rows: pl.DataFrame, metric: Metric, sure: float
) -> Comparison:
    label, champion, candidate = rows["label"], rows["champion"], rows["model"]
    gain = difference(task, label, candidate, champion, metric, sure=sure)
    before, after = (score(task, metric, label, predicted) for predicted in (champion, candidate))
    return Comparison(place, len(rows), before, after, gain)
