"""What a model looks at."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from keel.data.split import Labelled
from keel.judge.chance import Difference, gain
from keel.judge.metrics.sample import Sample
from keel.model.predictor import Predictor
from keel.project.metric import Metric

ROWS = 10_000  # at random: enough to rank features, and quick with any number of rows


def importance(
    parts: Sequence[tuple[Predictor, Labelled]], metric: Metric, seed: int
) -> dict[str, Difference]:
    """How much worse the model is when a feature's values are shuffled, worst first.

    Each part is a model and the examples that judge it. A feature that another one can replace
    loses little. Source: Breiman, Random Forests, 2001.
    """
    some = [_some(predictor, rows, ROWS // len(parts), seed) for predictor, rows in parts]
    label = pl.concat(rows for _, _, rows in some)
    whole = pl.concat(predictor.predict_inputs(inputs) for predictor, inputs, _ in some)
    task = parts[0][0].task
    judged = Sample(task, label, whole)
    lost = {}
    for name in some[0][1].columns:
        without = pl.concat(
            predictor.predict_inputs(_shuffled(inputs, name, seed)) for predictor, inputs, _ in some
        )
        lost[name] = gain(judged, Sample(task, label, without), metric, seed)
    return dict(sorted(lost.items(), key=lambda item: -item[1].value))


def _some(
    predictor: Predictor, rows: Labelled, most: int, seed: int
) -> tuple[Predictor, pl.DataFrame, pl.Series]:
    """The model, with what it is asked and what came out of some examples."""
    order = np.random.default_rng(seed).permutation(len(rows.examples))[:most]
    return predictor, predictor.inputs(rows.examples[order]), rows.label[order]


def _shuffled(inputs: pl.DataFrame, name: str, seed: int) -> pl.DataFrame:
    order = np.random.default_rng(seed).permutation(len(inputs))
    return inputs.with_columns(inputs[name].gather(order))
