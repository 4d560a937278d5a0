"""Models as they are fitted, ready to predict."""

import numpy as np
import polars as pl

from keel.data.split import Labelled, held_out
from keel.model.choice import learner
from keel.model.inputs import Categories, categories, model_inputs
from keel.model.predictor import Predictor
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Choice, Split
from keel.project.task import Number


def inputs_of(project: Project, learnt: Labelled) -> tuple[pl.DataFrame, Categories]:
    """What models learn from, shape (rows, features), and the categories in it."""
    known = categories(project.features, learnt.examples)
    return model_inputs(project.features, learnt.examples, known), known


def fit(project: Project, learnt: Labelled, *choices: Choice) -> list[Predictor]:
    """The models that the settings choose, fitted without a word."""
    inputs, known = inputs_of(project, learnt)
    models = [
        learner(project, choice).fit(inputs, learnt.label, lambda _done, _of: None)
        for choice in choices
    ]
    return [Predictor(model, project.features, known, project.task) for model in models]


def interval(
    project: Project, choice: Choice, learnt: Labelled, split: Split, wanted: float
) -> dict[str, float]:
    """How far the truth lies from a predicted number, at most, in so large a share of the rows.

    A model that learnt from four fifths is asked about the fifth that it has not seen; of how far
    it was off, the quantile counts that holds for one row more. Source: Lei et al.,
    Distribution-free predictive inference for regression, 2018. Raises UserError if there are too
    few rows for such a share, or it is no number that is predicted.
    """
    if not isinstance(project.task, Number):
        raise UserError(
            f"interval is {wanted}: set it to null in conf/config.yaml, since a probability says "
            f"itself how sure it is; {project.label} is {project.task.kind}"
        )
    most, rest = held_out(learnt, project, split)
    (model,) = fit(project, most, choice)
    predicted = model.predict(rest.examples).to_numpy()
    off = np.sort(np.abs(rest.label.to_numpy() - predicted))
    place = int(np.ceil((len(off) + 1) * wanted))
    if place > len(off):
        raise UserError(
            f"interval is {wanted}: {len(off)} rows are too few to tell it: set a smaller one, or "
            "null, in conf/config.yaml"
        )
    return {"share": wanted, "reach": float(off[place - 1])}
