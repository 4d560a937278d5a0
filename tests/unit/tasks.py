"""Small projects of each task: one table of orders, with a time, a date, or none of both."""

import types
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from keel import Features, Linear, Project, afterwards, ahead, measured
from keel.data.store import Store

FIRST = datetime(2025, 1, 1, 12, tzinfo=UTC)
LABELS: Mapping[str, dy.Column] = {
    "yes or no": dy.Enum(["no", "yes"], nullable=True, metadata=afterwards(true="yes")),
    "one of several": dy.Enum(
        ["home", "office", "shop", "box"], nullable=True, metadata=afterwards()
    ),
    "a number": dy.Float64(nullable=True, metadata=afterwards()),
}
TIMES: Mapping[str, dy.Column] = {
    "time": dy.Datetime(time_zone="UTC", metadata=ahead()),
    "date": dy.Date(metadata=ahead()),
}


def task_project(kind: str, time: str | None = "time") -> Project:
    """A project that predicts that; `time` is the kind of its column `day`, None without it."""
    columns: dict[str, Any] = {
        "order": dy.Int64(primary_key=True, metadata=ahead()),
        "town": dy.String(metadata=ahead()),
        "weight": dy.Float64(min=0, nullable=True, metadata=measured()),
        "outcome": LABELS[kind],
        **({"day": TIMES[time]} if time else {}),
    }
    schema: Any = types.new_class(
        "Orders", (dy.Schema,), exec_body=lambda body: body.update(columns)
    )
    return Project(
        tables={"orders": schema},
        examples=schema,
        build=lambda tables: tables["orders"].select(schema.column_names()).sort("order"),
        label="outcome",
        time="day" if time else None,
        zone="Europe/Zurich",
        features=Features(schema).plain("town", "weight"),
        models={"linear": Linear},
    )


def orders(project: Project, days: int = 80, a_day: int = 10) -> pl.DataFrame:
    """So many orders on each day from 1 January on; the heavier, the more of the outcome."""
    random = np.random.default_rng(1)
    weight = random.uniform(0, 10, days * a_day).round(2)
    noise = weight + random.normal(0, 2, len(weight))
    classes = project.examples.columns()["outcome"]
    outcome: Any = (120 + 30 * noise).round(2)
    if isinstance(classes, dy.Enum):
        place = np.clip(noise * len(classes.categories) / 10, 0, len(classes.categories) - 1)
        outcome = [str(classes.categories[int(n)]) for n in place]
    rows = pl.DataFrame(
        {
            "order": range(len(weight)),
            "town": [("Bern", "Basel")[n % 2] for n in range(len(weight))],
            "weight": weight,
            "outcome": outcome,
            "day": [FIRST + timedelta(days=n // a_day) for n in range(len(weight))],
        }
    )
    return project.examples.validate(rows.select(project.examples.column_names()), cast=True)


def task_settings(project: Project, folder: Path, **changes: Any) -> dict[str, Any]:
    """Settings for the orders, which are written into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    orders(project).write_parquet(folder / "orders.parquet")
    split = {"by": "time", "test_from": "2025-03-01"}
    model = {"name": "linear", "regularisation": 1.0, "iterations": 20}
    data = {"source": str(folder / "{table}.parquet"), "nulls": [], "rows": {}, "tolerated": 0.0}
    evaluation = {
        "slices": ["town"], "smallest_slice": 20, "resamples": 20, "seed": 1,
        "floors": {}, "slice_floors": {},
    }  # fmt: skip
    return {
        "data": data,
        "split": split if project.time else {"by": "key", "test_share": 0.3},
        "model": model,
        "baseline": model,
        "evaluation": evaluation,
        **changes,
    }


def task_store(folder: Path) -> Store:
    """Where its runs are written, with the cards that a report fills in."""
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    for name in ("model-card.md", "data-sheet.md"):
        (folder / "docs" / name).write_text(f"{name}\n", "utf-8")
    return Store(folder, folder)
