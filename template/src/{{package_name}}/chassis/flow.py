# Keel keeps this file up to date.
"""All stages in one process: for sweeps and tests. `uv run poe run` is for everyday work."""

import sys
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from . import configuration
from .errors import RefusedError, UserError
from .progress import set_up_logging
from .stages import STAGES, run_stage
from .store import Store
from .tracing import PIPELINE, recording, span


def flow(composed: DictConfig, project: Path) -> float | None:
    """Run all stages in Hydra's folder for this run; returns the first metric of the model."""
    set_up_logging()
    store = Store(project, Path(HydraConfig.get().runtime.output_dir))
    try:
        content = cast("dict[str, Any]", OmegaConf.to_container(composed, resolve=True))
        with recording(store.root / PIPELINE), span("flow"):
            run(content, store)
    except RefusedError as refused:
        if HydraConfig.get().mode != RunMode.MULTIRUN:
            sys.exit(f"error: {refused}")
        print(f"warning: {refused}", file=sys.stderr)  # a sweep goes on: the others may be better
    except (UserError, OmegaConfBaseException, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    print(store.report("report.html"))
    metrics = store.read_json(store.report("metrics.json"))
    return cast("float | None", next(iter(metrics.values())))


def run(content: dict[str, Any], store: Store) -> None:
    """Run all stages with these settings. Raises UserError."""
    settings = configuration.write(content, store)
    for name in STAGES:
        run_stage(name, settings, store)
