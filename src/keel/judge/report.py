"""The report that people read: one HTML page, and the cards of model and data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from keel.judge.judgement import Judgement
from keel.judge.metrics import main_metric, metrics_of, tally
from keel.judge.scores import Score
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.metric import Metric
from keel.show import charts
from keel.show.pages import environment, page

CARDS = ("model-card.md", "data-sheet.md")


@dataclass(frozen=True)
class Run:
    """What a report tells of, beside the judgement."""

    about: Mapping[str, str]  # name and purpose of the project
    passport: dict[str, Any]
    quality: dict[str, Any]  # of the data, by table
    smallest_slice: int


def report(project: Project, judgement: Judgement, run: Run) -> tuple[str, dict[str, Any]]:
    """The page, and the figures in it by the names that page and cards use."""
    context = {**figures(project, judgement, run), "project": run.about}
    text = page(
        "judge/report.html",
        **context,
        charts=_charts(main_metric(project), judgement, run),
        scores=_table(judgement),
        metrics=metrics_of(project),
    )
    return text, context


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
    main, metric = next(iter(metrics_of(project).items()))
    label, probability = predictions["label"], predictions["model"]
    riskiest = predictions.sort("model", descending=True).head(max(1, len(label) // 10))
    whole = {
        model: {
            score.metric: score
            for score in judgement.scores
            if score.slice == "all" and score.model == model
        }
        for model in ("model", "baseline")
    }
    slices = [
        (metric.sign * score.score, score)
        for score in judgement.scores
        if score.slice not in ("all", "month")
        and score.metric == main
        and score.model == "model"
        and score.score is not None
    ]
    return {
        "model": whole["model"],
        "baseline": whole["baseline"],
        "main": main,
        "baseline_better": _better_baseline(project, whole),
        "missed": [verdict.sentence for verdict in judgement.refusals],
        "verdicts": judgement.verdicts,
        "waived": any(verdict.waiver for verdict in judgement.verdicts),
        "staleness": judgement.staleness,
        "label": project.label,
        "smallest_slice": run.smallest_slice,
        "test": {
            "rows": len(label),
            "share_positive": _share(label),
            "share_positive_of_riskiest_tenth": _share(riskiest["label"]),
            "mean_probability": float(probability.to_numpy().mean()) if len(probability) else 0.0,
            "from": predictions["month"].min(),
            "to": predictions["month"].max(),
            "without_label": judgement.unlabelled,
        },
        "worst_slices": [score for _, score in sorted(slices, key=lambda slice_: slice_[0])][:3],
        "importance": {name: loss.value for name, loss in judgement.importance.items()},
        "passport": run.passport,
        "quality": run.quality,
    }


def _better_baseline(project: Project, whole: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """The metrics in which the baseline is better, chance or not, with both scores."""
    return [
        f"{metric.title} ({simple:.3f} beside {score:.3f})"
        for name, metric in metrics_of(project).items()
        if (score := whole["model"][name].score) is not None
        and (simple := whole["baseline"][name].score) is not None
        and (simple - score) * metric.sign > 0
    ]


def _charts(metric: Metric, judgement: Judgement, run: Run) -> dict[str, Any]:
    title = metric.title
    large: dict[str, list[dict[str, Any]]] = {}
    main = next(score.metric for score in judgement.scores)
    for score in judgement.scores:
        if score.metric == main and score.score is not None and score.rows >= run.smallest_slice:
            named = {"time": score.value, "slice": f"{score.value} ({score.rows:,})"}
            large.setdefault(score.slice, []).append(asdict(score) | named)
    nulls = _nulls(run.quality)
    ages = [
        {"time": f"{loss['age']} months", "model": "model", **loss, "score": loss["loss"]}
        for loss in judgement.staleness.get("losses", [])
    ]
    return {
        "over_time": charts.over_time(large.get("month", []), title),
        "slices": {
            name: charts.by_slice(sorted(rows, key=lambda row: -row["score"] * metric.sign), title)
            for name, rows in large.items()
            if name not in ("all", "month")
        },
        "calibration": charts.calibration(_calibration(judgement.predictions)),
        "importance": charts.bars(
            [{"name": name, "value": loss.value} for name, loss in judgement.importance.items()],
            f"{title} lost when shuffled",
            ".3f",
        ),
        "staleness": charts.over_time(ages, f"{title} lost") if ages else None,
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


def _calibration(predictions: pl.DataFrame) -> list[dict[str, Any]]:
    """Predicted and observed share of ten equal groups."""
    return [
        {
            "model": model,
            "predicted": float(probability),
            "observed": float(positive / rows),
        }
        for model in ("model", "baseline")
        for counts in [tally(predictions["label"], predictions[model], groups=10)]
        for probability, positive, rows in zip(
            counts.probability, counts.positive[0], counts.rows[0], strict=True
        )
    ]


def _table(judgement: Judgement) -> list[dict[str, Any]]:
    """One row for each slice and metric, with model and baseline side by side."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for score in judgement.scores:
        key = (score.slice, score.value, score.metric)
        shared = {name: getattr(score, name) for name in ("slice", "value", "metric", "rows")}
        rows.setdefault(key, shared)[score.model] = score
    return list(rows.values())


def _share(label: pl.Series) -> float:
    return float(label.sum()) / len(label)
