"""The monitoring's page: first whether it is well, then why that is thought."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from keel.monitoring import pictures
from keel.monitoring.checks import fields
from keel.monitoring.drift import SCORE
from keel.monitoring.observed import FAILED
from keel.monitoring.quality import MONTH
from keel.monitoring.watch import Watched
from keel.serving.settings import Monitoring
from keel.show.pages import page

Row = dict[str, Any]  # of a table: its cells by the heads of their columns
COUNTED = {
    "availability": "requests answered", "latency": "in time", "valid_predictions": "rows valid",
}  # fmt: skip


def monitoring_page(watched: Watched, label: str, settings: Monitoring) -> str:
    """The page `monitoring.html`."""
    main = watched.metrics[watched.main]
    last = watched.windows[-1].quality if watched.windows else []
    return page(
        "monitoring/monitoring.html",
        project=watched.known.about,
        label=label,
        watched=watched,
        main=main.title,
        settings=settings,
        latest=next((score for score in last if score.name == watched.main), None),
        months=list(_months(watched)),
        tables={
            "requests": _requests(watched),
            "refused": _refused(watched),
            "shifts": _shifts(watched),
            "inputs": list(_inputs(watched, settings)),
            "models": list(_models(watched)),
            "slices": _slices(watched),
            "days": _days(watched),
        },
        charts=_charts(watched, label),
    )


def _months(watched: Watched) -> Iterator[Row]:
    """Predictions, labels and quality of each month."""
    scores = {
        (part.month, score.name): score.figures
        for part in watched.parts
        for score in part.quality
        if part.slice == "all"
    }
    others = [name for name in watched.known.evaluation.floors if name != watched.main]
    facts = watched.seen.facts.with_columns(MONTH)
    for (month,), part in facts.group_by("month", maintain_order=True):
        last = part.filter("last")
        known = last.filter(pl.col("label").is_not_null())
        yield {
            "month": month,
            "predictions": len(part),
            "with a label": last["labelled"].mean() or 0.0,
            **{
                watched.metrics[name].title: scores.get((str(month), name), "not enough labels yet")
                for name in [watched.main, *others]
            },
            "predicted": known["probability"].mean(),
            "came": known["label"].mean(),
        }


def _requests(watched: Watched) -> list[Row]:
    """Requests and refused rows of each month."""
    requests = watched.seen.requests.drop_nulls("day").with_columns(MONTH)
    failed = (pl.col("status") >= FAILED).sum()
    counts = requests.group_by("month").agg(
        requests=pl.len(), failed=failed, refused=pl.sum("refused")
    )
    return counts.sort("month").rename({"refused": "rows refused"}).to_dicts()


def _refused(watched: Watched) -> list[Row]:
    """Why rows were refused, most often first."""
    reason = pl.col("problems").fill_null([]).list.eval(pl.element().struct.field("reason"))
    problems = watched.seen.requests.select(field=fields(), reason=reason)
    named = problems.explode("field", "reason").drop_nulls().group_by("field", "reason")
    return (
        named.len("times").sort(-pl.col("times").cast(int), "field", "reason").head(20).to_dicts()
    )


def _shifts(watched: Watched) -> list[Row]:
    """The stability index of each column at the end of each month."""
    table: dict[str, Row] = {}
    for shift in watched.shifts:
        name = "the score" if shift.subject == SCORE else shift.subject
        row = table.setdefault(name, {"input": name})
        row[f"{shift.day:%Y-%m}"] = f"{shift.value:.1f}"  # the last of the month stays
    return list(table.values())


def _inputs(watched: Watched, settings: Monitoring) -> Iterator[Row]:
    """Each input, in training and in the last window of days."""
    seen, learnt = watched.seen, watched.known.learnt
    recent = seen.facts["day"] > watched.until - pl.duration(days=settings.window)
    examples, new = seen.examples.filter(recent), seen.facts.filter(recent)["unseen"]
    for name in seen.inputs:
        yield {
            "input": name,
            "unknown in training": learnt.examples[name].is_null().mean() if learnt else None,
            f"last {settings.window} days": examples[name].is_null().mean(),
            "unseen": new.list.contains(name).mean() or None,
        }


def _models(watched: Watched) -> Iterator[Row]:
    """Which models answered, from when to when, with what the one in use learnt from."""
    passport = watched.known.passport or {}
    digits, training = (passport.get(key, {}) for key in ("sha256", "training"))
    facts = watched.seen.facts.group_by("model", maintain_order=True).agg(
        pl.col("day").min().alias("first day"),
        pl.col("day").max().alias("last day"),
        pl.len().alias("predictions"),
    )
    for row in facts.iter_rows(named=True):
        known = row["model"] and str(digits.get("model", "")).startswith(row["model"])
        learnt = "{rows:,} examples, {from} to {to}".format_map(training) if known else None
        yield {**row, "learnt from": learnt or "its passport is not here"}


def _days(watched: Watched) -> list[Row]:
    """The events of each day, and why some were bad."""
    days: dict[Any, Row] = {}
    for part in watched.indicators:
        row = days.setdefault(
            part.day, {"day": part.day, **dict.fromkeys(COUNTED.values()), "why not": ""}
        )
        if part.indicator in COUNTED:
            row[COUNTED[part.indicator]] = f"{part.good:,} of {part.good + part.bad:,}"
        if part.why:
            name = part.indicator.replace("_", " ")
            row["why not"] += f"{'; ' if row['why not'] else ''}{name}: {part.why}"
    return list(days.values())


def _charts(watched: Watched, label: str) -> dict[str, Any]:
    """The page's charts by name, None where there is nothing to draw."""
    main, floors = watched.metrics[watched.main], watched.known.evaluation.floors
    quality = [
        {"day": str(window.day), "model": window.model, **score.figures}
        for window in watched.windows
        for score in window.quality
        if score.name == watched.main
    ]
    rows = [
        {"day": str(part.day), "value": count, "kind": kind}
        for part in watched.indicators
        if part.indicator == "valid_predictions"
        for kind, count in zip(pictures.KINDS, (part.good, part.bad), strict=True)
    ]
    known = watched.seen.facts.filter("last", pl.col("label").is_not_null())
    weeks = known.group_by(pl.col("day").dt.truncate("1w").cast(pl.String)).agg(
        predicted=pl.col("probability").mean(), came=pl.col("label").mean()
    )
    shares = weeks.sort("day").unpivot(index="day", variable_name="kind").to_dicts()
    return {
        "quality": quality and pictures.sliding(quality, main.title, floors.get(watched.main)),
        "shares": shares and pictures.by_kind(shares, f"{label}, by week", pictures.SHARES),
        "volume": pictures.by_kind(rows, "rows a day", pictures.KINDS),
    }


def _slices(watched: Watched) -> list[Row]:
    """The first metric of each slice by month."""
    months = {part.month: None for part in watched.parts}
    table: dict[str, Row] = {}
    for part in watched.parts:
        for score in part.quality:
            if part.slice != "all" and score.name == watched.main:
                place = f"{part.slice} = {part.value}"
                row = table.setdefault(place, {"slice": place, **months})
                row[part.month] = score.figures
    return list(table.values())
