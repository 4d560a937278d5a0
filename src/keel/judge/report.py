"""The report that people read: one HTML page, and the cards of model and data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup

from keel.data.reasons import in_words
from keel.judge import pictures
from keel.judge.judgement import Judgement
from keel.judge.scores import MODELS, Score
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.metric import Metric
from keel.project.settings import Evaluation
from keel.show import charts
from keel.show.pages import environment, number, page

CARDS = ("model-card.md", "data-sheet.md")


@dataclass(frozen=True)
class Run:
    """What a report tells of, beside the judgement."""

    about: Mapping[str, str]  # name and purpose of the project
    passport: dict[str, Any]
    quality: dict[str, Any]  # of the data, by table
    evaluation: Evaluation
    metrics: Mapping[str, Metric]  # the first one decides


@dataclass(frozen=True)
class Report:
    """What people read of a run."""

    page: str  # HTML
    figures: dict[str, Any]  # by the names that page and cards use
    charts: dict[str, Markup]  # SVG by title


def report(project: Project, judgement: Judgement, run: Run) -> Report:
    """The page, its figures and its charts."""
    context = {**figures(project, judgement, run), "project": run.about}
    task, predictions, slices = project.task, judgement.predictions, run.evaluation.slices
    charts = _charts(judgement, run)
    shown = pictures.pictures(task, predictions, slices, run.passport.get("interval"))
    text = page(
        "judge/report.html",
        **context,
        charts=charts,
        pictures=shown,
        tiles=pictures.tiles(task, context["test"]),
        scores=_table(judgement),
        metrics=run.metrics,
        whole=judgement.whole,
        agreed_by=run.evaluation.agreed_by,
        split=run.passport["settings"]["split"],
    )
    named = {
        "Over time": charts["over_time"],
        **{picture.title: picture.chart for picture in shown},
        "Ageing": charts["staleness"],
        **{f"By {name}": chart for name, chart in charts["slices"].items()},
        "Importance of the features": charts["importance"],
    }
    return Report(text, context, {name: chart for name, chart in named.items() if chart})


def card(file: Path, context: dict[str, Any]) -> str:
    """The team's text with the run's figures in it."""
    try:
        return environment(file.parent).get_template(file.name).render(**context)
    except jinja2.TemplateNotFound as error:
        raise UserError(f"docs/{file.name} is missing: `git restore docs/{file.name}`") from error
    except jinja2.TemplateError as error:
        raise UserError(
            f"docs/{file.name}: {error}; the figures there are are {', '.join(context)}"
        ) from error


def slices_csv(judgement: Judgement) -> str:
    """The scores of all slices."""
    return pl.DataFrame(judgement.scores).write_csv(float_precision=6)


def figures(project: Project, judgement: Judgement, run: Run) -> dict[str, Any]:
    """The figures of the report, by the names that page and cards use."""
    predictions = judgement.predictions
    main, metric = next(iter(run.metrics.items()))
    whole = {
        model: {
            score.metric: score
            for score in judgement.scores
            if score.slice == "all" and score.model == model
        }
        for model in MODELS
    }
    months = predictions["month"] if "month" in predictions.columns else pl.Series([None])
    slices = [
        (metric.sign * score.score, score)
        for score in judgement.scores
        if score.slice not in ("all", "month")
        and score.metric == main
        and score.model == "model"
        and score.score is not None
    ]
    naive_better = _is_worse(whole["model"][main], whole["naive"][main], metric)
    return {
        **whole,
        "main": main,
        "answer": _answer(judgement, run, whole["model"], naive_better=naive_better),
        "baseline_better": _better_baseline(run.metrics, whole),
        "naive_better": naive_better,
        "missed": [verdict.sentence for verdict in judgement.refusals],
        "verdicts": judgement.verdicts,
        "waived": any(verdict.waiver for verdict in judgement.verdicts),
        "staleness": judgement.staleness,
        "label": project.label,
        "smallest_slice": run.evaluation.smallest_slice,
        "test": {
            "rows": len(predictions),
            **pictures.figures(project.task, predictions),
            "from": months.min(),
            "to": months.max(),
            "without_label": judgement.unlabelled,
        },
        "worst_slices": [score for _, score in sorted(slices, key=lambda slice_: slice_[0])][:3],
        "importance": {name: loss.value for name, loss in judgement.importance.items()},
        "passport": run.passport,
        "quality": {
            name: {**counts, "reasons": in_words(counts["reasons"], project.tables.get(name))}
            for name, counts in run.quality.items()
        },
    }


def _answer(
    judgement: Judgement, run: Run, scores: Mapping[str, Score], *, naive_better: bool
) -> dict[str, Any]:
    """Whether the model is good enough, in words, and what was agreed on.

    Nobody but the team can say what is: floors that a first run left only keep it from getting
    worse.
    """
    floors = [(run.metrics[name], scores[name], x) for name, x in run.evaluation.floors.items()]
    if judgement.refusals:
        words = "refused"
    elif not judgement.whole:
        words = "judged on a part of the data only"
    elif naive_better:
        words = "no better than a guess"
    elif not run.evaluation.agreed_by:
        words = "passes its gates; what is good enough is not agreed yet"
    else:
        words = f"good enough, as agreed by {run.evaluation.agreed_by}"
    return {
        "words": words,
        "floors": [
            f"{metric.title} {'at least' if metric.higher_is_better else 'at most'} {number(floor)}"
            for metric, _, floor in floors
        ],
        "by_chance": [
            metric.title
            for metric, score, floor in floors
            if (end := score.low if metric.higher_is_better else score.high) is not None
            and metric.sign * (floor - end) > 0
        ],
    }


def _is_worse(score: Score, other: Score, metric: Metric) -> bool:
    """Whether a score is below another, chance or not; not where one is not defined."""
    if score.score is None or other.score is None:
        return False
    return (other.score - score.score) * metric.sign > 0


def _better_baseline(
    metrics: Mapping[str, Metric], whole: Mapping[str, Mapping[str, Score]]
) -> list[str]:
    """The metrics in which the baseline is better, chance or not, with both scores."""
    return [
        f"{metric.title} ({number(whole['baseline'][name].score)} beside "
        f"{number(whole['model'][name].score)})"
        for name, metric in metrics.items()
        if _is_worse(whole["model"][name], whole["baseline"][name], metric)
    ]


def _charts(judgement: Judgement, run: Run) -> dict[str, Any]:
    main, metric = next(iter(run.metrics.items()))
    title = metric.title
    large: dict[str, list[dict[str, Any]]] = {}
    for score in judgement.scores:
        if (
            score.metric == main
            and score.score is not None
            and score.rows >= run.evaluation.smallest_slice
        ):
            named = {"time": score.value, "slice": f"{score.value} ({score.rows:,})"}
            large.setdefault(score.slice, []).append(asdict(score) | named)
    nulls, months = _nulls(run.quality), large.get("month")
    ages = [
        {"time": f"{loss['age']} months", "model": "model", **loss, "score": loss["loss"]}
        for loss in judgement.staleness.get("losses", [])
    ]
    return {
        "over_time": charts.over_time(months, title) if months else None,
        "slices": {
            name: charts.by_slice(sorted(rows, key=lambda row: -row["score"] * metric.sign), title)
            for name, rows in large.items()
            if name not in ("all", "month")
        },
        "importance": charts.bars(
            [{"name": name, "value": loss.value} for name, loss in judgement.importance.items()],
            f"{title}, worse by",
            ".3f",
        ),
        "staleness": charts.over_time(ages, f"{title}, worse by") if ages else None,
        "nulls": charts.bars(nulls, "share missing", ".1%") if nulls else None,
    }


def _nulls(quality: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns with missing values, most first."""
    shares = [
        {"name": f"{table}.{column}", "value": counts["nulls"] / measured["rows"]}
        for table, measured in quality.items()
        for column, counts in measured["columns"].items()
        if counts["nulls"]
    ]
    return sorted(shares, key=lambda row: -row["value"])


def _table(judgement: Judgement) -> list[dict[str, Any]]:
    """One row for each slice and metric, with model and baseline side by side."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for score in judgement.scores:
        key = (score.slice, score.value, score.metric)
        shared = {name: getattr(score, name) for name in ("slice", "value", "metric", "rows")}
        rows.setdefault(key, shared)[score.model] = score
    return list(rows.values())
