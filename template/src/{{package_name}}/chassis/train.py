# Keel keeps this file up to date.
"""Fit the chosen model and the baseline on the training examples."""

from ..settings import Choice, Split
from .configuration import learner
from .inputs import categories, model_inputs, training
from .passport import passport
from .progress import bar
from .store import Store


def run(store: Store, *, split: Split, model: Choice, baseline: Choice) -> dict[str, object]:
    """Store both models and the passport; returns how many rows they learnt from."""
    period = training(store, split)
    known = categories(period.examples)
    inputs = model_inputs(period.examples, known)
    texts = {}
    for choice, path, place in (
        (baseline, store.baseline, "baseline."),
        (model, store.model, "model."),
    ):
        with bar(choice.name) as progress:
            fitted = learner(choice, place).fit(inputs, period.label, progress)
        texts[path] = fitted.to_text()
    for path, text in texts.items():
        store.write_text(path, text)
    settings = {
        "split": split.model_dump(mode="json"),
        "model": model.model_dump(),
        "baseline": baseline.model_dump(),
    }
    store.write_json(store.passport, passport(store, period, inputs, known, settings))
    return {"model": model.name, "rows": len(inputs), "features": inputs.width}
