"""The model that the settings choose, with settings of its own."""

from pydantic import ValidationError

from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.learning import Learner
from keel.project.settings import Choice, sentences


def learner(project: Project, choice: Choice, place: str = "model.") -> Learner:
    """The model that the settings name. Raises UserError if there is none, or they don't fit it."""
    if choice.name not in project.models:
        raise UserError(
            f"{place}name is {choice.name!r}: the models of the project are "
            f"{', '.join(project.models)}"
        )
    settings = project.models[choice.name]
    try:
        return settings(**choice.model_extra or {})
    except ValidationError as error:
        raise UserError(sentences(error, place, settings)) from error
