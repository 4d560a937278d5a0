"""What the logs show of a service and its model, beside what the model learnt from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from TEAM.evaluation import METRICS
from TEAM.examples import ZONE

from keel.data.store import Store
from keel.judge.chance import MAIN
from keel.model import predictor
from keel.model.inputs import training
from keel.monitoring import checks, drift
from keel.monitoring.checks import Judgement
from keel.monitoring.findings import Finding, findings
from keel.monitoring.indicators import Indicator, indicators
from keel.monitoring.observed import Observed
from keel.monitoring.quality import Quality, Window, judgeable, judged, windows
from keel.pipeline import configuration
from keel.pipeline.evaluate import slice_columns
from keel.project.errors import UserError
from keel.project.settings import Choice, Evaluation, Split
from keel.serving.settings import Monitoring

PLAIN = Evaluation(
    slices=[], smallest_slice=1_000, resamples=200, seed=1, floors={}, slice_floors={}
)
SCORED = 20_000  # training examples: enough to tell how their scores are spread
LIVE = timedelta(days=2)  # a service whose examples are as old as its clock says


@dataclass(frozen=True)
class Known:
    """What is known of the model; what is None can't be told here, for a reason in `gaps`."""

    evaluation: Evaluation
    passport: dict[str, Any] | None
    learnt: pl.DataFrame | None
    scores: pl.Series | None
    retrain_after: int | None
    gaps: list[str]


@dataclass(frozen=True)
class Part:
    """The quality on the rows of a month, or of a slice of them."""

    month: str
    slice: str  # "all" for all rows
    value: str
    last: date
    noticed: date
    quality: list[Quality]


@dataclass(frozen=True)
class Watched:
    """All that the monitoring found, up to a day."""

    until: date
    seen: Observed
    known: Known
    windows: list[Window]
    parts: list[Part]
    shifts: list[Judgement]
    findings: list[Finding]
    indicators: list[Indicator]
    unwatched: list[str] = field(default_factory=list)  # slices that can't be told from the log


def learn(store: Store) -> Known:
    """What is here of the model in use and its training data; on a server there may be little."""
    gaps: list[str] = []
    evaluation, passport, learnt, scores = PLAIN, None, None, None
    champion = (store.root / "champion.dvc").is_file()
    folder = store.root / ("champion" if champion else "model")
    if store.settings.is_file():
        evaluation = configuration.load(store).evaluation
    else:
        gaps.append("settings.yaml is not here, so neither floors nor slices are known")
    if (folder / "passport.json").is_file():
        passport = store.read_json(folder / "passport.json")
        settings = passport["settings"]
        try:
            learnt = training(store, Split.model_validate(settings["split"])).examples
            choice = Choice.model_validate(settings["model"])
            place = Store(store.repository, store.root)
            some = learnt.gather_every(max(1, len(learnt) // SCORED))
            scores = predictor.load(place, choice, folder / "model.txt").probability(some)
        except UserError as error:
            gaps.append(f"what training was like can't be told: {error}")
    else:
        gaps.append("the model's passport is not here, so neither its age nor its training data")
    file = store.report("staleness.json")
    ageing = store.read_json(file) if file.is_file() else {}
    return Known(evaluation, passport, learnt, scores, ageing.get("retrain_after"), gaps)


def today(seen: Observed, now: datetime) -> tuple[date, bool]:
    """The day up to which the logs say something, and whether it is over.

    A service that is live was also silent since its last request; a replay ended with it.
    """
    days = [*seen.facts["day"].drop_nulls(), *seen.requests["day"].drop_nulls()]
    last = max(days)
    clock = seen.requests["at"].max() if len(seen.requests) else None
    here = now.astimezone(ZoneInfo(ZONE)).date()
    assert clock is None or isinstance(clock, datetime)  # noqa: S101 -- for the types
    written = (clock or datetime.min.replace(tzinfo=UTC)).astimezone(ZoneInfo(ZONE)).date()
    return (here, False) if abs(written - last) <= LIVE and here >= last else (last, True)


def watch(seen: Observed, known: Known, settings: Monitoring, now: datetime) -> Watched:
    """Judge every day of the logs."""
    until, over = today(seen, now)
    evaluation = known.evaluation
    rows = judgeable(seen.facts, settings)
    metrics = list(dict.fromkeys([MAIN, *evaluation.floors]))
    sliding = list(windows(rows, metrics, settings, evaluation))
    slices, unwatched = _slices(seen, evaluation)
    parts = list(_parts(rows, slices, metrics, evaluation))
    shifts = _shifts(seen, known, settings)
    usual = None if known.learnt is None else drift.usual(known.learnt, settings)
    last = until if over else until - timedelta(days=1)
    judgements = [
        *checks.requests(seen, settings),
        *checks.volume(seen, known.learnt, settings, last),
        *checks.inputs(seen, usual, settings),
        *shifts,
        *checks.quality(sliding, evaluation),
        *_worse_slices(parts, evaluation),
        *checks.labels(seen, settings, until),
        *_age(known, until),
    ]
    told = findings(judgements, settings.in_a_row)
    events = indicators(seen, judgements, settings)
    return Watched(until, seen, known, sliding, parts, shifts, told, events, unwatched)


def _shifts(seen: Observed, known: Known, settings: Monitoring) -> list[Judgement]:
    """The stability indices; without a year to learn from they are shown, and not judged."""
    if known.learnt is None or known.scores is None:
        return []
    judged = settings.psi is not None and drift.covers_a_year(known.learnt)
    limit = settings.psi if judged and settings.psi is not None else float("inf")
    found = drift.stabilities(seen, known.learnt, known.scores, settings)
    return [Judgement("psi", name, day, day, value > limit, value) for name, day, value in found]


def _slices(seen: Observed, evaluation: Evaluation) -> tuple[pl.DataFrame, list[str]]:
    """The columns to slice by, in the order of the log, and those that it does not have."""
    found, unwatched = [pl.DataFrame()], []
    for name in evaluation.slices:
        try:
            found.append(slice_columns(seen.examples, [name]))
        except (UserError, pl.exceptions.ColumnNotFoundError):
            unwatched.append(name)
    return pl.concat(found, how="horizontal"), unwatched


def _parts(
    rows: pl.DataFrame, slices: pl.DataFrame, metrics: list[str], evaluation: Evaluation
) -> Iterator[Part]:
    """The quality of each month, and of each slice of it that is large enough."""
    names, floored = slices.columns, list(dict.fromkeys([MAIN, *evaluation.slice_floors]))
    values = slices.select(pl.all().cast(pl.String).name.prefix("slice ")).with_row_index("line")
    month = pl.col("day").dt.strftime("%Y-%m").alias("month")
    whole = rows.with_columns(month).join(values, on="line", how="left", maintain_order="left")
    for (name,), part in whole.group_by("month", maintain_order=True):
        last, noticed = part["day"].max(), part["enough_on"].max()
        assert isinstance(last, date) and isinstance(noticed, date)  # noqa: S101, PT018 -- for the types
        yield Part(str(name), "all", "all", last, noticed, judged(part, metrics, evaluation))
        for slice_name in names:
            for (value,), some in sorted(part.group_by(f"slice {slice_name}"), key=str):
                if len(some) >= evaluation.smallest_slice:
                    found = judged(some, floored, evaluation)
                    yield Part(str(name), slice_name, str(value), last, noticed, found)


def _worse_slices(parts: list[Part], evaluation: Evaluation) -> Iterator[Judgement]:
    for part in parts:
        for one in part.quality if part.slice != "all" else []:
            limit = evaluation.slice_floors.get(one.metric)
            if limit is not None:
                where = f"{part.slice} = {part.value}"
                note = checks.said(one, limit, f" for {where} in {part.month}")
                bad = one.beyond(limit)
                yield Judgement("slice", where, part.last, part.noticed, bad, one.score, note)


def _age(known: Known, until: date) -> Iterator[Judgement]:
    """Whether it is time to train again, by how fast models of these data get worse."""
    if known.passport is None or known.retrain_after is None:
        return
    last = date.fromisoformat(known.passport["training"]["to"])
    due = last + timedelta(days=round(known.retrain_after * 30.44))
    note = (
        f"its training data end on {last}, and models of these data lose too much "
        f"{METRICS[MAIN].title} in {known.retrain_after} months"
    )
    yield Judgement("age", "", max(due, last), due, until >= due, (until - last).days, note)
