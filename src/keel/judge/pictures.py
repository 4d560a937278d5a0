"""What a report shows of predictions, by what is predicted: figures, charts and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from markupsafe import Markup

from keel.judge.metrics.sums import Array
from keel.judge.metrics.yes_no import METRICS, tally
from keel.project.task import Classes, Number, Task
from keel.show import charts
from keel.show.pages import number

Counts = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

BINS = 10
SAMPLE = 1000  # points: more can't be told apart
LARGEST = 12  # classes that a table has room for
AUC = METRICS["auc"]


@dataclass(frozen=True)
class Picture:
    """A chart or a table, and a sentence that says how to read it."""

    title: str
    says: str
    chart: Markup | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)  # of a table, by its heads


@dataclass(frozen=True)
class Tile:
    """A figure for people in a hurry."""

    title: str
    value: str
    note: str


def figures(task: Task, predictions: pl.DataFrame) -> dict[str, Any]:
    """The figures of the predictions, by the names that page and cards use."""
    label, model = predictions["label"], predictions["model"]
    if isinstance(task, Number):
        error = np.abs(task.numbers(label) - model.to_numpy())
        return {
            "mean": float(task.numbers(label).mean()),
            "median": float(np.median(task.numbers(label))),
            "off_by_at_most_in_nine_of_ten": float(np.quantile(error, 0.9)),
        }
    if isinstance(task, Classes):
        right = task.numbers(label) == model.to_numpy().argmax(axis=1)
        shares = {str(name): count / len(label) for name, count in label.value_counts().iter_rows()}
        return {"shares": shares, "share_right": float(right.mean())}
    riskiest = predictions.sort("model", descending=True).head(max(1, len(label) // 10))
    return {
        "share_positive": _share(label),
        "share_positive_of_riskiest_tenth": _share(riskiest["label"]),
        "mean_probability": float(model.to_numpy().mean()) if len(model) else 0.0,
    }


def tiles(task: Task, test: dict[str, Any]) -> list[Tile]:
    """The figures of `figures` that come first."""
    rows = f"of {test['rows']:,} test rows"
    if isinstance(task, Number):
        return [
            Tile(f"{task.label}, median", number(test["median"]), rows),
            Tile("off by at most", number(test["off_by_at_most_in_nine_of_ten"]), "in nine of ten"),
        ]
    if isinstance(task, Classes):
        name, share = max(test["shares"].items(), key=lambda item: item[1])
        return [
            Tile("right", f"{test['share_right']:.1%}", f"{rows}, the likeliest class"),
            Tile(f"{task.label}, the commonest", f"{share:.1%}", f"are {name}"),
        ]
    riskiest = f"{test['share_positive_of_riskiest_tenth']:.1%}"
    return [
        Tile(f"{task.label}, of all", f"{test['share_positive']:.1%}", rows),
        Tile(f"{task.label}, of the riskiest tenth", riskiest, "by the model’s probability"),
    ]


def pictures(
    task: Task,
    predictions: pl.DataFrame,
    slices: list[str],
    interval: Mapping[str, float] | None = None,
) -> list[Picture]:
    """What shows whether the predictions can be believed."""
    if isinstance(task, Number):
        return [*_of_numbers(task, predictions, slices), *_held(predictions, slices, interval)]
    if isinstance(task, Classes):
        return _of_classes(task, predictions)
    says = (
        f"Of the rows with a predicted probability of 30 %, 30 % should be {task.label}, and so "
        "on: the dashed line."
    )
    rows = [
        {"model": model, **point}
        for model in ("model", "baseline")
        for point in _calibration(task.numbers(predictions["label"]), predictions[model].to_numpy())
    ]
    return [Picture("Calibration", says, charts.calibration(rows))]


def _calibration(label: Array, probability: Array) -> list[dict[str, float]]:
    """Predicted and observed share of ten equal groups."""
    whole = np.zeros(len(label), np.int64)
    counts = tally(label, probability, whole, np.ones(len(label)), BINS)
    points = zip(counts.probability, counts.positive[0], counts.rows[0], strict=True)
    return [
        {"predicted": float(probability), "observed": float(positive / rows)}
        for probability, positive, rows in points
    ]


def _of_classes(task: Classes, predictions: pl.DataFrame) -> list[Picture]:
    label, model = predictions["label"], predictions["model"].to_numpy()
    truth, likeliest = task.numbers(label).astype(np.int64), model.argmax(axis=1)
    size = len(task.names)
    counts = np.bincount(truth * size + likeliest, minlength=size**2).reshape(size, size)
    commonest = np.argsort(-counts.sum(axis=1), kind="stable")[:LARGEST]
    cells = [
        {"was": task.names[row], "seemed": task.names[column], "rows": int(counts[row, column])}
        for row in commonest
        for column in commonest
    ]
    confidence = [
        {"model": name, **point}
        for name in ("model", "baseline")
        for shares in [predictions[name].to_numpy()]
        for point in _calibration(
            (truth == shares.argmax(axis=1)).astype(np.float64), shares.max(axis=1)
        )
    ]
    order = [task.names[row] for row in commonest]
    return [
        Picture(
            "Confusion matrix",
            "Rows by class and by predicted (likeliest) class; those on the diagonal are right."
            + f" Only the {LARGEST} commonest classes are shown." * (size > LARGEST),
            charts.confusion(cells, order),
        ),
        Picture(
            "Calibration of the likeliest class",
            "Where the probability of the likeliest class is 70 %, it should be right in 70 % of "
            "the rows, and so on: the dashed line.",
            charts.calibration(confidence),
        ),
        Picture(
            "Each class against the rest",
            "Recall: the share of the class that it finds. Precision: the share of predictions of "
            "the class that are right. AUC: how well it tells the class from the others; 0.5 is "
            "guessing.",
            rows=[_against_rest(task, counts, truth, model, place) for place in commonest],
        ),
    ]


def _against_rest(
    task: Classes, counts: Counts, truth: Counts, model: Array, place: int
) -> dict[str, Any]:
    is_it = (truth == place).astype(np.float64)
    rows, seemed = counts[place].sum(), counts[:, place].sum()
    auc = AUC.score(is_it, model[:, place], np.ones(len(is_it)))
    return {
        "class": task.names[place],
        "rows": f"{rows:,}",
        "recall": number(counts[place, place] / rows) if rows else number(None),
        "precision": number(counts[place, place] / seemed) if seemed else number(None),
        "AUC": number(auc) if np.isfinite(auc) else number(None),
    }


def _of_numbers(task: Number, predictions: pl.DataFrame, slices: list[str]) -> list[Picture]:
    some = predictions.sample(min(SAMPLE, len(predictions)), seed=1)
    error = pl.col("model") - pl.col("label")
    off = predictions.with_columns(error.alias("error"))
    pictures = [
        Picture(
            "Predicted and observed",
            "A point for each of some test rows. On the dashed line the prediction was right, "
            "below it too low.",
            charts.observed(some.select("label", "model").to_dicts(), task.label),
        )
    ]
    if "month" in off.columns:
        pictures.append(
            Picture(
                "Residuals over time",
                "Predicted minus observed: the line is the median, the band has eight of ten rows. "
                "Away from 0 the predictions are too high, or too low.",
                charts.residuals(_spread(off, "month"), "predicted minus observed"),
            )
        )
    for name in slices:
        shown = _spread(off, name)[:LARGEST]
        says = "Predicted minus observed for each value; the line has eight of ten rows."
        pictures.append(
            Picture(f"Residuals by {name}", says, charts.ranges(shown, "predicted minus observed"))
        )
    return pictures


def _held(
    predictions: pl.DataFrame, slices: list[str], interval: Mapping[str, float] | None
) -> Iterator[Picture]:
    """How often the interval around a predicted number held, where there is one."""
    if interval is None:
        return
    off = (pl.col("model") - pl.col("label")).abs()
    held = predictions.with_columns(held=off <= interval["reach"])
    share = held["held"].sum() / len(held)
    rows = [{"name": "all rows", "value": share}]
    for name in [part for part in ("month", *slices) if part in held.columns]:
        values = held.group_by(pl.col(name).cast(pl.String).fill_null("unknown").alias("name"))
        shares = values.agg(value=pl.col("held").mean(), rows=pl.len())
        largest = shares.sort("rows", "name", descending=[True, False]).head(LARGEST).sort("name")
        rows += [
            {"name": f"{name} = {row['name']}", "value": row["value"]}
            for row in largest.iter_rows(named=True)
        ]
    says = (
        f"The truth should be within {number(interval['reach'])} of the prediction in "
        f"{interval['share']:.0%} of the rows; of all test rows it was in {share:.1%}."
    )
    yield Picture(
        "Coverage of the prediction intervals", says, charts.bars(rows, "share within", ".0%")
    )


def _spread(off: pl.DataFrame, name: str) -> list[dict[str, Any]]:
    """Median and tenths of the error, by value of a column, the commonest first but for months."""
    error = pl.col("error")
    spread = off.group_by(pl.col(name).cast(pl.String).fill_null("unknown").alias("name")).agg(
        low=error.quantile(0.1), middle=error.median(), high=error.quantile(0.9), rows=pl.len()
    )
    if name == "month":
        return spread.sort("name").to_dicts()
    return spread.sort("rows", "name", descending=[True, False]).to_dicts()


def _share(label: pl.Series) -> float:
    return float(label.sum()) / len(label)
