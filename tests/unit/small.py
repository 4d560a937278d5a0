"""A small project that is not about flights: one table, few columns, a label that is yes or no."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from keel import Features, Logistic, Project, Tables, afterwards, ahead, measured
from keel.data.store import Store


class Visits(dy.Schema):
    """One row for each visit of a customer."""

    visit = dy.Int64(primary_key=True, metadata=ahead())
    at = dy.Datetime(time_zone="UTC", metadata=ahead())
    shop = dy.String(metadata=ahead())
    pages = dy.Float64(min=0, metadata=measured())
    bought = dy.Bool(nullable=True, metadata=afterwards())


def build(tables: Tables) -> pl.LazyFrame:
    """A visit is an example."""
    return tables["visits"].select(Visits.column_names()).sort("at", "visit")


def small_project(**changes: Any) -> Project:
    """The project, or one that differs: Project checks itself when it is made."""
    parts: Mapping[str, Any] = {
        "tables": {"visits": Visits},
        "examples": Visits,
        "build": build,
        "label": "bought",
        "time": "at",
        "zone": "Europe/Zurich",
        "features": Features(Visits).plain("shop", "pages"),
        "models": {"logistic": Logistic},
    }
    return Project(**{**parts, **changes})


def with_feature(feature: Callable[[], pl.Expr]) -> Project:
    """The project with one feature alone."""
    features = Features(Visits)
    features.add(feature)
    return small_project(features=features)


def visits(rows: int = 400) -> pl.DataFrame:
    """A visit every six hours of 2025; the more pages somebody reads, the more likely they buy."""
    random = np.random.default_rng(1)
    pages = random.integers(1, 20, rows)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    return pl.DataFrame(
        {
            "visit": range(rows),
            "at": [start + timedelta(hours=6 * n) for n in range(rows)],
            "shop": [("Bern", "Basel")[n % 2] for n in range(rows)],
            "pages": pages.astype(float),
            "bought": random.uniform(size=rows) < pages / 20,
        }
    )


def small_settings(folder: Path) -> dict[str, Any]:
    """Settings for the visits, whose table is written into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    visits().write_parquet(folder / "visits.parquet")
    model = {"name": "logistic", "regularisation": 1.0, "iterations": 20}
    return {
        "data": {
            "source": str(folder / "{table}.parquet"),
            "nulls": [],
            "rows": {},
            "tolerated": 0.0,
        },
        "split": {"test_from": "2025-03-01"},
        "model": model,
        "baseline": model,
        "evaluation": {
            "slices": ["shop"],
            "smallest_slice": 20,
            "resamples": 20,
            "seed": 1,
            "floors": {},
            "slice_floors": {},
        },
    }


def small_store(folder: Path) -> Store:
    """Where its runs are written, with the cards that a report fills in."""
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    for name in ("model-card.md", "data-sheet.md"):
        (folder / "docs" / name).write_text("AUC {{ model.auc.score | number }}\n", "utf-8")
    return Store(folder, folder)
