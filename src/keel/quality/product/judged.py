"""What the reports of runs and of monitoring say of the model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isnan, nan
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, BeforeValidator, Field

from keel.data.store import Store
from keel.judge.gates import Verdict
from keel.quality.budgets import events
from keel.quality.records.documents import Files
from keel.quality.records.tracked import versions

SCORES, IN_USE = "reports/slices.csv", "reports/in-use.csv"
METRICS_FILE, GATES, AGEING = "reports/metrics.json", "reports/gates.json", "reports/staleness.json"
RUN, MONITOR = "uv run keel run", "uv run keel monitor"
Number = Annotated[float, BeforeValidator(lambda value: nan if value in ("", None) else value)]
Scores = Mapping[str, float]  # by metric


class Row(BaseModel):
    """The score of a metric on some rows, as evaluation and monitoring write it; NaN for none."""

    slice: str
    value: str
    rows: int
    metric: str
    score: Number
    low: Number
    high: Number
    model: str = "model"
    month: str = ""

    def __str__(self) -> str:
        interval = "" if isnan(self.low + self.high) else f" ({self.low:.3f} to {self.high:.3f})"
        return f"{self.score:.3f}{interval}"

    @property
    def group(self) -> str:
        return f"{self.slice} {self.value}"


class Judging(BaseModel):
    """How a run was to judge, as `settings.yaml` says."""

    metrics: list[str] = []  # the first decides; none for all
    floors: dict[str, float] = {}
    slice_floors: dict[str, float] = {}
    smallest_slice: int = 1


class Composed(BaseModel):
    """The part of `settings.yaml` that matters here."""

    evaluation: Judging = Judging()


class Passport(BaseModel):
    """Up to which day a model has learnt; None where its examples have no time."""

    learnt: date | None = Field(validation_alias=AliasPath("training", "to"))


class Ageing(BaseModel):
    """After how many months evaluation found that a model should be trained again."""

    retrain_after: int | None = None


@dataclass(frozen=True)
class Facts:
    """What the files say; what has no file is empty, what is broken is in `wrong`."""

    judging: Judging = field(default_factory=Judging)
    scores: Sequence[Row] = ()
    used: Sequence[Row] = ()
    verdicts: Sequence[Verdict] = ()
    passport: Passport | None = None
    ageing: Ageing = field(default_factory=Ageing)
    last_day: date | None = None  # of its use
    past: Sequence[tuple[date, Scores]] = ()  # as they were committed
    wrong: Mapping[str, str] = field(default_factory=dict)  # by file


def gather(root: Path, now: datetime) -> Facts:
    """Read the files; one that is broken does not keep the others from being read."""
    files = Files(root)
    folder = "champion" if Store(root, root).has_champion else "model"
    composed = files.report("settings.yaml", Composed, RUN) or Composed()
    used = events.read(root, events.Source(indicator="valid_predictions")).days
    return Facts(
        composed.evaluation,
        files.report(SCORES, list[Row], RUN) or (),
        files.report(IN_USE, list[Row], MONITOR) or (),
        files.report(GATES, list[Verdict], RUN) or (),
        files.report(f"{folder}/passport.json", Passport, RUN),
        files.report(AGEING, Ageing, RUN) or Ageing(),
        max(used, default=None),
        [(day, _scores(text)) for day, text in versions(root, METRICS_FILE, now.date())],
        files.wrong,
    )


def _scores(text: str) -> Scores:
    try:
        content: Any = json.loads(text)
    except ValueError:
        return {}
    numbers = content.items() if isinstance(content, dict) else ()
    return {name: value for name, value in numbers if isinstance(value, int | float)}
