"""What a model has to pass to be used, and what may be waived for a while."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from keel.judge.chance import Difference
from keel.judge.metrics.sample import score
from keel.judge.shift import gaps, shifts
from keel.project.description import Project
from keel.project.metric import Metric
from keel.project.settings import Gates, Waiver
from keel.project.task import Task

Waivers = Mapping[str, Waiver]
SHIFTS = {  # what is said of a column that is beyond a limit
    "psi": "has drifted since training: a population stability index of {value:.1f}, "
    "gates.psi = {limit}. Has its unit changed?",
    "nulls": "is missing in {value:.0%} more of the rows than in training, gates.nulls = {limit}",
    "same": "has its commonest value in {value:.0%} more of the rows than in training, "
    "gates.same = {limit}. Is a sensor stuck?",
    "unseen": "has values that training did not see, such as {values}, in {value:.0%} of the rows, "
    "gates.unseen = {limit}",
}


@dataclass(frozen=True)
class Verdict:
    """Whether a gate is passed."""

    gate: str
    passed: bool
    sentence: str  # what was found there
    waiver: Waiver | None = None

    @property
    def refused(self) -> bool:
        return not self.passed and self.waiver is None

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "waiver": self.waiver and self.waiver.model_dump(mode="json")}


def waived(verdicts: list[Verdict], waivers: Waivers, today: date) -> list[Verdict]:
    """The verdicts, with the waivers that have not ended where a gate is missed."""
    return [
        Verdict(verdict.gate, verdict.passed, verdict.sentence, waiver)
        if not verdict.passed and (waiver := waivers.get(verdict.gate)) and today <= waiver.until
        else verdict
        for verdict in verdicts
    ]


def against_floors(missed: Iterable[str]) -> list[Verdict]:
    """A verdict for each floor that is missed, or one that none is."""
    refusals = [Verdict("floors", passed=False, sentence=sentence) for sentence in missed]
    return refusals or [Verdict("floors", passed=True, sentence="none is missed")]


def scale(task: Task, metric: Metric, label: pl.Series, naive: pl.Series) -> float:
    """What limits on a metric are shares of: what the naive guess scores, where lower is better.

    An error is in the unit of what is predicted, which no setting could know. Where higher is
    better, as for AUC, a limit is what it says.
    """
    if metric.higher_is_better:
        return 1.0
    error = abs(score(task, metric, label, naive))
    return error if 0 < error < float("inf") else 1.0


def against_simple(
    simple: str, gain: Difference, metric: Metric, scale: float, gates: Gates
) -> Iterator[Verdict]:
    """Whether the model is better than a simple one, or than a guess, by more than chance."""
    if gates.better_than_baseline is not None:
        limit = gates.better_than_baseline * scale
        other = "naive guess" if simple == "naive" else simple
        sentence = f"{metric.title} is {gain} better than the {other}'s"
        if not gain.low > limit:
            sentence += f", and would have to be by more than {limit:.4g} also at the lower end"
        yield Verdict(simple, gain.low > limit, sentence)


def for_features(
    losses: Mapping[str, Difference], metric: Metric, scale: float, gates: Gates
) -> Iterator[Verdict]:
    """Whether no feature is surely worth nothing."""
    if gates.feature_loss is not None:
        limit = gates.feature_loss * scale
        for name, loss in losses.items():
            worth = not loss.high < limit  # not known counts as worth it
            sentence = f"shuffling its values costs {loss} in {metric.title}"
            if not worth:
                sentence += f", surely less than gates.feature_loss = {gates.feature_loss}"
                sentence += f" of the naive guess's {scale:.4g}" if scale != 1 else ""
            yield Verdict(f"feature.{name}", worth, sentence)


def against_shift(
    project: Project, learnt: pl.DataFrame, judged: pl.DataFrame, gates: Gates
) -> Iterator[Verdict]:
    """Whether the test examples are still like those of the training."""
    for shift in shifts(project, learnt, judged):
        faults = [
            f"{shift.column} {text.format(value=value, limit=limit, values=shift.values)}"
            for name, text in SHIFTS.items()
            if (limit := getattr(gates, name)) is not None
            and (value := shift.measured[name]) is not None
            and value > limit
        ]
        yield Verdict(f"shift.{shift.column}", not faults, "; ".join(faults) or "as in training")
    if gates.gap is not None and project.time:
        missing = gaps(project, pl.concat([learnt, judged]), gates.gap)
        more = [f"{len(missing) - 3} more times"] if len(missing) > 3 else []
        text = (
            f"there are no examples in {', '.join(missing[-3:] + more)}: "
            f"gates.gap = {gates.gap} days"
        )
        yield Verdict("shift.days", not missing, text if missing else "no gap in the days")


def for_data(quality: Mapping[str, Any]) -> Iterator[Verdict]:
    """A verdict for each column of a table that has to be asked about, or one that none has.

    A table without a time, or with too little of it, is not called good.
    """
    for table, counts in quality.items():
        asked: dict[str, list[str]] = {}
        for finding in counts.get("findings", []):
            asked.setdefault(finding["name"], []).append(finding["sentence"])
        for name, sentences in asked.items():
            yield Verdict(name, passed=False, sentence=". ".join(sentences))
        if not asked and counts.get("looked_at_in_time"):
            yield Verdict(
                f"data.{table}", passed=True, sentence="no sudden change from week to week"
            )
