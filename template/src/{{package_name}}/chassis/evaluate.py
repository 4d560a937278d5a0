# Keel keeps this file up to date.
"""Judge the model on the test examples, write the report, and refuse one that misses a gate."""

from datetime import date
from typing import Any

import polars as pl

from ..evaluation import METRICS, Score, evaluate, missed
from ..examples import LABEL, TIME, ZONE, Examples
from ..features import features
from ..settings import Choice, Data, Evaluation, Split
from .chance import Difference, difference
from .configuration import learner
from .errors import RefusedError as RefusedError  # noqa: PLC0414 -- for who imports it from here
from .errors import UserError
from .gates import (
    Verdict,
    Waivers,
    against_baseline,
    against_floors,
    against_shift,
    for_features,
    waived,
)
from .importance import importance
from .inputs import Period, test, training
from .predictor import load
from .report import Findings, write_report
from .settings import Gates, Staleness
from .staleness import staleness as measured
from .store import Store

RESERVED = ("month", "label", "model", "baseline", "example", "champion")


def run(  # noqa: PLR0913 -- one for each part of the settings
    store: Store,
    *,
    split: Split,
    model: Choice,
    baseline: Choice,
    evaluation: Evaluation,
    data: Data | None = None,
    gates: Gates | None = None,
    staleness: Staleness | None = None,
    waivers: Waivers | None = None,
) -> dict[str, object]:
    """Store predictions, scores and report; returns the model's scores.

    On a part of the data (`data.rows`) only the floors judge, since the gates need enough rows.

    Raises UserError if a setting names a metric or column that does not exist. Raises
    RefusedError, when all is written, if the model misses a gate that is not waived.
    """
    _check_metrics(evaluation)
    whole = data is not None and not data.rows
    period = test(store, split)
    candidate = load(store, model, store.model)
    simple = load(store, baseline, store.baseline)
    predictions = period.examples.select(
        pl.struct(Examples.primary_key() or Examples.column_names()).alias("example"),
        pl.col(TIME).dt.convert_time_zone(ZONE).dt.strftime("%Y-%m").alias("month"),
        pl.col(LABEL).alias("label"),
        candidate.probability(period.examples).alias("model"),
        simple.probability(period.examples).alias("baseline"),
    )
    predictions = predictions.hstack(slice_columns(period.examples, evaluation.slices))

    scores = evaluate(predictions, evaluation)
    losses = importance(candidate, period, evaluation.seed)
    verdicts = against_floors(missed(scores, evaluation))
    aged: dict[str, Any] = {}
    if whole:
        learnt = training(store, split)
        if gates:
            verdicts += judge(gates, predictions, losses, learnt, period, same=model == baseline)
        if staleness:
            both = pl.concat([learnt.examples, period.examples])
            aged = measured(both, learner(model), staleness)
    verdicts = waived(verdicts, waivers or {}, date.today())  # noqa: DTZ011 -- the day here

    store.write_table(store.predictions, predictions)
    metrics = headline(scores, "model")
    baseline_metrics = headline(scores, "baseline")
    failures = [verdict for verdict in verdicts if verdict.refused]
    counted = {**metrics, "baseline": baseline_metrics, "refusals": len(failures)}
    store.write_json(store.report("metrics.json"), counted)
    store.write_json(store.report("gates.json"), [verdict.as_json() for verdict in verdicts])
    store.write_json(store.report("staleness.json"), aged)
    write_report(
        store,
        Findings(
            predictions=predictions,
            scores=scores,
            verdicts=verdicts,
            importance=losses,
            staleness=aged,
            smallest_slice=evaluation.smallest_slice,
            unlabelled=period.unlabelled,
            passport=store.read_json(store.passport),
        ),
    )
    if failures:
        raise RefusedError([f"{one.gate}: {one.sentence}" for one in failures])
    return dict(metrics)


def judge(
    gates: Gates,
    predictions: pl.DataFrame,
    losses: dict[str, Difference],
    learnt: Period,
    period: Period,
    *,
    same: bool,
) -> list[Verdict]:
    """The verdicts of all gates; a model that is the `same` as the baseline need not beat it."""
    gain = difference(predictions["label"], predictions["model"], predictions["baseline"])
    return [
        *([] if same else against_baseline(gain, gates)),
        *for_features(losses, gates),
        *against_shift(learnt.examples, period.examples, gates),
    ]


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
