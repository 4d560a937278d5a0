# Keel keeps this file up to date.
"""Fit the chosen model and the baseline on the training examples."""

from pathlib import Path

import polars as pl

from ..models import Model
from ..settings import Choice, Split
from .configuration import learner
from .errors import UserError
from .inputs import Period, categories, model_inputs, training
from .passport import passport
from .predictor import load
from .progress import bar
from .store import Store

ROWS = 1000  # are compared: a mistake in features or categories shows in few
TOLERANCE = 1e-9  # what writing numbers as text may cost


def run(store: Store, *, split: Split, model: Choice, baseline: Choice) -> dict[str, object]:
    """Store both models and the passport; returns how many rows they learnt from."""
    period = training(store, split)
    known = categories(period.examples)
    inputs = model_inputs(period.examples, known)
    fitted = {}
    for choice, path, place in (
        (baseline, store.baseline, "baseline."),
        (model, store.model, "model."),
    ):
        with bar(choice.name) as progress:
            fitted[path] = learner(choice, place).fit(inputs, period.label, progress)
    for path, one in fitted.items():
        store.write_text(path, one.to_text())
    settings = {
        "split": split.model_dump(mode="json"),
        "model": model.model_dump(),
        "baseline": baseline.model_dump(),
    }
    store.write_json(store.passport, passport(store, period, inputs, known, settings))
    for choice, path in ((baseline, store.baseline), (model, store.model)):
        _compare(choice, path, fitted[path], period, inputs, store)
    return {"model": model.name, "rows": len(inputs), "features": inputs.width}


def _compare(
    choice: Choice, path: Path, fitted: Model, period: Period, inputs: pl.DataFrame, store: Store
) -> None:
    """Raise UserError if what is stored predicts otherwise than what was fitted."""
    some = slice(None, None, max(1, len(inputs) // ROWS))
    stored = load(store, choice, path).probability(period.examples[some]).to_numpy()
    worst = float(abs(stored - fitted.predict(inputs[some])).max())
    if worst > TOLERANCE:
        raise UserError(
            f"{store.name(path)} predicts otherwise than the model that was fitted, by up to "
            f"{worst:.2g}: features have other values or categories there than in training, or "
            f"models/{choice.name}.py does not save all of the model"
        )
