"""The type and the range of every setting of the pipeline. The values stand in `conf/`.

What came with a later Keel has its usual value here, since no update touches `conf/`;
`settings.yaml` records what a run used.
"""

import codecs
import difflib
from datetime import date
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from keel.project.errors import UserError, reason

Share = Annotated[float, Ge(0), Le(1)]
LONGEST = 50  # letters of a wrong value that are shown
NotNegative = Annotated[float, Ge(0)]


class Section(BaseModel):
    """A part of the settings: it can't change, and an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(Section):
    """Where the raw tables come from, and how many broken rows are tolerated."""

    source: Annotated[str, MinLen(1)]
    nulls: list[str]
    rows: dict[str, Annotated[int, Gt(0)]]
    tolerated: Share
    names: dict[str, str] = {}  # what the file calls a column, and what it is called here
    # How CSV files are written:
    separator: Annotated[str, MinLen(1), MaxLen(1)] = ","  # what stands between columns
    encoding: str = "utf8"  # such as latin1 or utf16
    decimal_comma: bool = False  # whether a number is written as 12,5
    thousands: Annotated[str, MaxLen(1)] = ""  # what separates thousands, as in 1.234 or 1 234
    blanks: bool = False  # whether blanks around names and values are taken away

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise ValueError(f"{encoding} is no encoding: such as utf8, latin1 or utf16") from error
        return encoding


TAKES = {
    "time": "test_from: 2025-01-01",
    "key": "test_share: 0.2 or folds: 5",
    "group": "column: customer and test_share: 0.2 or folds: 5",
}


class Split(Section):
    """Which examples train the model, and which test it.

    By time: those from the day `test_from` on test it. By key or by group: a share `test_share` of
    the keys, or of the values of `column`, drawn by their hash; or, for small data, each of `folds`
    parts is tested by models of all others.
    """

    by: Literal["time", "key", "group"] = "time"  # what decides on which side an example is
    test_from: date | None = None  # by time: the first day to test
    column: str | None = None  # by group: of the examples, such as `customer`
    test_share: Annotated[float, Gt(0), Lt(1)] | None = None  # of keys or groups that test
    folds: Annotated[int, Ge(2), Le(20)] | None = None  # in place of `test_share`

    @model_validator(mode="after")
    def _fits(self) -> Self:
        share = "folds" if self.folds else "test_share"
        needed = {"test_from"} if self.by == "time" else {share}
        needed |= {"column"} if self.by == "group" else set()
        given = {name for name in self.model_fields_set - {"by"} if getattr(self, name) is not None}
        if given != needed:
            raise ValueError(f"by: {self.by} takes {TAKES[self.by]}, and nothing else")
        return self


class Choice(BaseModel):
    """A model by its name in `Project.models`, whose settings know the type of the rest."""

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
    metrics: list[str] = []  # the first decides; without any, all of the task and of the project
    # Who agreed that a model which reaches the floors is good enough, and when; None if nobody did.
    agreed_by: Annotated[str, MinLen(1)] | None = None

    @model_validator(mode="after")
    def _agreed_on_something(self) -> Self:
        if self.agreed_by and not self.floors:
            raise ValueError("give floors what was agreed on, or set agreed_by to null")
        return self


class Gates(Section):
    """What a model may miss, beside its floors; None switches a gate off."""

    # Of the first metric; where lower is better, as a share of what the naive guess scores.
    better_than_baseline: float | None = 0.0
    feature_loss: float | None = 0.0005
    leak: NotNegative | None = 0.98  # of what can be told: what a feature may tell alone
    psi: NotNegative | None = 1.0
    same: NotNegative | None = 0.3
    nulls: NotNegative | None = 0.1
    unseen: NotNegative | None = 0.05
    gap: Annotated[int, Ge(0)] | None = 7


class Staleness(Section):
    """How the ageing of a model is measured."""

    months: Annotated[int, Gt(0)] = 3  # that a model learns from
    rows: Annotated[int, Gt(0)] = 10_000  # of these months, evenly spread: ageing shows in few
    # Of the first metric, after which to train again; where lower is better, a share of what the
    # naive guess scores.
    loss: Annotated[float, Gt(0)] = 0.02


class Waiver(Section):
    """Why a gate may be missed, who answers for that, and until which day."""

    why: Annotated[str, MinLen(1)]
    owner: Annotated[str, MinLen(1)]
    until: date


class Settings(Section):
    """All settings."""

    data: Data
    split: Split
    model: Choice
    baseline: Choice
    evaluation: Evaluation
    # Of a predicted number: the share of rows in which the truth shall lie in the interval around
    # it; None asks for no interval.
    interval: Annotated[float, Gt(0), Lt(1)] | None = None
    gates: Gates = Gates()
    staleness: Staleness = Staleness()
    waivers: dict[str, Waiver] = Field(default_factory=dict)
    code: dict[str, str] = Field(default_factory=dict)  # a digest of Keel's code behind each stage


def from_yaml(kind: Any, file: Any) -> Any:  # a path, or what can be read like one
    """What a file of `conf/` holds, as its type; nothing where it is missing.

    Raises UserError that names each wrong setting.
    """
    import yaml  # most runs need it late, or not at all

    place = f"conf/{file.name}"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return TypeAdapter(kind).validate_python(content or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{place} is not YAML: {reason(error)}") from error
    except ValidationError as error:
        raise UserError(sentences(error, f"{place}: ", kind)) from error


def sentences(error: ValidationError, place: str, settings: object = None) -> str:
    """One line for each wrong setting: its name, its value and what is allowed.

    `settings` is the type that they break, to name those that there are.
    """
    lines = []
    for problem in error.errors():
        name = place + ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing":
            lines.append(f"{name} is missing: give it a value in conf/")
        elif problem["type"] == "extra_forbidden":
            lines.append(f"{name} is not a setting: {_cure(name, problem['loc'], settings)}")
        else:
            own = problem["type"] == "value_error"  # a sentence of Keel's or of a project's
            allowed = str(problem["ctx"]["error"]) if own else problem["msg"].lower()
            if problem["type"] in ("dict_type", "model_type", "dataclass_type"):
                allowed = "write names with values, as `name: value`"
            lines.append(f"{name.removesuffix(': ')} is {_shown(problem['input'])}: {allowed}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    """The value, or of a long one how it begins and ends."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]}…{text[-1]}"


def _cure(name: str, place: tuple[int | str, ...], settings: object) -> str:
    """What may have been meant, of the settings beside it."""
    for part in place[:-1]:
        field = getattr(settings, "model_fields", {}).get(part)
        settings = field and field.annotation
    beside = list(getattr(settings, "model_fields", {}))
    section = name.removesuffix(str(place[-1]))
    if near := difflib.get_close_matches(str(place[-1]), beside, 1):
        return f"did you mean {section}{near[0]}?"
    if beside:
        return f"take it out; there are {', '.join(section + known for known in beside)}"
    return "take it out, or see how it is written"
