"""The type and the range of every setting. The values stand in `conf/`, and only there."""

from datetime import date
from typing import Annotated

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import BaseModel, ConfigDict

Share = Annotated[float, Ge(0), Le(1)]


class Section(BaseModel):
    """A part of the settings: it can't change, and an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(Section):
    """Where the raw tables come from, and how many broken rows are tolerated."""

    source: Annotated[str, MinLen(1)]
    nulls: list[str]
    rows: dict[str, Annotated[int, Gt(0)]]
    tolerated: Share


class Split(Section):
    """Examples before this day train the model, the others test it."""

    test_from: date


class Choice(BaseModel):
    """A model by its name; the module `models/<name>.py` knows the type of the rest."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Annotated[str, MinLen(1)]


class Evaluation(Section):
    """How the model is judged."""

    slices: list[str]
    smallest_slice: Annotated[int, Gt(0)]
    resamples: Annotated[int, Ge(20)]
    seed: Annotated[int, Ge(0)]
    floors: dict[str, float]
    slice_floors: dict[str, float]


class Settings(Section):
    """All settings."""

    data: Data
    split: Split
    model: Choice
    baseline: Choice
    evaluation: Evaluation
