# Keel keeps this file up to date.
"""Judge the model on the test examples, write the report, and refuse a model below its floors."""

import polars as pl

from ..evaluation import METRICS, Score, evaluate, missed
from ..examples import LABEL, TIME, ZONE
from ..features import features
from ..settings import Choice, Evaluation, Split
from .errors import UserError
from .importance import importance
from .inputs import test
from .predictor import load
from .report import Findings, write_report
from .store import Store

RESERVED = ("month", "label", "model", "baseline")


class RefusedError(UserError):
    """The model misses a floor."""


def run(
    store: Store, *, split: Split, model: Choice, baseline: Choice, evaluation: Evaluation
) -> dict[str, object]:
    """Store predictions, scores and report; returns the model's scores.

    Raises UserError if a setting names a metric or column that does not exist. Raises
    RefusedError, when all is written, if the model misses a floor.
    """
    _check_metrics(evaluation)
    period = test(store, split)
    candidate = load(store, model, store.model)
    simple = load(store, baseline, store.baseline)
    predictions = period.examples.select(
        pl.col(TIME).dt.convert_time_zone(ZONE).dt.strftime("%Y-%m").alias("month"),
        pl.col(LABEL).alias("label"),
        candidate.probability(period.examples).alias("model"),
        simple.probability(period.examples).alias("baseline"),
    )
    predictions = predictions.hstack(slice_columns(period.examples, evaluation.slices))

    scores = evaluate(predictions, evaluation)
    failures = missed(scores, evaluation)
    store.write_table(store.predictions, predictions)
    metrics = headline(scores, "model")
    baseline_metrics = headline(scores, "baseline")
    store.write_json(store.report("metrics.json"), {**metrics, "baseline": baseline_metrics})
    write_report(
        store,
        Findings(
            predictions=predictions,
            scores=scores,
            missed=failures,
            importance=importance(candidate, period, evaluation.seed),
            smallest_slice=evaluation.smallest_slice,
            unlabelled=period.unlabelled,
            passport=store.read_json(store.passport),
        ),
    )
    if failures:
        raise RefusedError(
            "the model is refused:\n  " + "\n  ".join(failures) + "\nreports/report.html shows "
            "where it is weak. Mend the model, or lower the floor in conf/ and say why"
        )
    return dict(metrics)


def slice_columns(examples: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The columns to slice by, each of the examples or a feature."""
    derived = features(examples.lazy()).collect()
    for name in names:
        if name not in [*examples.columns, *derived.columns] or name in RESERVED:
            raise UserError(
                f"evaluation.slices has {name!r}, which is neither a column of the examples "
                f"({', '.join(examples.columns)}) nor another feature "
                f"({', '.join(sorted(set(derived.columns) - set(examples.columns)))})"
            )
        values = (examples if name in examples.columns else derived)[name].n_unique()
        if values > 200:
            raise UserError(
                f"evaluation.slices has {name!r}, which has {values:,} values, not 200 at most"
            )
    return pl.DataFrame(
        {name: (examples if name in examples.columns else derived)[name] for name in names}
    )


def headline(scores: list[Score], model: str) -> dict[str, float | None]:
    """Each metric over all rows: what DVC compares."""
    return {
        score.metric: score.score
        for score in scores
        if score.slice == "all" and score.model == model
    }


def _check_metrics(settings: Evaluation) -> None:
    for key in ("floors", "slice_floors"):
        for name in getattr(settings, key):
            if name not in METRICS:
                raise UserError(
                    f"evaluation.{key} names {name!r}: the metrics are {', '.join(METRICS)}"
                )
