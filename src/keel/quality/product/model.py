"""How good the model is: when it was judged, for whom, in use, and over its versions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import isnan, nan
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from keel.data.store import Store
from keel.judge.gates import Verdict
from keel.project.metric import Metric
from keel.quality.budgets import events
from keel.quality.records import history, tracked
from keel.quality.records.documents import plural
from keel.quality.records.figures import About, Figure, State, about, state
from keel.quality.records.reports import Reports
from keel.quality.records.settings import Model, Quality

SCORES, IN_USE = "reports/slices.csv", "reports/in-use.csv"
METRICS_FILE, GATES, AGEING = "reports/metrics.json", "reports/gates.json", "reports/staleness.json"
RUN, MONITOR = "uv run keel run", "uv run keel monitor"
MONTH = 365.25 / 12  # days
DEPLOYMENTS = 5  # that are shown
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
    def name(self) -> str:
        return f"{self.slice} {self.value}"

    @property
    def line(self) -> str:
        return f"{self.name}: {self}, {plural(self.rows, 'row')}"


class Judging(BaseModel):
    """How a run was to judge."""

    floors: dict[str, float] = {}
    slice_floors: dict[str, float] = {}
    smallest_slice: int = 1


class Composed(BaseModel):
    """The part of `settings.yaml` that matters here."""

    evaluation: Judging = Judging()


class Training(BaseModel):
    """Of which days the examples were."""

    to: date


class Passport(BaseModel):
    """What a model says of itself."""

    training: Training


class Ageing(BaseModel):
    """After how many months evaluation found that a model should be trained again."""

    retrain_after: int | None = None


@dataclass(frozen=True)
class Measure:
    """A metric with its name in the reports."""

    name: str
    metric: Metric

    def about(self, figure: str) -> About:
        """What a figure says of itself that shows this metric."""
        return replace(about(figure), unit=self.metric.title)

    def rows(self, rows: Iterable[Row], model: str = "model") -> list[Row]:
        """Those in which it is defined for the model."""
        mine = [row for row in rows if (row.metric, row.model) == (self.name, model)]
        return [row for row in mine if not isnan(row.score)]

    def groups(self, rows: Iterable[Row], smallest: int, month: str = "") -> list[Row]:
        """The slices of a month that are large enough, the worst first."""
        slices = [
            row
            for row in self.rows(rows)
            if row.slice not in ("all", "month") and row.rows >= smallest and row.month == month
        ]
        return sorted(slices, key=lambda row: self.metric.sign * row.score)

    def target(self, floor: float | None) -> str:
        if floor is None:
            return ""
        return f"at {'least' if self.metric.higher_is_better else 'most'} {floor:g}"

    def state(self, row: Row, floor: float | None) -> State:
        """Bad if it misses its floor, as for the gate; to be watched if chance may have helped."""
        if floor is None:
            return State.GOOD
        sign = self.metric.sign
        if sign * (row.score - floor) < 0:
            return State.BAD
        least = row.low if self.metric.higher_is_better else row.high
        return State.WATCH if sign * (least - floor) < 0 else State.GOOD


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
    deployed: Sequence[tuple[str, Scores]] = ()  # and as they came into production
    wrong: Mapping[str, str] = field(default_factory=dict)  # by file


def gather(root: Path, settings: Quality, now: datetime) -> Facts:
    """Read the files; one that is broken does not keep the others from being read."""
    reports = Reports(root)
    passport = "champion" if Store(root, root).has_champion else "model"
    used = events.read(root, events.Source(indicator="valid_predictions"), now).days
    versions = tracked.versions(root, METRICS_FILE, now.date(), settings.model.versions)
    composed = reports.read("settings.yaml", Composed, RUN) or Composed()
    return Facts(
        composed.evaluation,
        reports.read(SCORES, list[Row], RUN) or (),
        reports.read(IN_USE, list[Row], MONITOR) or (),
        reports.read(GATES, list[Verdict], RUN) or (),
        reports.read(f"{passport}/passport.json", Passport, RUN),
        reports.read(AGEING, Ageing, RUN) or Ageing(),
        max(used, default=None),
        [(day, _scores(text)) for day, text in versions],
        _deployed(root, settings.delivery.stage),
        reports.wrong,
    )


def _deployed(root: Path, stage: str) -> list[tuple[str, Scores]]:
    last = (history.known_deployments(root, stage) or [])[-DEPLOYMENTS:]
    texts = tracked.at(root, [deployment.commit for deployment in last], METRICS_FILE)
    return [
        (f"{deployment.at:%Y-%m-%d} {deployment.name}", _scores(text))
        for deployment, text in zip(last, texts, strict=True)
    ]


def _scores(text: str) -> Scores:
    try:
        content: Any = json.loads(text)
    except ValueError:
        return {}
    numbers = content.items() if isinstance(content, dict) else ()
    return {name: value for name, value in numbers if isinstance(value, int | float)}


def figures(facts: Facts, metrics: Mapping[str, Metric], settings: Model) -> list[Figure]:
    """Its quality when it was judged, with each other floor, for groups, in use, and its age."""
    measures = {name: Measure(name, metric) for name, metric in metrics.items()}
    main = next(iter(measures.values()))
    others = [name for name in facts.judging.floors if name != main.name and name in metrics]
    score = main.about("model.score")
    return [
        _score(
            replace(score, sentence=f"{score.sentence} {main.metric.explanation}".strip()),
            main,
            facts,
        ),
        *(_score(_other(measures[name]), measures[name], facts) for name in others),
        _slices(main, facts),
        _rules(facts),
        _used(main, facts),
        _age(facts, settings),
    ]


def _other(measure: Measure) -> About:
    """What the figure of a metric says of itself that has a floor and does not decide."""
    usual, title = measure.about("model.score"), measure.metric.title
    return replace(
        usual,
        name=f"model.{measure.name}",
        title=f"{usual.title}: {title}",
        sentence=measure.metric.explanation or f"Another measure with a floor: {title}.",
    )


def _score(about: About, measure: Measure, facts: Facts) -> Figure:
    """A metric on all test rows, beside the floor and the simple model."""
    floor = facts.judging.floors.get(measure.name)
    model, simple = (
        [row for row in measure.rows(facts.scores, name) if row.slice == "all"]
        for name in ("model", "baseline")
    )
    if not model:
        return _lacking(about, "no model was judged yet", measure.target(floor), facts, SCORES)
    text = f"{measure.metric.title} {model[0]}"
    text += f"; a simple model has {simple[0].score:.3f}" if simple else ""
    past = {day: scores[measure.name] for day, scores in facts.past if measure.name in scores}
    return about.figure(
        model[0].score,
        text,
        measure.state(model[0], floor),
        model[0].rows,
        measure.target(floor),
        sorted(past.items()),  # the last of a day
    ).also([*_months(measure, facts), *_versions(measure, facts)])


def _months(measure: Measure, facts: Facts) -> Iterator[str]:
    months = [row for row in measure.rows(facts.scores) if row.slice == "month"]
    if months:
        yield "by month: " + ", ".join(f"{row.value} {row.score:.3f}" for row in months)


def _versions(measure: Measure, facts: Facts) -> Iterator[str]:
    for name, scores in facts.deployed:
        if measure.name in scores:
            yield f"in production since {name}: {scores[measure.name]:.3f}"


def _slices(main: Measure, facts: Facts) -> Figure:
    about, floor = main.about("model.slices"), facts.judging.slice_floors.get(main.name)
    groups = main.groups(facts.scores, facts.judging.smallest_slice)
    if not groups:
        why = "no group of the last evaluation is large enough to judge"
        return _lacking(about, why, main.target(floor), facts, SCORES)
    worst, best = groups[0], groups[-1]
    text = f"{main.metric.title} {worst} for {worst.name}"
    text += f"; {best.name} has {best.score:.3f}" if len(groups) > 1 else ""
    standing, target = main.state(worst, floor), main.target(floor)
    figure = about.figure(worst.score, text, standing, len(groups), target)
    return figure.also(row.line for row in groups[:5])


def _rules(facts: Facts) -> Figure:
    rules = about("model.gates")
    if not facts.verdicts:
        return _lacking(rules, "no model was judged yet", "none missed", facts, GATES)
    missed = [verdict for verdict in facts.verdicts if not verdict.passed]
    waived = [verdict for verdict in missed if verdict.waiver]
    text = f"{len(missed)} of {plural(len(facts.verdicts), 'rule')} missed"
    text += f", {len(waived)} of them waived" if waived else ""
    standing = State.GOOD if not missed else State.WATCH if missed == waived else State.BAD
    figure = rules.figure(len(missed), text, standing, len(facts.verdicts), "none missed")
    return figure.also(
        f"{verdict.gate}: {verdict.sentence}"
        + (f", waived until {verdict.waiver.until}" if verdict.waiver else "")
        for verdict in missed
    )


def _used(main: Measure, facts: Facts) -> Figure:
    """The metric of the last month that has labels enough, and by month."""
    about, floor = main.about("model.in_use"), facts.judging.floors.get(main.name)
    months = {row.month: row for row in main.rows(facts.used) if row.slice == "all"}
    if not months:
        why = "nothing that was predicted in use has its truth yet"
        return _lacking(about, why, main.target(floor), facts, IN_USE, MONITOR)
    last = months[max(months)]
    figure = about.figure(
        last.score,
        f"{main.metric.title} {last} in {last.month}",
        main.state(last, floor),
        last.rows,
        main.target(floor),
        [(date.fromisoformat(f"{month}-01"), months[month].score) for month in sorted(months)],
    )
    groups = main.groups(facts.used, facts.judging.smallest_slice, last.month)
    return figure.also(row.line for row in groups[:5])


def _age(facts: Facts, settings: Model) -> Figure:
    age, retrain_after = about("model.age"), facts.ageing.retrain_after
    good, bad = (retrain_after, 2.0 * retrain_after) if retrain_after else settings.age_months
    target = f"at most {good:g} months"
    for name, why in facts.wrong.items():
        if name.endswith("passport.json"):
            return age.broken(why)
    if facts.passport is None:
        return age.unknown("the model's passport is not here: `uv run dvc pull` gets it", 0, target)
    learnt = facts.passport.training.to
    if facts.last_day is None:
        why = f"it learnt from days up to {learnt}, and nothing says that it is in use: `{MONITOR}`"
        return age.unknown(why, 0, target)
    months = max(0, int((facts.last_day - learnt).days / MONTH))
    text = f"{plural(months, 'month')}: learnt up to {learnt}, used up to {facts.last_day}"
    figure = age.figure(months, text, state(months, good, bad), 1, target)
    note = "No ageing was found when it was judged; the target is the one of conf/quality.yaml."
    return figure if retrain_after else figure.also(notes=[note])


def _lacking(
    about: About, why: str, target: str, facts: Facts, name: str, maker: str = RUN
) -> Figure:
    """The figure without its file, or with one that can't be read."""
    if name in facts.wrong:
        return about.broken(facts.wrong[name])
    return about.unknown(f"{why}: `{maker}`", target=target)
