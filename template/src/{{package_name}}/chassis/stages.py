# Keel keeps this file up to date.
"""The stages of the pipeline, in order. `dvc.yaml` runs the same ones, one process each."""

import importlib
import inspect
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import structlog

from ..settings import Settings
from .product import part
from .store import Store
from .tracing import span

STAGES = ("ingest", "validate", "prepare", "train", "evaluate")

log = structlog.get_logger()


def run_stage(name: str, settings: Settings, store: Store) -> dict[str, Any]:
    """Run a stage with the settings that its parameters name; returns what it says of itself."""
    started = time.perf_counter()
    stage, sections = load(name)
    events = part("monitoring.events")
    recorded = events.recorded(name, settings, store) if events else nullcontext()
    with span(name), recorded:
        facts = stage(store, **{section: getattr(settings, section) for section in sections})
    log.info(name, **facts, seconds=round(time.perf_counter() - started, 1))
    return facts


def load(name: str) -> tuple[Callable[..., dict[str, Any]], list[str]]:
    """A stage's function, and the parts of the settings that it uses."""
    stage: Callable[..., dict[str, Any]] = importlib.import_module(f".{name}", __package__).run
    return stage, [section for section in inspect.signature(stage).parameters if section != "store"]
