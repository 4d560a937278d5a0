"""The monitoring's page: first whether it is well, then why that is thought."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
from TEAM.evaluation import METRICS
from TEAM.examples import LABEL

from keel.data.store import Store
from keel.judge.chance import MAIN
from keel.monitoring import drift, pictures
from keel.monitoring.checks import fields
from keel.monitoring.findings import ACT
from keel.monitoring.observed import FAILED
from keel.monitoring.quality import Quality
from keel.monitoring.watch import Watched
from keel.serving.settings import Monitoring
from keel.show import charts
from keel.show.pages import page

MONTH = pl.col("day").dt.strftime("%Y-%m").alias("month")


def write_page(store: Store, found: Watched, settings: Monitoring) -> None:
    """Write `reports/monitoring.html`."""
    text = page(
        "monitoring/monitoring.html",
        project=project(store.repository),
        label=LABEL,
        metrics=METRICS,
        main=MAIN,
        found=found,
        settings=settings,
        floors=found.known.evaluation.floors,
        days=found.seen.facts["day"].n_unique(),
        first=found.seen.facts["day"].min() or found.until,
        still=[one for one in found.findings if one.until is None],
        act=[one for one in found.findings if one.until is None and one.level == ACT],
        over=[one for one in found.findings if one.until is not None],
        latest=_latest(found),
        months=list(_months(found)),
        by_day=list(_by_day(found)),
        columns=list(_columns(found, settings)),
        refused=_refused(found),
        models=_models(found),
        charts=_charts(found),
        slices=_slices(found),
        judged_shift=found.known.learnt is not None and drift.covers_a_year(found.known.learnt),
    )
    store.write_text(store.report("monitoring.html"), text)


def _latest(found: Watched) -> Quality | None:
    """The first metric of the last window."""
    last = found.windows[-1].quality if found.windows else []
    return next((one for one in last if one.metric == MAIN), None)


def _months(found: Watched) -> Iterator[dict[str, Any]]:
    """What is told of each month."""
    facts = found.seen.facts.with_columns(MONTH)
    requests = found.seen.requests.drop_nulls("day").with_columns(MONTH)
    scores = {part.month: part.quality for part in found.parts if part.slice == "all"}
    asked = {month: part for (month,), part in requests.group_by("month")}
    for (month,), part in facts.group_by("month", maintain_order=True):
        last = part.filter("last")
        known = last.filter(pl.col("label").is_not_null())
        calls = asked.get(month, requests.clear())
        yield {
            "month": month,
            "rows": len(part),
            "requests": len(calls),
            "failed": int((calls["status"] >= FAILED).sum()),
            "refused": int(calls["refused"].sum()),
            "labelled": last["labelled"].mean() or 0.0,
            "predicted": known["probability"].mean(),
            "came": known["label"].mean(),
            "quality": {one.metric: one for one in scores.get(str(month), [])},
        }


def _by_day(found: Watched) -> Iterator[dict[str, Any]]:
    """The events of each day, and why some were bad."""
    days: dict[date, dict[str, Any]] = {}
    for one in found.indicators:
        row = days.setdefault(one.day, {"day": one.day, "why": []})
        row[one.indicator] = (one.good, one.bad)
        if one.why:
            row["why"].append(f"{one.indicator.replace('_', ' ')}: {one.why}")
    yield from days.values()


def _columns(found: Watched, settings: Monitoring) -> Iterator[dict[str, Any]]:
    """Each input, in training and in the last window of days."""
    facts, examples, learnt = found.seen.facts, found.seen.examples, found.known.learnt
    last = facts["day"] > found.until - _days(settings.window)
    recent, new = examples.filter(last), facts.filter(last)["unseen"]
    indices = {one.subject: one.value for one in found.shifts}  # the last of each stays
    for name in drift.watched(examples):
        yield {
            "name": name,
            "before": None if learnt is None else learnt[name].null_count() / len(learnt),
            "nulls": recent[name].null_count() / max(len(recent), 1),
            "unseen": new.list.contains(name).mean(),
            "index": indices.get(name),
        }


def _refused(found: Watched) -> list[tuple[str, str, int]]:
    """Why rows were refused: field, reason and how often, most often first."""
    reason = pl.col("problems").fill_null([]).list.eval(pl.element().struct.field("reason"))
    problems = found.seen.requests.select(field=fields(), reason=reason).explode("field", "reason")
    named = problems.drop_nulls().group_by("field", "reason").len("count")
    return list(named.sort("count", "field", "reason", descending=[True, False, False]).iter_rows())


def _models(found: Watched) -> list[dict[str, Any]]:
    """Which models answered, from when to when."""
    facts = found.seen.facts.group_by("model", maintain_order=True).agg(
        first=pl.col("day").min(), last=pl.col("day").max(), rows=pl.len()
    )
    passport = found.known.passport or {}
    hash_ = str(passport.get("sha256", {}).get("model", ""))
    return [
        {**row, "passport": passport if hash_ and hash_.startswith(row["model"] or "-") else None}
        for row in facts.iter_rows(named=True)
    ]


def _charts(found: Watched) -> dict[str, Any]:
    title = METRICS[MAIN].title
    rows = [
        {"day": str(window.day), "model": window.model, **vars(one)}
        for window in found.windows
        for one in window.quality
        if one.metric == MAIN
    ]
    counted = {
        one.day: (one.good, one.bad)
        for one in found.indicators
        if one.indicator == "valid_predictions"
    }
    monthly = {(one.subject, f"{one.day:%Y-%m}"): one.value for one in found.shifts}
    shifts = [
        {"column": "the score" if name == drift.SCORE else name, "month": month, "index": value}
        for (name, month), value in monthly.items()
    ]
    weeks = list(_weeks(found))
    floor = found.known.evaluation.floors.get(MAIN)
    return {
        "quality": pictures.sliding(rows, title, floor) if rows else None,
        "shares": pictures.shares(weeks, LABEL) if weeks else None,
        "volume": pictures.volume([(day, *both) for day, both in counted.items()]),
        "shift": pictures.shift(shifts) if shifts else None,
    }


def _weeks(found: Watched) -> Iterator[dict[str, Any]]:
    """What was predicted and what came, of the rows with a label, by week."""
    known = found.seen.facts.filter("last", pl.col("label").is_not_null())
    weeks = known.group_by(pl.col("day").dt.truncate("1w")).agg(
        predicted=pl.col("probability").mean(), came=pl.col("label").mean()
    )
    for day, predicted, came in weeks.sort("day").iter_rows():
        yield {"day": str(day), "share": predicted, "kind": "predicted"}
        yield {"day": str(day), "share": came, "kind": "came"}


def _slices(found: Watched) -> dict[str, Any]:
    """The first metric of each slice by month, and a chart of the last month with any."""
    parts = [part for part in found.parts if part.slice != "all"]
    table: dict[tuple[str, str], dict[str, Quality]] = {}
    for part in parts:
        for one in part.quality:
            if one.metric == MAIN:
                table.setdefault((part.slice, part.value), {})[part.month] = one
    last = max((part.month for part in parts), default="")
    chart: dict[str, list[dict[str, Any]]] = {}
    for (name, value), months in table.items():
        if last in months:
            shown = vars(months[last]) | {"model": "model"}
            shown["slice"] = f"{value} ({months[last].rows:,})"
            chart.setdefault(name, []).append(shown)
    sign = -1 if METRICS[MAIN].higher_is_better else 1
    return {
        "table": table,
        "months": sorted({part.month for part in parts}),
        "last": last,
        "charts": {
            name: charts.by_slice(
                sorted(rows, key=lambda row: sign * row["score"]), METRICS[MAIN].title
            )
            for name, rows in chart.items()
        },
    }


def _days(count: int) -> Any:
    return pl.duration(days=count)
