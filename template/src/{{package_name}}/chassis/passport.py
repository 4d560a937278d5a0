# Keel keeps this file up to date.
"""What a model was made from: the passport that lies beside it."""

import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from ..examples import LABEL, TIME, ZONE, Examples
from .commands import output
from .inputs import Categories, Period
from .store import Store, sha256


def passport(
    store: Store, period: Period, inputs: pl.DataFrame, known: Categories, settings: dict[str, Any]
) -> dict[str, Any]:
    """Code, data, settings and features of the models that were just saved."""
    days = period.examples[TIME].dt.convert_time_zone(ZONE).dt.date()
    return {
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": code_version(store.project),
        "settings": settings,
        "training": {
            "rows": len(period.examples),
            "without_label": period.unlabelled,
            "share_positive": round(float(period.label.sum()) / len(period.label), 6),
            "from": str(days.min()),
            "to": str(days.max()),
            "missing": {
                column.name: round(column.null_count() / len(column), 6)
                for column in period.examples.drop(LABEL)
            },
        },
        "features": {name: known.get(name, str(dtype)) for name, dtype in inputs.schema.items()},
        "sha256": {
            "examples": sha256(store.examples),
            "schema": schema_hash(),
            "model": sha256(store.model),
            "baseline": sha256(store.baseline),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("polars", "lightgbm", "scikit-learn")},
        },
    }


def code_version(root: Path) -> dict[str, Any]:
    """The commit, and whether something was not committed; None for both outside of Git."""
    commit = output(root, "git", "rev-parse", "HEAD")
    changes = output(root, "git", "status", "--porcelain", "--", "src", "conf", "uv.lock")
    return {"commit": commit, "uncommitted_changes": None if commit is None else bool(changes)}


def schema_hash() -> str:
    """A hash of the names, types and rules of `Examples`."""
    text = "\n".join(f"{name}: {column!r}" for name, column in Examples.columns().items())
    return hashlib.sha256(text.encode()).hexdigest()
