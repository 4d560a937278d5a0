"""Models as they are fitted, ready to predict."""

import polars as pl

from keel.data.split import Labelled
from keel.model.choice import learner
from keel.model.inputs import Categories, categories, model_inputs
from keel.model.predictor import Predictor
from keel.project.description import Project
from keel.project.settings import Choice


def inputs_of(project: Project, learnt: Labelled) -> tuple[pl.DataFrame, Categories]:
    """What models learn from, shape (rows, features), and the categories in it."""
    known = categories(project.features, learnt.examples)
    return model_inputs(project.features, learnt.examples, known), known


def fit(project: Project, choice: Choice, learnt: Labelled, place: str = "model.") -> Predictor:
    """The model that the settings at `place` choose, fitted without a word."""
    inputs, known = inputs_of(project, learnt)
    model = learner(project, choice, place).fit(inputs, learnt.label, lambda _done, _of: None)
    return Predictor(model, project.features, known, project.task)
