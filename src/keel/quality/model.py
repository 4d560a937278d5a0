"""How good the model is: when it was judged, for whom, in use, and over its versions."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator
from TEAM.evaluation import METRICS

from keel.project.errors import UserError
from keel.quality.budgets import events
from keel.quality.records import history, tracked
from keel.quality.records.documents import plural, report, text, typed
from keel.quality.records.figures import About, Figure, State, state
from keel.quality.records.settings import Model, Quality

MAIN = next(iter(METRICS))  # the first metric of the list is the one that decides
SIGN = 1 if METRICS[MAIN].higher_is_better else -1
SCORES, IN_USE = "reports/slices.csv", "reports/in-use.csv"
METRICS_FILE, GATES, AGEING = "reports/metrics.json", "reports/gates.json", "reports/staleness.json"
RUN, MONITOR = "uv run keel run", "uv run keel monitor"
MONTH = 365.25 / 12  # days
EXPLAINED = {
    "auc": "AUC: of two cases, how often the one where it happened had the higher probability; "
    "0.5 is guessing, 1 is always.",
    "average_precision": "Of the cases that it flags, how many are right, over all ways to flag.",
    "log_loss": "How surprised it is by what then happens; 0 is never.",
    "calibration_error": "How far its probabilities are from how often it happens; 0 is exact.",
}
SCORE = About(
    "model.score",
    "product",
    "Quality of the model",
    " ".join(
        ["How well the model predicts what it has not seen.", EXPLAINED.get(MAIN, "")]
    ).strip(),
    METRICS[MAIN].title,
    "Below its floor, acting on a prediction costs more than it saves.",
    "reports/report.html shows when and for whom it is weak: newer data, a better feature, or a "
    "smaller promise.",
    "row",
)
SLICES = About(
    "model.slices",
    "product",
    "Quality for the worst-served group",
    "How well it predicts for the group of cases that it predicts worst.",
    METRICS[MAIN].title,
    "A good average hides that some customers are served badly.",
    "Look for what this group lacks: data, a feature, or a rule of its own until then.",
    "group",
)
RULES = About(
    "model.gates",
    "product",
    "Rules that the model must keep",
    "How many conditions for being used the last model misses.",
    "rules",
    "A model that misses one is better not used, even if its average is good.",
    "`uv run keel run` names what is missed; mend it, or waive it for a while in conf/waivers.yaml.",
    "rule",
)
USED = About(
    "model.in_use",
    "product",
    "Quality in use",
    "How well it predicted lately, as it turned out when the truth was known.",
    METRICS[MAIN].title,
    "This is what users have got; the tests could only promise it.",
    "Train on newer data (`uv run keel run`, then `uv run keel promote`), or find out what changed: "
    "reports/monitoring.html.",
    "prediction",
)
AGE = About(
    "model.age",
    "product",
    "Age of the model",
    "How far the days it is used on are from the newest ones that it has learnt from.",
    "months",
    "The world moves on, and the model does not.",
    "Train it again: `uv run keel run`, then `uv run keel promote`.",
    "model",
)
ALL = (SCORE, SLICES, RULES, USED, AGE)
Number = Annotated[float | None, BeforeValidator(lambda value: None if value == "" else value)]


class Row(BaseModel):
    """The score of a metric on some rows, as evaluation and monitoring write it."""

    slice: str
    value: str
    rows: int
    metric: str
    score: Number
    low: Number
    high: Number
    model: str = "model"
    month: str = ""


class Judging(BaseModel):
    """What a run was told of how to judge."""

    floors: dict[str, float] = {}
    slice_floors: dict[str, float] = {}
    smallest_slice: int = 1


class Composed(BaseModel):
    """The part of `settings.yaml` that matters here."""

    evaluation: Judging = Judging()


class Verdict(BaseModel):
    """Whether a gate was passed."""

    gate: str
    passed: bool
    sentence: str
    waiver: dict[str, Any] | None = None


class Training(BaseModel):
    """Of which days the examples were."""

    to: date


class Passport(BaseModel):
    """What a model says of itself."""

    training: Training
    trained_at: datetime


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
    past: Sequence[tuple[date, Mapping[str, Any]]] = ()  # metrics as they were committed
    deployed: Sequence[tuple[str, Mapping[str, Any]]] = ()  # and as they came into production
    wrong: Mapping[str, str] = field(default_factory=dict)  # by file


def provide(root: Path, settings: Quality, now: datetime) -> list[Figure]:
    """The figures of a project."""
    return figures(gather(root, settings, now), settings.model)


def gather(root: Path, settings: Quality, now: datetime) -> Facts:
    """Read the files; one that is broken does not keep the others from being read."""
    wrong: dict[str, str] = {}

    def found(name: str, kind: Any, usual: Any, maker: str = RUN) -> Any:
        if not (root / name).is_file():
            return usual
        try:
            if name.endswith(".csv"):
                return typed(list(csv.DictReader(text(root, name).splitlines())), name, kind)
            if name.endswith(".yaml"):
                return typed(yaml.safe_load(text(root, name)), name, kind)
            return report(root, name, kind, maker)
        except (UserError, yaml.YAMLError, csv.Error) as error:
            wrong[name] = str(error).partition("\n")[0]
            return usual

    champion = (root / "champion.dvc").is_file()
    today, most = now.date(), settings.model.versions
    used = events.read(root, events.Source(indicator="valid_predictions"), now).days
    return Facts(
        found("settings.yaml", Composed, Composed()).evaluation,
        found(SCORES, list[Row], []),
        found(IN_USE, list[Row], [], MONITOR),
        found(GATES, list[Verdict], []),
        found(f"{'champion' if champion else 'model'}/passport.json", Passport, None),
        found(AGEING, Ageing, Ageing()),
        max(used, default=None),
        [(day, _metrics(said)) for day, said in tracked.versions(root, METRICS_FILE, today, most)],
        _deployed(root, settings.delivery.stage),
        wrong,
    )


def _deployed(root: Path, stage: str) -> list[tuple[str, Mapping[str, Any]]]:
    last = (history.known_deployments(root, stage) or [])[-5:]
    texts = tracked.at(root, [one.commit for one in last], METRICS_FILE)
    return [
        (f"{one.at:%Y-%m-%d} {one.name}", _metrics(said))
        for one, said in zip(last, texts, strict=True)
    ]


def _metrics(said: str) -> Mapping[str, Any]:
    try:
        content = json.loads(said)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def figures(facts: Facts, settings: Model) -> list[Figure]:
    """Its quality when it was judged, with each other floor, for groups, in use, and its age."""
    others = [name for name in facts.judging.floors if name != MAIN and name in METRICS]
    return [
        _score(SCORE, MAIN, facts),
        *(_score(_about(name), name, facts) for name in others),
        _slices(facts),
        _rules(facts),
        _used(facts),
        _age(facts, settings),
    ]


def _about(metric: str) -> About:
    title = METRICS[metric].title
    return replace(
        SCORE,
        name=f"model.{metric}",
        title=f"Quality of the model: {title}",
        sentence=EXPLAINED.get(metric, f"Another measure with a floor: {title}."),
        unit=title,
    )


def _score(about: About, metric: str, facts: Facts) -> Figure:
    """A metric on all test rows, beside the floor and the simple model."""
    floor = facts.judging.floors.get(metric)
    whole = {row.model: row for row in facts.scores if (row.slice, row.metric) == ("all", metric)}
    model, simple = whole.get("model"), whole.get("baseline")
    if model is None or model.score is None:
        return _without(about, facts, SCORES, "no model was judged yet", _target(metric, floor))
    told = f"{METRICS[metric].title} {_interval(model)}"
    told += f"; a simple model has {simple.score:.3f}" if simple and simple.score else ""
    trend = _trend(facts, metric)
    standing = _state(model, floor)
    figure = about.figure(model.score, told, standing, model.rows, _target(metric, floor), trend)
    return replace(figure, details=[*_months(facts, metric), *_versions(facts, metric)])


def _trend(facts: Facts, metric: str) -> list[tuple[date, float]]:
    """Its value at each commit that changed it, the last of a day."""
    known = {day: said[metric] for day, said in facts.past if _is_number(said.get(metric))}
    return sorted(known.items())


def _months(facts: Facts, metric: str) -> Iterator[str]:
    months = [row for row in _of(facts.scores, metric) if row.slice == "month"]
    if months:
        yield "by month: " + ", ".join(f"{row.value} {row.score:.3f}" for row in months)


def _versions(facts: Facts, metric: str) -> Iterator[str]:
    for name, said in facts.deployed:
        if _is_number(said.get(metric)):
            yield f"in production since {name}: {said[metric]:.3f}"


def _slices(facts: Facts) -> Figure:
    floor = facts.judging.slice_floors.get(MAIN)
    found = _groups(facts.scores, facts.judging.smallest_slice)
    if not found:
        why = "no group of the last evaluation is large enough to judge"
        return _without(SLICES, facts, SCORES, why, _target(MAIN, floor))
    worst, best = found[0], found[-1]
    told = f"{METRICS[MAIN].title} {_interval(worst)} for {_name(worst)}"
    told += f"; {_name(best)} has {best.score:.3f}" if len(found) > 1 else ""
    standing = _state(worst, floor)
    figure = SLICES.figure(worst.score or 0, told, standing, len(found), _target(MAIN, floor))
    return replace(figure, details=[_line(row) for row in found[:5]])


def _rules(facts: Facts) -> Figure:
    if not facts.verdicts:
        return _without(RULES, facts, GATES, "no model was judged yet", "none missed")
    missed = [one for one in facts.verdicts if not one.passed]
    waived = [one for one in missed if one.waiver]
    told = f"{len(missed)} of {plural(len(facts.verdicts), 'rule')} missed"
    told += f", {len(waived)} of them waived" if waived else ""
    standing = State.GOOD if not missed else State.WATCH if missed == waived else State.BAD
    figure = RULES.figure(len(missed), told, standing, len(facts.verdicts), "none missed")
    until = {one.gate: f", waived until {one.waiver.get('until')}" for one in missed if one.waiver}
    return replace(
        figure, details=[f"{one.gate}: {one.sentence}{until.get(one.gate, '')}" for one in missed]
    )


def _used(facts: Facts) -> Figure:
    """The metric of the last month that has labels enough, and by month."""
    target = _target(MAIN, floor := facts.judging.floors.get(MAIN))
    whole = sorted(
        (row for row in _of(facts.used, MAIN) if row.slice == "all"), key=lambda row: row.month
    )
    if not whole:
        why = "nothing that was predicted in use has its truth yet"
        return _without(USED, facts, IN_USE, why, target, MONITOR)
    last = whole[-1]
    told = f"{METRICS[MAIN].title} {_interval(last)} in {last.month}"
    trend = [(date.fromisoformat(f"{row.month}-01"), row.score or 0.0) for row in whole]
    figure = USED.figure(last.score or 0, told, _state(last, floor), last.rows, target, trend)
    groups = _groups(facts.used, facts.judging.smallest_slice, last.month)
    return replace(figure, details=[_line(row) for row in groups[:5]])


def _age(facts: Facts, settings: Model) -> Figure:
    found = facts.ageing.retrain_after
    good, bad = (found, 2.0 * found) if found else settings.age_months
    target = f"at most {good:g} months"
    if broken := [said for name, said in facts.wrong.items() if name.endswith("passport.json")]:
        return AGE.broken(broken[0])
    if facts.passport is None:
        return AGE.unknown("the model's passport is not here: `uv run dvc pull` gets it", 0, target)
    learnt = facts.passport.training.to
    if facts.last_day is None:
        why = f"it learnt from days up to {learnt}, and nothing says that it is in use: `{MONITOR}`"
        return AGE.unknown(why, 0, target)
    months = max(0, int((facts.last_day - learnt).days / MONTH))
    told = f"{plural(months, 'month')}: learnt up to {learnt}, used up to {facts.last_day}"
    figure = AGE.figure(months, told, state(months, good, bad), 1, target)
    note = "No ageing was found when it was judged; the target is the one of conf/quality.yaml."
    return replace(figure, notes=[] if found else [note])


def _groups(rows: Iterable[Row], smallest: int, month: str = "") -> list[Row]:
    """Those of a month that are large enough, the worst first."""
    found = [
        row
        for row in _of(rows, MAIN)
        if row.slice not in ("all", "month") and row.rows >= smallest and row.month == month
    ]
    return sorted(found, key=lambda row: SIGN * (row.score or 0))


def _of(rows: Iterable[Row], metric: str) -> list[Row]:
    return [r for r in rows if r.metric == metric and r.model == "model" and r.score is not None]


def _state(row: Row, floor: float | None) -> State:
    """Bad if it misses its floor, as for the gate; to be watched if chance may have helped it."""
    if floor is None or row.score is None:
        return State.GOOD
    higher = METRICS[row.metric].higher_is_better
    sign, least = (1, row.low) if higher else (-1, row.high)
    if sign * (row.score - floor) < 0:
        return State.BAD
    return State.WATCH if least is not None and sign * (least - floor) < 0 else State.GOOD


def _target(metric: str, floor: float | None) -> str:
    if floor is None:
        return ""
    return f"at {'least' if METRICS[metric].higher_is_better else 'most'} {floor:g}"


def _interval(row: Row) -> str:
    known = row.low is not None and row.high is not None
    return f"{row.score:.3f}" + (f" ({row.low:.3f} to {row.high:.3f})" if known else "")


def _name(row: Row) -> str:
    return f"{row.slice} {row.value}"


def _line(row: Row) -> str:
    return f"{_name(row)}: {_interval(row)}, {plural(row.rows, 'row')}"


def _without(
    about: About, facts: Facts, name: str, why: str, target: str, maker: str = RUN
) -> Figure:
    if name in facts.wrong:
        return about.broken(facts.wrong[name])
    return about.unknown(f"{why}: `{maker}`", target=target)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
