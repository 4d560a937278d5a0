"""What each stage read and made, told to a server of OpenLineage that the environment names."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from keel.data.store import Store
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Settings

if TYPE_CHECKING:
    from keel.lineage.standard import Run

# As OpenLineage's own client reads them.
SERVER = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT__TYPE")

log = structlog.get_logger()


@contextmanager
def recorded(stage: str, project: Project, settings: Settings, store: Store) -> Iterator[None]:
    """Tell of the start of a stage and of its end. What can't be told stops nothing."""
    run = _run(stage, project, settings, store) if any(map(os.environ.get, SERVER)) else None
    _tell(run, "START", made=False)
    try:
        yield
    except BaseException as error:
        trace = None if isinstance(error, UserError) else traceback.format_exc()
        kind = "ABORT" if isinstance(error, KeyboardInterrupt) else "FAIL"
        _tell(run, kind, error=(str(error) or type(error).__name__, trace))
        raise
    _tell(run, "COMPLETE", made=True)


def _run(stage: str, project: Project, settings: Settings, store: Store) -> Run | None:
    try:
        from keel.lineage.standard import Run  # it takes half a second, and may not be there

        return Run(stage, project, settings, store)
    except ModuleNotFoundError as error:
        cure = f"{error.name} is not installed: `uv add --dev 'keel-ml[lineage]'` installs it"
        log.warning("lineage_not_sent", stage=stage, reason=cure)
        return None


def _tell(run: Run | None, kind: str, **what: Any) -> None:
    try:
        if run:
            run.tell(kind, **what)
    except Exception as error:  # noqa: BLE001 -- whatever way of sending is configured
        log.warning("lineage_not_sent", kind=kind, reason=str(error))
