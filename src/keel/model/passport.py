"""What a model was made from: the passport that lies beside it."""

import hashlib
import platform
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from keel.data.split import Labelled
from keel.data.store import Store, sha256
from keel.model.inputs import Categories
from keel.project.about import own_code
from keel.project.commands import output
from keel.project.description import Project

PACKAGES = (
    *("keel-ml", "polars", "lightgbm", "scikit-learn", "skops"),
    *("xgboost", "xgboost-cpu", "catboost", "onnxruntime"),
)


def passport(  # noqa: PLR0913 -- what a model is made of
    store: Store,
    project: Project,
    learnt: Labelled,
    inputs: pl.DataFrame,
    known: Categories,
    settings: dict[str, Any],
    *,
    code: Mapping[str, Any],
) -> dict[str, Any]:
    """Code, data, settings and features of the models that were just saved.

    `code` is what `code_version` said before they were fitted.
    """
    days = learnt.examples.select(project.local_day).to_series() if project.time else None
    return {
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": {name: code[name] for name in ("commit", "uncommitted_changes")},
        "settings": settings,
        "training": {
            "rows": len(learnt.examples),
            "without_label": learnt.unlabelled,
            **project.task.summary(learnt.label),
            "from": None if days is None else str(days.min()),
            "to": None if days is None else str(days.max()),
            "missing": {
                column.name: round(column.null_count() / len(column), 6)
                for column in learnt.examples.drop(project.label)
            },
        },
        "features": {name: known.get(name, str(dtype)) for name, dtype in inputs.schema.items()},
        "sha256": {
            "code": code["sha256"],
            "examples": sha256(store.examples),
            "schema": schema_hash(project.examples),
            "model": sha256(store.model),
            "baseline": sha256(store.baseline),
        },
        "versions": {
            "python": platform.python_version(),
            **dict(_installed()),
        },
    }


def _installed() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        with suppress(PackageNotFoundError):  # not every project has each
            yield name, version(name)


def code_version(root: Path) -> dict[str, Any]:
    """The commit, whether something was not committed, and the `sha256` of the team's own code.

    The first two are None outside of Git.
    """
    commit = output(root, "git", "rev-parse", "HEAD")
    changes = output(root, "git", "status", "--porcelain", "--", "src", "conf", "uv.lock")
    return {
        "commit": commit,
        "uncommitted_changes": None if commit is None else bool(changes),
        "sha256": own_code(root),
    }


def schema_hash(schema: type[dy.Schema]) -> str:
    """A hash of the names, types and rules of a schema."""
    text = "\n".join(f"{name}: {column!r}" for name, column in schema.columns().items())
    return hashlib.sha256(text.encode()).hexdigest()
