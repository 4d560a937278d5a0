# Keel keeps this file up to date.
"""The report that people read: one HTML page, and the cards of model and data."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from ..evaluation import METRICS, Score, tally
from ..examples import LABEL
from . import charts
from .about import project
from .chance import MAIN, Difference
from .errors import UserError
from .gates import Verdict
from .pages import environment, page
from .store import Store

CARDS = ("model-card.md", "data-sheet.md")
SIGN = 1 if METRICS[MAIN].higher_is_better else -1


@dataclass(frozen=True)
class Findings:
    """What an evaluation found."""

    predictions: pl.DataFrame
    scores: list[Score]
    verdicts: list[Verdict]
    importance: dict[str, Difference]
    staleness: dict[str, Any]
    smallest_slice: int
    unlabelled: int
    passport: dict[str, Any]


def write_report(store: Store, found: Findings) -> None:
    """Write `reports/report.html`, the scores of all slices, and the cards with their figures."""
    quality = store.read_json(store.report("data-quality.json"))
    context = {**figures(found, quality), "project": project(store.project)}
    charts, scores = _charts(found, quality), _table(found.scores)
    text = page("report.html", **context, charts=charts, scores=scores, metrics=METRICS)
    store.write_text(store.report("report.html"), text)
    store.write_text(
        store.report("slices.csv"), pl.DataFrame(found.scores).write_csv(float_precision=6)
    )
    for card in CARDS:
        store.write_text(store.report(card), _card(store.project / "docs" / card, context))


def figures(found: Findings, quality: dict[str, Any]) -> dict[str, Any]:
    """The figures of the report, by the names that page and cards use."""
    label, probability = found.predictions["label"], found.predictions["model"]
    riskiest = found.predictions.sort("model", descending=True).head(max(1, len(label) // 10))
    whole = {
        model: {
            score.metric: score
            for score in found.scores
            if score.slice == "all" and score.model == model
        }
        for model in ("model", "baseline")
    }
    slices = [
        score
        for score in found.scores
        if score.slice not in ("all", "month") and score.metric == MAIN and score.model == "model"
    ]
    return {
        "model": whole["model"],
        "baseline": whole["baseline"],
        "main": MAIN,
        "missed": [verdict.sentence for verdict in found.verdicts if verdict.refused],
        "verdicts": found.verdicts,
        "waived": any(verdict.waiver for verdict in found.verdicts),
        "staleness": found.staleness,
        "label": LABEL,
        "smallest_slice": found.smallest_slice,
        "test": {
            "rows": len(label),
            "share_positive": _share(label),
            "share_positive_of_riskiest_tenth": _share(riskiest["label"]),
            "mean_probability": float(probability.to_numpy().mean()) if len(probability) else 0.0,
            "from": found.predictions["month"].min(),
            "to": found.predictions["month"].max(),
            "without_label": found.unlabelled,
        },
        "worst_slices": sorted(
            (score for score in slices if score.score is not None),
            key=lambda score: (score.score or 0) * SIGN,
        )[:3],
        "importance": {name: loss.value for name, loss in found.importance.items()},
        "passport": found.passport,
        "quality": quality,
    }


def _charts(found: Findings, quality: dict[str, Any]) -> dict[str, Any]:
    title = METRICS[MAIN].title
    large: dict[str, list[dict[str, Any]]] = {}
    for score in found.scores:
        if score.metric == MAIN and score.score is not None and score.rows >= found.smallest_slice:
            named = {"time": score.value, "slice": f"{score.value} ({score.rows:,})"}
            large.setdefault(score.slice, []).append(asdict(score) | named)
    nulls = _nulls(quality)
    ages = [
        {"time": f"{loss['age']} months", "model": "model", **loss, "score": loss["loss"]}
        for loss in found.staleness.get("losses", [])
    ]
    return {
        "over_time": charts.over_time(large.get("month", []), title),
        "slices": {
            name: charts.by_slice(sorted(rows, key=lambda row: -row["score"] * SIGN), title)
            for name, rows in large.items()
            if name not in ("all", "month")
        },
        "calibration": charts.calibration(_calibration(found.predictions)),
        "importance": charts.bars(
            [{"name": name, "value": loss.value} for name, loss in found.importance.items()],
            f"{title} lost when shuffled",
            ".3f",
        ),
        "staleness": charts.over_time(ages, f"{title} lost") if ages else None,
        "nulls": charts.bars(nulls, "share missing", ".1%") if nulls else None,
    }


def _nulls(quality: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns with missing values, most first."""
    shares = [
        {"name": f"{table}.{column}", "value": counts["nulls"] / found["rows"]}
        for table, found in quality.items()
        for column, counts in found["columns"].items()
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


def _table(scores: list[Score]) -> list[dict[str, Any]]:
    """One row for each slice and metric, with model and baseline side by side."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for score in scores:
        key = (score.slice, score.value, score.metric)
        row = rows.setdefault(
            key,
            {
                "slice": score.slice,
                "value": score.value,
                "metric": score.metric,
                "rows": score.rows,
            },
        )
        row[score.model] = score
    return list(rows.values())


def _card(path: Path, context: dict[str, Any]) -> str:
    """The team's text with the run's figures in it."""
    try:
        return environment(path.parent).get_template(path.name).render(**context)
    except jinja2.TemplateNotFound as error:
        raise UserError(f"docs/{path.name} is missing: `git restore docs/{path.name}`") from error
    except jinja2.TemplateError as error:
        raise UserError(
            f"docs/{path.name}: {error}; the figures there are are {', '.join(context)}"
        ) from error


def _share(label: pl.Series) -> float:
    return float(label.sum()) / len(label)
