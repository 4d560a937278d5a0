"""Fit the chosen model and the baseline on the training examples."""

from pathlib import Path

import polars as pl

from keel.data.periods import Period, training
from keel.data.store import Store
from keel.model.choice import learner
from keel.model.inputs import categories, check_rows_alone, model_inputs
from keel.model.passport import passport
from keel.model.predictor import load
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.learning import Model
from keel.project.settings import Choice, Split
from keel.show.progress import bar

ROWS = 1000  # are compared: a mistake in features or categories shows in few
TOLERANCE = 1e-9  # what writing numbers as text may cost


def run(
    store: Store, project: Project, *, split: Split, model: Choice, baseline: Choice
) -> dict[str, object]:
    """Store both models and the passport; returns how many rows they learnt from."""
    period = training(store.read_table(store.examples), project, split)
    known = categories(project.features, period.examples)
    inputs = model_inputs(project.features, period.examples, known)
    some = slice(None, None, max(2, len(inputs) // ROWS))
    check_rows_alone(project.features, period.examples[some], inputs[some], known)
    choices = {store.baseline: (baseline, "baseline."), store.model: (model, "model.")}
    fitted = {}
    for path, (choice, place) in choices.items():
        with bar(choice.name) as progress:
            fitted[path] = learner(project, choice, place).fit(inputs, period.label, progress)
    for path, learnt in fitted.items():
        store.write_text(path, learnt.to_text())
    settings = {
        "split": split.model_dump(mode="json"),
        "model": model.model_dump(),
        "baseline": baseline.model_dump(),
    }
    described = passport(store, project, period, inputs, known, settings)
    store.write_json(store.passport, described)
    for path, (choice, _) in choices.items():
        _compare(store, project, choice, path, fitted=fitted[path], period=period, inputs=inputs)
    return {"model": model.name, "rows": len(inputs), "features": inputs.width}


def _compare(  # noqa: PLR0913 -- a model as it was fitted, and as it is stored
    store: Store,
    project: Project,
    choice: Choice,
    path: Path,
    *,
    fitted: Model,
    period: Period,
    inputs: pl.DataFrame,
) -> None:
    """Raise UserError if what is stored predicts otherwise than what was fitted."""
    some = slice(None, None, max(1, len(inputs) // ROWS))
    stored = load(store, project, choice, path).probability(period.examples[some]).to_numpy()
    worst = float(abs(stored - fitted.predict(inputs[some])).max())
    if worst > TOLERANCE:
        raise UserError(
            f"{store.name(path)} predicts otherwise than the model that was fitted, by up to "
            f"{worst:.2g}: does the model {choice.name} save all that it learnt?"
        )
