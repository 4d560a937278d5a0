"""The judgement on a model: its scores, what it looks at, how it ages, and whether it may be used.

All of it is worked out from frames; the stage `evaluate` reads and writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no types

from keel.data.split import Labelled
from keel.judge import gates as gate
from keel.judge.chance import Difference, difference
from keel.judge.importance import importance
from keel.judge.leaks import against_leaks
from keel.judge.metrics.known import check_metrics, main_metric
from keel.judge.scores import MODELS, Score, evaluate, missed
from keel.judge.staleness import staleness
from keel.model.choice import learner
from keel.model.inputs import feature_table
from keel.model.predictor import Predictor
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.learning import Progress
from keel.project.settings import Settings

RESERVED = ("month", "label", *MODELS, "example", "champion")
MOST_VALUES = 200  # of a column to slice by
STEPS = 4  # scores, importance, gates and ageing, each of which takes a while


@dataclass(frozen=True)
class Part:
    """A model and a simple one, what they learnt from, and the examples that judge them.

    There is one; with folds, one for each.
    """

    candidate: Predictor
    simple: Predictor
    learnt: Labelled
    judged: Labelled


@dataclass(frozen=True)
class Judgement:
    """What was found of a model, and what follows."""

    predictions: pl.DataFrame
    scores: list[Score]
    verdicts: list[gate.Verdict]
    importance: dict[str, Difference]
    staleness: dict[str, Any]
    unlabelled: int
    whole: bool  # on all of the data, so that all gates were asked

    @property
    def refusals(self) -> list[gate.Verdict]:
        """The gates that are missed and not waived."""
        return [verdict for verdict in self.verdicts if verdict.refused]


def judge(
    project: Project,
    settings: Settings,
    parts: Sequence[Part],
    quality: Mapping[str, Any],
    *,
    today: date,
    progress: Progress = lambda _done, _total: None,
) -> Judgement:
    """Judge the candidate beside the simple model and the naive guess.

    `quality` is what `validate` found of each raw table. On a part of the data (`data.rows`) only
    the floors judge, since the gates need enough rows. Raises UserError if a setting names a metric
    or a column that does not exist.
    """
    evaluation = settings.evaluation
    metrics = check_metrics(project, evaluation)
    predictions = pl.concat(predict(project, part, evaluation.slices) for part in parts)
    main = main_metric(project, evaluation)
    judges = [(part.candidate, part.judged) for part in parts]
    with threadpool_limits(1, "blas"):  # so small matrices only wait for a second thread
        scores = evaluate(project.task, predictions, evaluation, metrics)
        progress(1, STEPS)
        losses = importance(judges, main, evaluation.seed)
    progress(2, STEPS)
    verdicts = gate.against_floors(missed(scores, evaluation, metrics))
    ageing: dict[str, Any] = {}
    if not settings.data.rows:
        verdicts += gate.for_data(quality)
        verdicts += _gates(project, settings, predictions, losses, parts)
        progress(3, STEPS)
        ageing = _ageing(project, settings, parts)
    verdicts = gate.waived(verdicts, settings.waivers, today)
    unlabelled = sum(part.judged.unlabelled for part in parts)
    whole = not settings.data.rows
    return Judgement(predictions, scores, verdicts, losses, ageing, unlabelled, whole)


def predict(project: Project, part: Part, slices: list[str]) -> pl.DataFrame:
    """What is said of each example, beside its label, its month if it has one, and its slices."""
    examples = part.judged.examples
    months = [project.month.alias("month")] if project.time else []
    predictions = examples.select(
        pl.struct(project.key).alias("example"),
        *months,
        part.judged.label.alias("label"),
        part.candidate.predict(examples).alias("model"),
        part.simple.predict(examples).alias("baseline"),
        naive(project, part).alias("naive"),
    )
    return predictions.hstack(slice_columns(project, examples, slices))


def naive(project: Project, part: Part) -> pl.Series:
    """What one would guess without any feature, shape (rows,): the mean, or how often each is so.

    Of a forecast, which has its time in its key, the last value of the same series.
    """
    rows = part.judged.examples
    guess = project.task.naive(part.learnt.label).new_from_index(0, len(rows))
    key, time = project.examples.primary_key(), project.time
    if project.task.has_probabilities or time is None or time not in key:
        return guess
    series = [name for name in key if name != time]
    last = pl.col(project.label).cast(pl.Float64).forward_fill().shift(1)
    both = pl.concat(
        [part.learnt.examples.select(*key, project.label), rows.select(*key, project.label)]
    )
    known = both.sort(time).select(*key, last=last.over(series) if series else last)
    return rows.join(known, on=key, how="left", maintain_order="left")["last"].fill_null(guess)


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


def _gates(
    project: Project,
    settings: Settings,
    predictions: pl.DataFrame,
    losses: dict[str, Difference],
    parts: Sequence[Part],
) -> list[gate.Verdict]:
    """The verdicts of all gates; the baseline as the model has to beat the naive guess."""
    metric, limits = main_metric(project, settings.evaluation), settings.gates
    task, label, naive = project.task, predictions["label"], predictions["naive"]
    simple = "naive" if settings.model == settings.baseline else "baseline"
    gain = difference(task, label, predictions["model"], predictions[simple], metric)
    scale = gate.scale(task, metric, label, naive)
    verdicts = [
        *gate.against_simple(simple, gain, metric, scale, limits),
        *gate.for_features(losses, metric, scale, limits),
    ]
    of_first = predictions.head(len(parts[0].judged.label))
    verdicts += against_leaks(project, parts[0].learnt, parts[0].judged, of_first, limits)
    if len(parts) == 1:  # folds differ by chance only
        learnt, judged = parts[0].learnt.examples, parts[0].judged.examples
        verdicts += gate.against_shift(project, learnt, judged, limits)
    return verdicts


def _ageing(project: Project, settings: Settings, parts: Sequence[Part]) -> dict[str, Any]:
    """How models of the project age; nothing is known of that without a time."""
    if project.time is None:
        return {}
    some = parts[0]
    both = pl.concat([some.learnt.examples, some.judged.examples])
    metric = main_metric(project, settings.evaluation)
    return staleness(project, both, learner(project, settings.model), settings.staleness, metric)
