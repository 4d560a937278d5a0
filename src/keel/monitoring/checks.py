"""What is judged each day: each check says of a day whether it was well, or that it can't tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

import polars as pl
from TEAM.evaluation import METRICS

from keel.judge.chance import MAIN
from keel.model.inputs import LOCAL_DAY
from keel.monitoring import drift
from keel.monitoring.observed import FAILED, Observed
from keel.monitoring.quality import Quality, Window
from keel.project.settings import Evaluation
from keel.serving.settings import Monitoring

FEWEST = 10  # expected rows, of which none can't be chance
OK = 300  # below it a request was answered


@dataclass(frozen=True)
class Judgement:
    """Of a day, by a check. `subject` is a column or a metric, "" for the whole."""

    check: str
    subject: str
    day: date
    noticed: date  # when it could be known
    bad: bool
    value: float
    note: str = ""


def requests(seen: Observed, settings: Monitoring) -> Iterator[Judgement]:
    """Whether requests were answered, and in time; whether rows were refused, and why."""
    status, seconds = pl.col("status"), pl.col("seconds")
    late = (status < OK) & (seconds > settings.answer_within)
    for check, count, of in (
        ("failed", (status >= FAILED).sum(), pl.len()),
        ("slow", late.sum(), (status < OK).sum()),
    ):
        limit = getattr(settings, check)
        days = seen.requests.group_by("day").agg(count=count, rows=of).filter(pl.col("rows") > 0)
        yield from _shares(check, "", days, limit)
    if settings.refused is not None:
        yield from _refused(seen, settings.refused)


def volume(
    seen: Observed, learnt: pl.DataFrame | None, settings: Monitoring, last: date
) -> Iterator[Judgement]:
    """Whether as many rows came as on the same weekdays before, up to the last whole day."""
    rows = dict(seen.facts.group_by("day").len().iter_rows())
    asked = {*rows, *seen.requests["day"].drop_nulls()}
    open_on = None if learnt is None else weekdays(learnt)
    day = min(asked, default=last)
    while day <= last:
        before = [rows.get(day - timedelta(weeks=week), 0) for week in range(1, 5)]
        before = [count for count in before if count]
        usually = open_on is not None and day.isoweekday() in open_on
        expected = median(before) if before else FEWEST * usually
        if expected >= FEWEST:
            yield Judgement("gap", "", day, day, day not in asked, expected)
            if settings.volume is not None and before and day in asked:
                share = rows.get(day, 0) / expected
                yield Judgement("volume", "", day, day, share < settings.volume, share)
        day += timedelta(days=1)


def weekdays(learnt: pl.DataFrame) -> set[int]:
    """The weekdays, 1 for Monday, that have an example in most weeks of training."""
    days = learnt.select(LOCAL_DAY.unique().alias("day"))
    weeks = days["day"].dt.truncate("1w").n_unique()
    counts = days.group_by(pl.col("day").dt.weekday()).len()
    return {day for day, count in counts.iter_rows() if count > weeks / 2}


def inputs(
    seen: Observed, usual: dict[str, dict[str, float]] | None, settings: Monitoring
) -> Iterator[Judgement]:
    """Whether columns are known, and vary, as in training, and have categories that it saw."""
    block = drift.blocks(seen.facts["day"], settings.rows)
    unmeasured = list(_unmeasured(seen, block, usual, settings))
    yield from unmeasured
    names = drift.measured(seen.examples)
    said = {(name, one.day) for name in names for one in unmeasured if one.bad}
    for row in drift.profile(seen.examples, block).iter_rows(named=True):
        for kind, limit in (usual or {}).get(row["column"], {}).items():
            if row[f"{kind}_low"] is not None and (row["column"], row["block"]) not in said:
                bad, day = row[f"{kind}_low"] > limit, row["block"]
                yield Judgement(kind, row["column"], day, day, bad, row[kind])
    facts = seen.facts.select(pl.lit(block).alias("day"), "unseen").drop_nulls("day")
    for name in sorted(set(facts["unseen"].explode().drop_nulls())):
        counted = facts.group_by("day").agg(
            count=pl.col("unseen").list.contains(name).sum(), rows=pl.len()
        )
        yield from _shares("unseen", name, counted, settings.unseen)


def _unmeasured(
    seen: Observed,
    block: pl.Series,
    usual: dict[str, dict[str, float]] | None,
    settings: Monitoring,
) -> Iterator[Judgement]:
    """Whether rows have any measurement: what they are looked up in may have come too late."""
    if not drift.measured(seen.examples):
        return
    rows = pl.DataFrame({"day": block, "missing": drift.unmeasured(seen.examples)}).drop_nulls()
    counted = rows.group_by("day").agg(count=pl.col("missing").sum(), rows=pl.len())
    limit = settings.nulls if usual is None else usual.get("", {}).get("unmeasured")
    yield from _shares("unmeasured", "", counted, limit)


def quality(windows: list[Window], evaluation: Evaluation) -> Iterator[Judgement]:
    """Whether each metric keeps its floor: surely not, or not by its value, which may be chance."""
    for window in windows:
        for one in window.quality:
            limit = evaluation.floors.get(one.metric)
            if limit is None:
                continue
            say = (one.metric, window.day, window.noticed)
            note = said(one, limit)
            check = "quality" if one.metric == MAIN else "metric"
            yield Judgement(check, *say, one.beyond(limit), one.score, note)
            if one.metric == MAIN:
                short = one.score < limit if METRICS[MAIN].higher_is_better else one.score > limit
                yield Judgement("doubt", *say, short, one.score, note)


def labels(seen: Observed, settings: Monitoring, until: date) -> Iterator[Judgement]:
    """Whether enough labels of a day came in time."""
    wait = timedelta(days=settings.label_days)
    in_time = pl.col("known_on").is_not_null() & (pl.col("known_on") - pl.col("day") <= wait)
    days = seen.facts.filter("last").group_by("day").agg(share=in_time.mean())
    for day, share in days.sort("day").iter_rows():
        if day + wait <= until:
            yield Judgement("labels", "", day, day + wait, share < settings.labels, share)


def said(one: Quality, limit: float, where: str = "") -> str:
    """A metric in words, of the rows that `where` names, and what it should be."""
    metric = METRICS[one.metric]
    wanted = f"at {'least' if metric.higher_is_better else 'most'} {limit}"
    found = f"{one.score:.3f} ({one.low:.3f} to {one.high:.3f})"
    return f"{metric.title} is {found}{where}, and should be {wanted}"


def _refused(seen: Observed, limit: float) -> Iterator[Judgement]:
    requests = seen.requests.with_columns(field=fields().list.unique())
    named = requests.filter(pl.col("refused") > 0).explode("field")
    rows = requests.group_by("day").agg(pl.col("rows").sum())
    for (name,), part in named.group_by("field", maintain_order=True):
        broken = part.group_by("day").agg(count=pl.col("refused").sum())
        counted = rows.join(broken, on="day", how="left").with_columns(pl.col("count").fill_null(0))
        yield from _shares("refused", str(name or "no field by itself"), counted, limit)


def fields() -> pl.Expr:
    """The fields of the problems of each request, without the number of the row."""
    field = pl.element().struct.field("field").str.replace(r"^rows\.\d+\.?", "")
    return pl.col("problems").fill_null([]).list.eval(field)


def _shares(
    check: str, subject: str, days: pl.DataFrame, limit: float | None
) -> Iterator[Judgement]:
    """By day, whether surely more than the limit; `days` has day, count and rows."""
    low = drift.surely(pl.col("count"), pl.col("rows"))
    found = days.sort("day").select("day", pl.col("count") / pl.col("rows"), low.alias("low"))
    for day, share, surely in found.iter_rows():
        if limit is not None and day is not None:
            yield Judgement(check, subject, day, day, surely > limit, share)
