"""The monitoring's page: first whether it is well, then why that is thought."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from keel.monitoring import pictures
from keel.monitoring.checks import fields
from keel.monitoring.observed import FAILED
from keel.monitoring.watch import Watched
from keel.project.description import Project
from keel.project.task import Task, YesNo
from keel.serving.settings import Monitoring
from keel.show.pages import number, page

MOST = 3  # classes: the commonest
BOTH = ("predicted", "came")
MONTH = pl.col("day").dt.strftime("%Y-%m").alias("month")
Row = dict[str, Any]  # of a table: its cells by the heads of their columns
Came = Mapping[str, pl.DataFrame]  # `outcomes`
COUNTED = {
    "availability": "requests answered", "latency": "in time", "valid_predictions": "rows valid",
}  # fmt: skip


def outcomes(task: Task, facts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By class or, where there are none, for "": `day`, `predicted` and `came` of the known rows.

    Both are numbers, the commonest class comes first.
    """
    known = facts.filter("last", pl.col("label").is_not_null(), pl.col("prediction").is_not_null())
    label, scores = known["label"], task.scores(known["prediction"]).values()
    came = {name: label == name for name in task.classes} or {"": label}
    both = {
        name: known.select("day", predicted=score, came=truth.cast(pl.Float64))
        for (name, truth), score in zip(came.items(), scores, strict=True)
    }
    ordered = sorted(both.items(), key=lambda item: -item[1]["came"].sum())
    return dict(ordered[:MOST])


def means(rows: pl.DataFrame, period: pl.Expr) -> pl.DataFrame:
    """The mean of both in each period, such as a week."""
    return rows.group_by(period).agg(pl.col(BOTH).mean())


def title(task: Task, name: str) -> str:
    """What these are means of."""
    if not task.has_probabilities:
        return f"{task.label}, on average"
    value = task.true if isinstance(task, YesNo) else name
    return task.label if value is True else f"{task.label} = {value}"


def cells(task: Task, name: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of `means` by the heads of a table; shares as they are, numbers as people read them."""
    return {
        f"{name}, {kind}" if name else kind: value
        if value is None or task.has_probabilities
        else number(value)
        for kind in BOTH
        for value in [row.get(kind)]
    }


def monitoring_page(watched: Watched, project: Project, settings: Monitoring) -> str:
    """The page `monitoring.html`."""
    main, task = watched.metrics[watched.main], project.task
    came = outcomes(task, watched.seen.facts)
    commonest = next(iter(came))
    return page(
        "monitoring/monitoring.html",
        project=watched.known.about,
        timed=project.time is not None,
        classes=len(task.classes),
        outcome=title(task, commonest),
        heads=list(cells(task, commonest, {})),
        watched=watched,
        main=main.title,
        settings=settings,
        latest=watched.deciding[-1] if watched.deciding else None,
        months=list(_months(watched, task, came)),
        tables={
            "requests": _requests(watched),
            "refused": _refused(watched),
            "shifts": _shifts(watched),
            "inputs": list(_inputs(watched, settings)),
            "models": list(_models(watched)),
            "slices": _slices(watched),
            "days": _days(watched),
        },
        charts=_charts(watched, task, came),
    )


def _months(watched: Watched, task: Task, came: Came) -> Iterator[Row]:
    """Predictions, labels and quality of each month, and what was predicted beside what came."""
    scores = {
        (score.month, score.name): score.figures for score in watched.parts if score.slice == "all"
    }
    others = [name for name in watched.known.evaluation.floors if name != watched.main]
    monthly = {name: means(rows, MONTH) for name, rows in came.items()}
    facts = watched.seen.facts.with_columns(MONTH)
    for (month,), part in facts.group_by("month", maintain_order=True):
        yield {
            "month": month,
            "predictions": len(part),
            "with a label": part.filter("last")["labelled"].mean() or 0.0,
            **{
                watched.metrics[name].title: scores.get((str(month), name), "not enough labels yet")
                for name in [watched.main, *others]
            },
            **{
                head: cell
                for name, both in monthly.items()
                for row in both.filter(month=month).to_dicts() or [{}]
                for head, cell in cells(task, name, row).items()
            },
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
        row = table.setdefault(shift.subject, {"of": shift.subject})
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
        learnt = f"{training['rows']:,} examples" if known else "its passport is not here"
        days = ", {from} to {to}".format_map(training) if known and training.get("to") else ""
        yield {**row, "learnt from": learnt + days}


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


def _charts(watched: Watched, task: Task, came: Came) -> dict[str, Any]:
    """The page's charts by name, None where there is nothing to draw."""
    main, floors = watched.metrics[watched.main], watched.known.evaluation.floors
    quality = [
        {"day": str(score.day), "model": score.model, **score.figures} for score in watched.deciding
    ]
    rows = [
        {"day": str(part.day), "value": count, "kind": kind}
        for part in watched.indicators
        if part.indicator == "valid_predictions"
        for kind, count in zip(pictures.KINDS, (part.good, part.bad), strict=True)
    ]
    if rows:  # days on which nobody asked any more are shown as such
        rows.append({"day": str(watched.until), "value": 0, "kind": next(iter(pictures.KINDS))})
    week = pl.col("day").dt.truncate("1w").cast(pl.String)
    weeks = {title(task, name): means(rows, week).sort("day") for name, rows in came.items()}
    return {
        "quality": quality and pictures.sliding(quality, main.title, floors.get(watched.main)),
        "came": {
            of: pictures.by_week(
                by_week.unpivot(index="day", variable_name="kind").to_dicts(),
                f"{of}, by week",
                shares=task.has_probabilities,
            )
            for of, by_week in weeks.items()
            if len(by_week)
        },
        "volume": pictures.rows_by_day(rows),
    }


def _slices(watched: Watched) -> list[Row]:
    """The first metric of each slice by month."""
    months = {score.month: None for score in watched.parts}
    table: dict[str, Row] = {}
    for score in watched.parts:
        if score.slice != "all" and score.name == watched.main:
            place = f"{score.slice} = {score.value}"
            row = table.setdefault(place, {"slice": place, **months})
            row[score.month] = score.figures
    return list(table.values())
