"""All stages in one process, in a folder of their own: for sweeps, tests and CI."""

import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

from keel.data.store import Store
from keel.pipeline import configuration
from keel.pipeline.changes import first_of_each, for_hydra
from keel.pipeline.stages import STAGES, run_stage
from keel.project.description import Project
from keel.project.errors import RefusedError, UserError
from keel.show.progress import set_up_logging
from keel.show.tracing import PIPELINE, recording, span

SEVERAL = {"--multirun", "-m"}


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


def by_hydra(root: Path, project: Project, arguments: Sequence[str], today: date) -> None:
    """The flow in Hydra's folder for a run with changes such as `data=quick`; or several runs.

    With `--multirun` it runs once for each of the values in the changes, and goes on when a model
    is refused. Raises UserError if a change is none, or a run ends with a mistake.
    """
    options = {argument for argument in arguments if argument.startswith("-")}
    if options - SEVERAL:
        raise UserError(
            f"{', '.join(sorted(options - SEVERAL))}: beside changes of settings the only option "
            "is --multirun, for a run of each of several values"
        )
    conf = root / "conf"
    changes = [argument for argument in arguments if not argument.startswith("-")]
    written = for_hydra(conf, changes, sweep=bool(options))
    configuration.checked(project, configuration.compose(conf, first_of_each(written)), "")
    _by_hydra(root, project, [*options, *written], today)


def _by_hydra(root: Path, project: Project, arguments: list[str], today: date) -> None:
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from hydra.types import RunMode
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    mistakes: list[UserError | OSError] = []

    def run(composed: DictConfig) -> float | None:
        store = Store(root, Path(HydraConfig.get().runtime.output_dir))
        try:
            content = cast("dict[str, Any]", OmegaConf.to_container(composed, resolve=True))
            with recording(store.root / PIPELINE), span("flow"):
                flow(project, content, store, today)
        except RefusedError as refused:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                print(f"warning: {refused}", file=sys.stderr)  # others may be better
            else:
                mistakes.append(refused)
        except (UserError, OSError) as mistake:
            mistakes.append(mistake)
            sys.exit(1)  # the way past Hydra, which would show a traceback
        print(f"\nThe report: {store.report('report.html')}")
        scores: dict[str, float | None] = store.read_json(store.report("metrics.json"))
        return next(iter(scores.values()))

    set_up_logging()
    before, sys.argv = sys.argv, ["keel run", *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # raise, and don't print
    try:
        hydra.main(config_path=str(root / "conf"), config_name="config", version_base="1.3")(run)()
    except SystemExit:
        if not mistakes:
            raise
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(f"conf/ can't be composed: {error}") from error
    finally:
        sys.argv = before
    if mistakes:
        raise mistakes[0]
