"""The judgement on a model: its scores, what it looks at, how it ages, and whether it may be used.

All of it is worked out from frames; the stage `evaluate` reads and writes.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from keel.data.periods import Period
from keel.judge import gates as gate
from keel.judge.chance import Difference, difference
from keel.judge.importance import importance
from keel.judge.metrics import main_metric, metrics_of
from keel.judge.scores import Score, evaluate, missed
from keel.judge.staleness import staleness
from keel.model.choice import learner
from keel.model.inputs import feature_table
from keel.model.predictor import Predictor
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Evaluation, Settings

RESERVED = ("month", "label", "model", "baseline", "example", "champion")
MOST_VALUES = 200  # of a column to slice by


@dataclass(frozen=True)
class Judgement:
    """What was found of a model, and what follows."""

    predictions: pl.DataFrame
    scores: list[Score]
    verdicts: list[gate.Verdict]
    importance: dict[str, Difference]
    staleness: dict[str, Any]
    unlabelled: int

    @property
    def refusals(self) -> list[gate.Verdict]:
        """The gates that are missed and not waived."""
        return [verdict for verdict in self.verdicts if verdict.refused]


def judge(  # noqa: PLR0913 -- two models, two periods, and what they are judged by
    project: Project,
    settings: Settings,
    *,
    candidate: Predictor,
    simple: Predictor,
    learnt: Period,
    period: Period,
    today: date,
) -> Judgement:
    """Judge the candidate beside the simple model on the examples of the period.

    On a part of the data (`data.rows`) only the floors judge, since the gates need enough rows.
    Raises UserError if a setting names a metric or a column that does not exist.
    """
    evaluation, metrics = settings.evaluation, metrics_of(project)
    check_metrics(project, evaluation)
    predictions = predict(project, candidate, simple, period, evaluation.slices)
    scores = evaluate(predictions, evaluation, metrics)
    losses = importance(candidate, period, main_metric(project), evaluation.seed)
    verdicts = gate.against_floors(missed(scores, evaluation, metrics))
    ageing: dict[str, Any] = {}
    if not settings.data.rows:
        verdicts += _gates(project, settings, predictions, losses, learnt, period)
        both = pl.concat([learnt.examples, period.examples])
        ageing = staleness(project, both, learner(project, settings.model), settings.staleness)
    verdicts = gate.waived(verdicts, settings.waivers, today)
    return Judgement(predictions, scores, verdicts, losses, ageing, period.unlabelled)


def predict(
    project: Project, candidate: Predictor, simple: Predictor, period: Period, slices: list[str]
) -> pl.DataFrame:
    """What both models say of each example, beside its label, its month and its slices."""
    predictions = period.examples.select(
        pl.struct(project.key).alias("example"),
        project.month.alias("month"),
        pl.col(project.label).alias("label"),
        candidate.probability(period.examples).alias("model"),
        simple.probability(period.examples).alias("baseline"),
    )
    return predictions.hstack(slice_columns(project, period.examples, slices))


def slice_columns(project: Project, examples: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The columns to slice by, each of the examples or a feature."""
    derived = feature_table(project.features, examples)
    available = {**derived.to_dict(), **examples.to_dict()}
    for name in names:
        if name not in available or name in RESERVED:
            raise UserError(
                f"evaluation.slices has {name!r}, which is neither a column of the examples "
                f"({', '.join(examples.columns)}) nor another feature "
                f"({', '.join(sorted(set(derived.columns) - set(examples.columns)))})"
            )
        if (values := available[name].n_unique()) > MOST_VALUES:
            raise UserError(
                f"evaluation.slices has {name!r}, which has {values:,} values, not {MOST_VALUES} "
                "at most"
            )
    return pl.DataFrame({name: available[name] for name in names})


def check_metrics(project: Project, settings: Evaluation) -> None:
    """Raise UserError if a floor names a metric that does not exist."""
    metrics = metrics_of(project)
    for key in ("floors", "slice_floors"):
        for name in getattr(settings, key):
            if name not in metrics:
                raise UserError(
                    f"evaluation.{key} names {name!r}: the metrics are {', '.join(metrics)}"
                )


def _gates(
    project: Project,
    settings: Settings,
    predictions: pl.DataFrame,
    losses: dict[str, Difference],
    learnt: Period,
    period: Period,
) -> list[gate.Verdict]:
    """The verdicts of all gates; the baseline itself need not beat the baseline."""
    metric, limits = main_metric(project), settings.gates
    gain = difference(predictions["label"], predictions["model"], predictions["baseline"], metric)
    same = settings.model == settings.baseline
    return [
        *([] if same else gate.against_baseline(gain, metric, limits)),
        *gate.for_features(losses, metric, limits),
        *gate.against_shift(project, learnt.examples, period.examples, limits),
    ]
