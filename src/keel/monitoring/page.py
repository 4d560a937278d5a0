"""The monitoring's page: first whether it is well, then why that is thought."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl

from keel.monitoring import pictures
from keel.monitoring.checks import fields
from keel.monitoring.drift import SCORE
from keel.monitoring.observed import FAILED
from keel.monitoring.quality import MONTH, Quality
from keel.monitoring.watch import Watched
from keel.serving.settings import Monitoring
from keel.show import charts
from keel.show.pages import page


def monitoring_page(watched: Watched, label: str, settings: Monitoring) -> str:
    """The page `monitoring.html`."""
    return page(
        "monitoring/monitoring.html",
        project=watched.known.about,
        label=label,
        watched=watched,
        main=watched.metrics[watched.main].title,
        settings=settings,
        latest=_latest(watched),
        months=list(_months(watched)),
        by_day=list(_by_day(watched)),
        columns=list(_columns(watched, settings)),
        shifts=_shifts(watched),
        refused=_refused(watched),
        models=_models(watched),
        charts=_charts(watched, label),
        slices=_slices(watched),
    )


def _latest(watched: Watched) -> Quality | None:
    """The first metric of the last window."""
    last = watched.windows[-1].quality if watched.windows else []
    return next((score for score in last if score.name == watched.main), None)


def _months(watched: Watched) -> Iterator[dict[str, Any]]:
    """Predictions, requests, labels and quality of each month."""
    requests = watched.seen.requests.drop_nulls("day").with_columns(MONTH)
    scores = {part.month: part.quality for part in watched.parts if part.slice == "all"}
    asked = {month: part for (month,), part in requests.group_by("month")}
    facts = watched.seen.facts.with_columns(MONTH)
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
            "quality": {score.name: score for score in scores.get(str(month), [])},
        }


def _by_day(watched: Watched) -> Iterator[dict[str, Any]]:
    """The events of each day, and why some were bad."""
    days: dict[date, dict[str, Any]] = {}
    for part in watched.indicators:
        row = days.setdefault(part.day, {"day": part.day, "why": []})
        row[part.indicator] = (part.good, part.bad)
        if part.why:
            row["why"].append(f"{part.indicator.replace('_', ' ')}: {part.why}")
    yield from days.values()


def _columns(watched: Watched, settings: Monitoring) -> Iterator[dict[str, Any]]:
    """Each input, in training and in the last window of days."""
    seen, learnt = watched.seen, watched.known.learnt
    recent = seen.facts["day"] > watched.until - pl.duration(days=settings.window)
    examples, new = seen.examples.filter(recent), seen.facts.filter(recent)["unseen"]
    for name in seen.inputs:
        yield {
            "name": name,
            "before": learnt.examples[name].is_null().mean() if learnt else None,
            "nulls": examples[name].is_null().mean() or 0.0,
            "unseen": new.list.contains(name).mean(),
        }


def _shifts(watched: Watched) -> dict[str, dict[str, float]]:
    """The stability index of each column at the end of each month."""
    table: dict[str, dict[str, float]] = defaultdict(dict)
    for shift in watched.shifts:
        name = "the score" if shift.subject == SCORE else shift.subject
        table[name][f"{shift.day:%Y-%m}"] = shift.value  # the last of the month stays
    return table


def _refused(watched: Watched) -> list[tuple[str, str, int]]:
    """Why rows were refused: field, reason and how often, most often first."""
    reason = pl.col("problems").fill_null([]).list.eval(pl.element().struct.field("reason"))
    problems = watched.seen.requests.select(field=fields(), reason=reason)
    named = problems.explode("field", "reason").drop_nulls().group_by("field", "reason").len("n")
    return list(named.sort("n", "field", "reason", descending=[True, False, False]).iter_rows())


def _models(watched: Watched) -> list[dict[str, Any]]:
    """Which models answered, from when to when, with the passport of the one in use."""
    passport = watched.known.passport or {}
    digits = str(passport.get("sha256", {}).get("model", ""))
    facts = watched.seen.facts.group_by("model", maintain_order=True).agg(
        first=pl.col("day").min(), last=pl.col("day").max(), rows=pl.len()
    )
    return [
        {**row, "passport": passport if row["model"] and digits.startswith(row["model"]) else None}
        for row in facts.iter_rows(named=True)
    ]


def _charts(watched: Watched, label: str) -> dict[str, Any]:
    """The page's charts by name, None where there is nothing to draw."""
    main = watched.metrics[watched.main]
    quality = [
        {"day": str(window.day), "model": window.model, **score.figures}
        for window in watched.windows
        for score in window.quality
        if score.name == watched.main
    ]
    rows = [
        {"day": str(part.day), "rows": count, "kind": kind}
        for part in watched.indicators
        if part.indicator == "valid_predictions"
        for kind, count in zip(pictures.KINDS, (part.good, part.bad), strict=True)
    ]
    weeks = list(_weeks(watched))
    floor = watched.known.evaluation.floors.get(watched.main)
    return {
        "quality": pictures.sliding(quality, main.title, floor) if quality else None,
        "shares": pictures.shares(weeks, label) if weeks else None,
        "volume": pictures.volume(rows),
    }


def _weeks(watched: Watched) -> Iterator[dict[str, Any]]:
    """What was predicted and what came, of the rows with a label, by week."""
    known = watched.seen.facts.filter("last", pl.col("label").is_not_null())
    weeks = known.group_by(pl.col("day").dt.truncate("1w")).agg(
        predicted=pl.col("probability").mean(), came=pl.col("label").mean()
    )
    for row in weeks.sort("day").iter_rows(named=True):
        for kind in ("predicted", "came"):
            yield {"day": str(row["day"]), "share": row[kind], "kind": kind}


def _slices(watched: Watched) -> dict[str, Any]:
    """The first metric of each slice by month, and a chart of the last month with any."""
    table: dict[tuple[str, str], dict[str, Quality]] = defaultdict(dict)
    for part in watched.parts:
        for score in part.quality if part.slice != "all" else []:
            if score.name == watched.main:
                table[part.slice, part.value][part.month] = score
    months = sorted({month for scores in table.values() for month in scores})
    main, last = watched.metrics[watched.main], months[-1] if months else ""
    shown: dict[str, list[dict[str, Any]]] = defaultdict(list)
    best_first = sorted(
        ((place, scores[last]) for place, scores in table.items() if last in scores),
        key=lambda row: -main.sign * row[1].score,
    )
    for (name, value), score in best_first:
        row = {"slice": f"{value} ({score.rows:,})", "model": "model", **score.figures}
        shown[name].append(row)
    drawn = {name: charts.by_slice(rows, main.title) for name, rows in shown.items()}
    return {"table": table, "months": months, "last": last, "charts": drawn}
