"""All stages in one process, in a folder of their own: for sweeps, tests and CI."""

import sys
from datetime import date
from pathlib import Path
from typing import Any, cast

from keel.data.store import Store
from keel.pipeline import configuration
from keel.pipeline.stages import STAGES, run_stage
from keel.project.description import Project
from keel.project.errors import RefusedError, UserError
from keel.show.progress import set_up_logging
from keel.show.tracing import PIPELINE, recording, span


def flow(
    project: Project,
    content: dict[str, Any],
    store: Store,
    today: date,
    stages: tuple[str, ...] = STAGES,
) -> None:
    """Run stages with these settings, which may still be wrong. Raises UserError."""
    settings = configuration.write(project, content, store)
    for name in stages:
        run_stage(name, store, project, settings, today)


def by_hydra(root: Path, project: Project, arguments: list[str]) -> None:
    """The flow with Hydra's command line, in Hydra's folder for this run; or several, in a sweep.

    `arguments` are changes such as `data=quick`, and Hydra's options such as `--multirun`.
    Exits with 1 if a run ends with a mistake.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    def once(composed: DictConfig) -> float | None:
        set_up_logging()
        store = Store(root, Path(HydraConfig.get().runtime.output_dir))
        try:
            content = cast("dict[str, Any]", OmegaConf.to_container(composed, resolve=True))
            with recording(store.root / PIPELINE), span("flow"):
                flow(project, content, store, date.today())  # noqa: DTZ011 -- the day here
        except RefusedError as refused:
            if HydraConfig.get().mode != RunMode.MULTIRUN:
                sys.exit(f"error: {refused}")
            print(f"warning: {refused}", file=sys.stderr)  # a sweep goes on: others may be better
        except (UserError, OmegaConfBaseException, OSError) as error:
            sys.exit(f"error: {error}")
        print(f"\nThe report: {store.report('report.html')}")
        scores: dict[str, float | None] = store.read_json(store.report("metrics.json"))
        return next(iter(scores.values()))

    sys.argv = ["keel run", *arguments]
    hydra.main(config_path=str(root / "conf"), config_name="config", version_base="1.3")(once)()
