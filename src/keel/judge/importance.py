"""What a model looks at."""

import numpy as np
import polars as pl

from keel.data.periods import Period
from keel.judge.chance import Difference, difference
from keel.model.predictor import Predictor
from keel.project.metric import Metric

ROWS = 10_000  # at random: enough to rank features, and quick with any number of rows


def importance(
    predictor: Predictor, period: Period, metric: Metric, seed: int
) -> dict[str, Difference]:
    """How much worse the model is when a feature's values are shuffled, worst first.

    A feature that another one can replace loses little. Source: Breiman, Random Forests, 2001.
    """
    some = period.examples.sample(min(ROWS, len(period.examples)), seed=seed)
    inputs, label = predictor.inputs(some), some[period.label.name]
    whole = pl.Series(predictor.model.predict(inputs))
    order = np.random.default_rng(seed).permutation(len(inputs))
    lost = {}
    for name in inputs.columns:
        shuffled = inputs.with_columns(inputs[name].gather(order))
        without = pl.Series(predictor.model.predict(shuffled))
        lost[name] = difference(label, whole, without, metric, seed=seed)
    return dict(sorted(lost.items(), key=lambda item: -item[1].value))
