"""What is judged each day: each check says of a day whether it was well, or that it can't tell."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median

import polars as pl

from keel.monitoring import drift
from keel.monitoring.drift import Learnt
from keel.monitoring.observed import FAILED, OK, PREDICTIONS, Observed
from keel.monitoring.quality import Quality
from keel.project.metric import Metric
from keel.project.task import Task
from keel.serving.settings import Monitoring

FEWEST = 10  # expected rows, of which none can't be chance
MONTH = 30.44  # days
Limits = Mapping[str, Mapping[str, float]]  # by column and check
Floors = Mapping[str, float]  # by metric


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
    more_is_better: bool = False


def requests(seen: Observed, settings: Monitoring) -> Iterator[Judgement]:
    """Whether requests were answered, and in time; whether rows were refused, and why."""
    days = answers(seen, settings)
    yield from _shares("failed", "", days.select("day", "rows", count="failed"), settings.failed)
    slow = days.filter(pl.col("ok") > 0).select("day", rows="ok", count="late")
    yield from _shares("slow", "", slow, settings.slow)
    yield from _refused(seen, settings.refused)


def answers(seen: Observed, settings: Monitoring) -> pl.DataFrame:
    """The requests of each day: `day`, `rows`, and those that `failed`, were `ok`, and `late`."""
    status = pl.col("status")
    one = pl.col("route") == PREDICTIONS
    promised = pl.when(one).then(settings.answer_within).otherwise(settings.batch_within)
    late = (status < OK) & (pl.col("seconds") > promised)
    return seen.requests.drop_nulls("day").group_by("day").agg(
        rows=pl.len(), failed=(status >= FAILED).sum(), ok=(status < OK).sum(), late=late.sum()
    )  # fmt: skip


def volume(
    seen: Observed, learnt: Learnt | None, settings: Monitoring, last: date
) -> Iterator[Judgement]:
    """Whether as many rows came as on the same weekdays before, up to the last whole day."""
    rows = dict(seen.facts.group_by("answered").len().iter_rows())
    asked = {*rows, *seen.requests["day"].drop_nulls()}
    open_on = set() if learnt is None or learnt.days is None else _weekdays(learnt.days)
    day = min(asked, default=last)
    while day <= last:
        before = [rows.get(day - timedelta(weeks=week), 0) for week in range(1, 5)]
        before = [count for count in before if count]
        expected = median(before) if before else FEWEST * (day.isoweekday() in open_on)
        if expected >= FEWEST:
            yield Judgement("gap", "", day, day, day not in asked, expected)
            if settings.volume is not None and before and day in asked:
                share = rows.get(day, 0) / expected
                few = share < settings.volume
                yield Judgement("volume", "", day, day, few, share, more_is_better=True)
        day += timedelta(days=1)


def inputs(seen: Observed, usual: Limits | None, settings: Monitoring) -> Iterator[Judgement]:
    """Whether columns are known, and vary, as in training, and have categories that it saw."""
    limits = usual or {}
    block = drift.blocks(seen.facts["day"], settings.rows)
    unmeasured = list(_unmeasured(seen, block, usual, settings))
    yield from unmeasured
    covered = {(name, judged.day) for name in seen.measured for judged in unmeasured if judged.bad}
    for row in drift.profile(seen.examples.select(seen.inputs), block).iter_rows(named=True):
        name, day = row["column"], row["block"]
        for kind, limit in limits.get(name, {}).items():
            low = row[f"{kind}_low"]
            if low is not None and (name, day) not in covered:
                yield Judgement(kind, name, day, day, low > limit, row[kind])
    facts = seen.facts.select(pl.lit(block).alias("day"), "unseen").drop_nulls("day")
    for name in sorted(set(facts["unseen"].explode().drop_nulls())):
        new = pl.col("unseen").list.contains(name).sum()
        counted = facts.group_by("day").agg(count=new, rows=pl.len())
        yield from _shares("unseen", name, counted, settings.unseen)


def shifts(
    task: Task, seen: Observed, learnt: Learnt | None, settings: Monitoring
) -> Iterator[Judgement]:
    """The stability indices; without a year to learn from they are shown, and not judged."""
    if learnt is None:
        return
    limit = settings.psi if settings.psi is not None and learnt.covers_a_year else float("inf")
    for name, day, value in drift.stabilities(task, seen, learnt, settings):
        yield Judgement("psi", name, day, day, value > limit, value)


def quality(scores: Iterable[Quality], main: str, floors: Floors) -> Iterator[Judgement]:
    """Whether each metric keeps its floor: surely not, or not by its value, which may be chance."""
    for score in scores:
        if (floor := floors.get(score.name)) is not None:
            check = "quality" if score.name == main else "metric"
            judged = _kept(check, score.name, score, floor)
            yield judged
            if check == "quality":
                yield replace(judged, check="doubt", bad=score.misses(floor))


def slices(scores: Iterable[Quality], floors: Floors) -> Iterator[Judgement]:
    """Whether each slice keeps its floors, month by month."""
    for score in scores:
        if score.slice != "all" and (floor := floors.get(score.name)) is not None:
            rows = f"{score.slice} = {score.value}"
            yield _kept("slice", rows, score, floor, f" for {rows} in {score.month}")


def labels(seen: Observed, settings: Monitoring, until: date) -> Iterator[Judgement]:
    """Whether enough labels of a day came in time."""
    wait = timedelta(days=settings.label_days)
    in_time = pl.col("known_on").is_not_null() & (pl.col("known_on") - pl.col("day") <= wait)
    days = seen.facts.filter("last").group_by("day").agg(share=in_time.mean())
    for day, share in days.sort("day").iter_rows():
        if day + wait <= until:
            few = share < settings.labels
            yield Judgement("labels", "", day, day + wait, few, share, more_is_better=True)


def age(
    last: date | None, retrain_after: int | None, metric: Metric, until: date
) -> Iterator[Judgement]:
    """Whether it is time to train again, by how fast models of these data get worse.

    `last` is the last day of the training data, `retrain_after` are months, by the `metric`; None
    is not known.
    """
    if last is not None and retrain_after is not None:
        due = last + timedelta(days=round(retrain_after * MONTH))
        note = (
            f"its training data end on {last}, and models of these data get too much worse in "
            f"{retrain_after} months, by their {metric.title}"
        )
        bad, days = until >= due, (until - last).days
        yield Judgement("age", "", max(due, last), due, bad, days, note)


def fields() -> pl.Expr:
    """The fields of the problems of each request, without the number of the row."""
    field = pl.element().struct.field("field").str.replace(r"^rows\.\d+\.?", "")
    return pl.col("problems").fill_null([]).list.eval(field)


def _weekdays(days: pl.Series) -> set[int]:
    """The weekdays, 1 for Monday, that have an example in most weeks of training."""
    days = days.unique()
    weeks = days.dt.truncate("1w").n_unique()
    counts = days.dt.weekday().value_counts()
    return {day for day, count in counts.iter_rows() if count > weeks / 2}


def _unmeasured(
    seen: Observed, block: pl.Series, usual: Limits | None, settings: Monitoring
) -> Iterator[Judgement]:
    """Whether rows have any measurement: what they are looked up in may have come too late."""
    if not seen.measured:
        return
    missing = drift.unmeasured(seen.examples, seen.measured)
    rows = pl.DataFrame({"day": block, "missing": missing}).drop_nulls()
    counted = rows.group_by("day").agg(count=pl.col("missing").sum(), rows=pl.len())
    limit = settings.nulls if usual is None else usual.get("", {}).get("unmeasured")
    yield from _shares("unmeasured", "", counted, limit)


def _refused(seen: Observed, limit: float | None) -> Iterator[Judgement]:
    requests = seen.requests.with_columns(field=fields().list.unique())
    named = requests.filter(pl.col("refused") > 0).explode("field")
    rows = requests.group_by("day").agg(pl.col("rows").sum())
    for (name,), part in named.group_by("field", maintain_order=True):
        broken = part.group_by("day").agg(count=pl.col("refused").sum())
        counted = rows.join(broken, on="day", how="left").with_columns(pl.col("count").fill_null(0))
        yield from _shares("refused", str(name or "no field by itself"), counted, limit)


def _shares(
    check: str, subject: str, days: pl.DataFrame, limit: float | None
) -> Iterator[Judgement]:
    """By day, whether surely more than the limit; `days` has day, count and rows."""
    low = drift.surely(pl.col("count"), pl.col("rows")).alias("low")
    shares = days.drop_nulls("day").sort("day").select("day", pl.col("count") / pl.col("rows"), low)
    for day, share, surely in shares.iter_rows() if limit is not None else ():
        yield Judgement(check, subject, day, day, surely > limit, share)


def _kept(check: str, subject: str, score: Quality, floor: float, where: str = "") -> Judgement:
    """Whether a floor is kept, or surely not."""
    bad, note = score.surely_misses(floor), score.worded(floor, where)
    days, more = (score.day, score.noticed), score.metric.higher_is_better
    return Judgement(check, subject, *days, bad, score.score, note, more_is_better=more)
