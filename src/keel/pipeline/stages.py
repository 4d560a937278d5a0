"""The stages of the pipeline, in order. `dvc.yaml` runs the same ones, one process each."""

import importlib
import inspect
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import structlog

from keel.data.store import Store
from keel.lineage.events import recorded
from keel.pipeline.code import STAGES
from keel.project.blame import blamed
from keel.project.description import Project
from keel.project.errors import RefusedError, UserError
from keel.project.settings import Settings
from keel.show.tracing import span

__all__ = ["STAGES", "run_stage"]

log = structlog.get_logger()


def run_stage(
    name: str, store: Store, project: Project, settings: Settings, today: date
) -> dict[str, Any]:
    """Run a stage, noted as a span and in the lineage; returns what it says of itself.

    Raises UserError with file and line if the project's own code raises anything.
    """
    started = time.perf_counter()
    stage: Callable[..., dict[str, Any]] = importlib.import_module(f"keel.pipeline.{name}").run
    available = {"project": project, "settings": settings, "today": today, **dict(settings)}
    wanted = [name for name in inspect.signature(stage).parameters if name != "store"]
    try:
        with span(name), recorded(name, project, settings, store):
            facts = stage(store, **{name: available[name] for name in wanted})
    except RefusedError as refused:
        log.info(name, **refused.scores)
        raise
    except UserError:
        raise
    except Exception as error:
        if own := blamed(error, store.repository):
            raise UserError(f"{name}: {own}") from error
        raise
    log.info(name, **facts, seconds=round(time.perf_counter() - started, 1))
    return facts
