"""What is here of the model in use and its training data; on a server there may be little."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from keel.data.split import training
from keel.data.store import Store
from keel.judge.metrics.known import check_metrics
from keel.model.predictor import Predictor, load, read_passport
from keel.monitoring.drift import Learnt
from keel.pipeline import configuration
from keel.project.about import about
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Choice, Evaluation, Split

PLAIN = Evaluation(
    slices=[], smallest_slice=1_000, resamples=200, seed=1, floors={}, slice_floors={}
)
SCORED = 20_000  # training examples: enough to tell how their scores are spread


@dataclass(frozen=True)
class Known:
    """What is known of the model; what is None can't be told here, for a reason in `gaps`."""

    about: dict[str, str]
    evaluation: Evaluation = PLAIN
    passport: dict[str, Any] | None = None
    learnt: Learnt | None = None
    retrain_after: int | None = None
    gaps: list[str] = field(default_factory=list)

    @property
    def learnt_to(self) -> date | None:
        """The last day of the training data."""
        last = (self.passport or {}).get("training", {}).get("to")
        return date.fromisoformat(last) if last else None


def read(store: Store, project: Project) -> Known:
    """All that can be read of it. Raises UserError if a setting names an unknown metric."""
    gaps: list[str] = []
    evaluation, passport, learnt = PLAIN, None, None
    if store.settings.is_file():
        evaluation = configuration.load(store).evaluation
        check_metrics(project, evaluation)
    else:
        gaps.append("settings.yaml is not here, so neither floors nor slices are known")
    if store.in_use.with_name("passport.json").is_file():
        passport = read_passport(store, store.in_use)
        split, choice = (passport["settings"][name] for name in ("split", "model"))
        try:
            learnt = _learnt(store, project, Split.model_validate(split))
            learnt = _scored(learnt, load(store, project, Choice(**choice), store.in_use))
        except UserError as error:
            gaps.append(f"there are no training data to compare with: {error}")
    else:
        gaps.append(
            "model/passport.json is missing, so the model's age and training data are unknown"
        )
    file = store.report("staleness.json")
    ageing = store.read_json(file) if file.is_file() else {}
    months = ageing.get("retrain_after")
    return Known(about(store.repository), evaluation, passport, learnt, months, gaps)


def _learnt(store: Store, project: Project, split: Split) -> Learnt:
    """The examples that the model learnt from."""
    table = store.read_table(store.examples)
    missing = set(project.examples.column_names()) - set(table.collect_schema().names())
    if missing:
        name = store.name(store.examples)
        raise UserError(f"{name} has no {', '.join(sorted(missing))}: `uv run keel run` makes it")
    examples = training(table, project, split).examples
    days = examples.select(project.local_day).to_series() if project.time else None
    return Learnt(examples, days)


def _scored(learnt: Learnt, model: Predictor) -> Learnt:
    some = learnt.examples.gather_every(max(1, len(learnt.examples) // SCORED))
    return replace(learnt, scores=model.task.scores(model.predict(some)))
