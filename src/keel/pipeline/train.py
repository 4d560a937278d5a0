"""Fit the chosen model and the baseline on the training examples."""

from pathlib import Path

import polars as pl

from keel.data.split import training
from keel.data.store import Store
from keel.model import fitting
from keel.model.choice import learner
from keel.model.inputs import check_rows_alone
from keel.model.passport import code_version, passport
from keel.model.predictor import load
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Choice, Split
from keel.show.progress import bar

ROWS = 1000  # are compared: a mistake in features or categories shows in few
TOLERANCE = 1e-9  # what writing numbers as text may cost, as a share


def run(
    store: Store,
    project: Project,
    *,
    split: Split,
    model: Choice,
    baseline: Choice,
    interval: float | None = None,
) -> dict[str, object]:
    """Store both models and the passport; returns how many rows they learnt from."""
    code = code_version(store.repository)  # as it is now: who edits it meanwhile changes no model
    learnt = training(store.read_table(store.examples), project, split)
    inputs, known = fitting.inputs_of(project, learnt)
    some = slice(None, None, max(2, len(inputs) // ROWS))
    check_rows_alone(project.features, learnt.examples, inputs, known)
    choices = {store.baseline: (baseline, "baseline."), store.model: (model, "model.")}
    fitted = {}
    for path, (choice, place) in choices.items():
        with bar(choice.name) as progress:
            fitted[path] = learner(project, choice, place).fit(inputs, learnt.label, progress)
    for path, fit in fitted.items():
        store.write_text(path, fit.to_text())
    settings = {
        "split": split.model_dump(mode="json", exclude_none=True),
        "model": model.model_dump(),
        "baseline": baseline.model_dump(),
    }
    described = passport(store, project, learnt, inputs, known, settings, code=code)
    if interval is not None:
        described["interval"] = fitting.interval(project, model, learnt, split, interval)
    store.write_json(store.passport, described)
    for path, (choice, _) in choices.items():
        expected = project.task.predictions(fitted[path].predict(inputs[some]))
        _compare(store, project, choice, path, expected, learnt.examples[some])
    return {"model": model.name, "rows": len(inputs), "features": inputs.width}


def _compare(
    store: Store,
    project: Project,
    choice: Choice,
    path: Path,
    expected: pl.Series,
    examples: pl.DataFrame,
) -> None:
    """Raise UserError if what is stored predicts otherwise than what was fitted."""
    stored = load(store, project, choice, path).predict(examples).to_numpy()
    wanted = expected.to_numpy()
    scale = max(1.0, float(abs(wanted).max()))
    worst = float(abs(stored - wanted).max())
    if worst > TOLERANCE * scale:
        raise UserError(
            f"{store.name(path)} predicts otherwise than the model that was fitted, by up to "
            f"{worst:.2g}: does the model {choice.name} save all that it learnt?"
        )
