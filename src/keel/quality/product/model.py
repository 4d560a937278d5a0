"""How good the model is: when it was judged, for whom, in use, and over its versions."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import isnan, nan
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, BeforeValidator, Field

from keel.data.store import Store
from keel.judge.gates import Verdict
from keel.project.metric import Metric
from keel.quality.budgets import events
from keel.quality.product.data import MONITOR, RUN
from keel.quality.records.documents import Files, plural
from keel.quality.records.figures import Figure, State, about, state
from keel.quality.records.history import versions
from keel.quality.records.settings import Model

SCORES, IN_USE = "reports/slices.csv", "reports/in-use.csv"
METRICS_FILE, GATES, AGEING = "reports/metrics.json", "reports/gates.json", "reports/staleness.json"
Number = Annotated[float, BeforeValidator(lambda value: nan if value in ("", None) else value)]
Scores = Mapping[str, float]  # by metric
MONTH = 365.25 / 12  # days
SHOWN = 5  # groups
NOT_JUDGED = f"no model was judged yet: `{RUN}`"


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


@dataclass(frozen=True)
class Measure:
    """A metric with its name in the reports, and the floor that is set for it."""

    name: str
    metric: Metric
    floor: float | None

    def about(self, figure: str) -> Figure:
        """What a figure says of itself that shows this metric."""
        return replace(about(figure), unit=self.metric.title)

    def rows(self, rows: Iterable[Row], model: str = "model") -> list[Row]:
        """Those in which it is defined for the model."""
        mine = [row for row in rows if (row.metric, row.model) == (self.name, model)]
        return [row for row in mine if not isnan(row.score)]

    def groups(self, rows: Iterable[Row], judging: Judging, month: str = "") -> list[Row]:
        """The slices of a month that are large enough, the worst first."""
        slices = [
            row
            for row in self.rows(rows)
            if row.slice not in ("all", "month")
            and row.rows >= judging.smallest_slice
            and row.month == month
        ]
        return sorted(slices, key=lambda row: self.metric.sign * row.score)

    @property
    def target(self) -> str:
        """The floor as people write it."""
        if self.floor is None:
            return ""
        return f"at {'least' if self.metric.higher_is_better else 'most'} {self.floor:g}"

    def state(self, row: Row) -> State:
        """Bad if it misses its floor, as for the gate; to be watched if chance may have helped."""
        if self.floor is None:
            return State.GOOD
        sign, least = self.metric.sign, row.low if self.metric.higher_is_better else row.high
        if sign * (row.score - self.floor) < 0:
            return State.BAD
        return State.WATCH if sign * (least - self.floor) < 0 else State.GOOD


def figures(facts: Facts, metrics: Mapping[str, Metric], settings: Model) -> list[Figure]:
    """Its quality when it was judged, with each other floor, for groups, in use, and its age.

    Of the metrics the first that the run's settings name decides, or else the first of all.
    """
    floors = facts.judging.floors
    names = [name for name in facts.judging.metrics if name in metrics] or list(metrics)
    main, *others = (Measure(name, metrics[name], floors.get(name)) for name in names)
    whole = main.about("model.score")
    whole = replace(whole, sentence=f"{whole.sentence} {main.metric.explanation}".strip())
    return [
        _score(whole, main, facts),
        *(_score(_other(other), other, facts) for other in others if other.name in floors),
        _slices(replace(main, floor=facts.judging.slice_floors.get(main.name)), facts),
        _rules(facts),
        _used(main, facts),
        _age(facts, settings),
    ]


def _other(measure: Measure) -> Figure:
    """What the figure of a metric says of itself that has a floor and does not decide."""
    usual, title = measure.about("model.score"), measure.metric.title
    return replace(
        usual,
        name=f"model.{measure.name}",
        title=f"{usual.title}: {title}",
        sentence=measure.metric.explanation or f"Another measure with a floor: {title}.",
    )


def _score(its: Figure, measure: Measure, facts: Facts) -> Figure:
    """A metric on all test rows, beside the floor and the simple model, and by month."""
    rows = measure.rows(facts.scores)
    model = next((row for row in rows if row.slice == "all"), None)
    if model is None:
        return its.lacking(NOT_JUDGED, measure.target, facts.wrong.get(SCORES))
    text = f"{measure.metric.title} {model}"
    for simple in measure.rows(facts.scores, "baseline"):
        text += f"; a simple model has {simple.score:.3f}" if simple.slice == "all" else ""
    past = {day: scores[measure.name] for day, scores in facts.past if measure.name in scores}
    trend = sorted(past.items())  # the last of a day
    standing, target = measure.state(model), measure.target
    figure = its.shown(model.score, text, standing, model.rows, target, trend)
    months = ", ".join(f"{row.value} {row.score:.3f}" for row in rows if row.slice == "month")
    return figure.also([f"by month: {months}"] if months else [])


def _slices(main: Measure, facts: Facts) -> Figure:
    its, groups = main.about("model.slices"), main.groups(facts.scores, facts.judging)
    if not groups:
        why = f"no group of the last evaluation is large enough to judge: `{RUN}`"
        return its.lacking(why, main.target, facts.wrong.get(SCORES))
    worst, best = groups[0], groups[-1]
    text = f"{main.metric.title} {worst} for {worst.group}"
    text += f"; {best.group} has {best.score:.3f}" if len(groups) > 1 else ""
    figure = its.shown(worst.score, text, main.state(worst), len(groups), main.target)
    return figure.also(_lines(groups))


def _lines(groups: Sequence[Row]) -> list[str]:
    return [f"{row.group}: {row}, {plural(row.rows, 'row')}" for row in groups[:SHOWN]]


def _rules(facts: Facts) -> Figure:
    rules, target = about("model.gates"), "none missed"
    if not facts.verdicts:
        return rules.lacking(NOT_JUDGED, target, facts.wrong.get(GATES))
    missed = [verdict for verdict in facts.verdicts if not verdict.passed]
    waived = [verdict for verdict in missed if verdict.waiver]
    text = f"{len(missed)} of {plural(len(facts.verdicts), 'rule')} missed"
    text += f", {len(waived)} of them waived" if waived else ""
    worst = State.WATCH if missed == waived else State.BAD
    return rules.lapses(len(missed), len(facts.verdicts), text, target, worst).also(
        f"{verdict.gate}: {verdict.sentence}"
        + (f", waived until {verdict.waiver.until}" if verdict.waiver else "")
        for verdict in missed
    )


def _used(main: Measure, facts: Facts) -> Figure:
    """The metric of the last month that has labels enough, and by month."""
    its = main.about("model.in_use")
    months = {row.month: row for row in main.rows(facts.used) if row.slice == "all"}
    if not months:
        why = f"nothing that was predicted in use has its truth yet: `{MONITOR}`"
        return its.lacking(why, main.target, facts.wrong.get(IN_USE))
    last = months[max(months)]
    text = f"{main.metric.title} {last} in {last.month}"
    trend = [(date.fromisoformat(f"{month}-01"), months[month].score) for month in sorted(months)]
    figure = its.shown(last.score, text, main.state(last), last.rows, main.target, trend)
    return figure.also(_lines(main.groups(facts.used, facts.judging, last.month)))


def _age(facts: Facts, settings: Model) -> Figure:
    its, retrain_after = about("model.age"), facts.ageing.retrain_after
    good, bad = (retrain_after, 2.0 * retrain_after) if retrain_after else settings.age_months
    target = f"at most {good:g} months"
    broken = next((facts.wrong[n] for n in facts.wrong if n.endswith("passport.json")), None)
    if facts.passport is None:
        why = "the model's passport is not here: `uv run dvc pull` gets it"
        return its.lacking(why, target, broken)
    if (last := facts.passport.learnt) is None:
        return replace(its, text="not told: what it learnt from has no time")
    learnt = f"learnt up to {last}"
    if facts.last_day is None:
        return its.unknown(f"{learnt}, and nothing says that it is in use: `{MONITOR}`", 0, target)
    months = max(0, int((facts.last_day - last).days / MONTH))
    text = f"{plural(months, 'month')}: {learnt}, used up to {facts.last_day}"
    figure = its.shown(months, text, state(months, good, bad), 1, target)
    note = "No ageing was found when it was judged; the target is the one of conf/quality.yaml."
    return figure if retrain_after else figure.also(notes=[note])
