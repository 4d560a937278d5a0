# Keel keeps this file up to date.
"""What a model looks at."""

import numpy as np
import polars as pl

from ..evaluation import auc, tally
from ..models import Model
from .inputs import Period
from .predictor import Predictor

ROWS = 10_000  # evenly spread: enough to rank features, and quick with any number of rows


def importance(predictor: Predictor, period: Period, seed: int) -> dict[str, float]:
    """How much AUC the model loses when a feature's values are shuffled, greatest first.

    A feature that another one can replace loses little. Source: Breiman, Random Forests, 2001.
    """
    step = max(1, len(period.examples) // ROWS)
    inputs = predictor.inputs(period.examples.gather_every(step))
    label = period.label.gather_every(step)
    whole = _auc(predictor.model, inputs, label)
    order = np.random.default_rng(seed).permutation(len(inputs))
    lost = {
        name: whole - _auc(predictor.model, inputs.with_columns(inputs[name].gather(order)), label)
        for name in inputs.columns
    }
    return dict(sorted(lost.items(), key=lambda item: -item[1]))


def _auc(model: Model, inputs: pl.DataFrame, label: pl.Series) -> float:
    return float(auc(tally(label, pl.Series(model.predict(inputs))))[0])
