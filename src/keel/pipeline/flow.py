"""All stages in one process, in a folder of their own: for sweeps, tests and CI."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from keel.data.store import Store
from keel.pipeline import configuration
from keel.pipeline.changes import read, variants
from keel.pipeline.stages import STAGES, run_stage
from keel.project.description import Project
from keel.project.errors import RefusedError, UserError
from keel.show.progress import set_up_logging
from keel.show.tracing import PIPELINE, recording, span

SEVERAL = {"--multirun", "-m"}
FOLDERS = ("hydra.run.dir", "hydra.sweep.dir")


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


def beside(root: Path, project: Project, arguments: Sequence[str], now: datetime) -> None:
    """The flow in a folder for a run with changes such as `data=quick`; or several runs.

    With `--multirun` it runs once for each of the values in the changes, and goes on when a model
    is refused. `hydra.run.dir=…` names the folder. Raises UserError if a change is none, a setting
    is wrong, or a run ends with a mistake.
    """
    options = {argument for argument in arguments if argument.startswith("-")}
    if options - SEVERAL:
        raise UserError(
            f"{', '.join(sorted(options - SEVERAL))}: beside changes of settings the only option "
            "is --multirun, for a run of each of several values"
        )
    changes = [read(argument) for argument in arguments if argument not in options]
    usual = f"{'multirun' if options else 'outputs'}/{now:%Y-%m-%d/%H-%M-%S}"
    folder = root / next((change.values[0] for change in changes if change.name in FOLDERS), usual)
    wanted = [change for change in changes if change.name not in FOLDERS]
    runs = variants(wanted) if options else [wanted]
    contents = [configuration.compose(root / "conf", run) for run in runs]
    for content in contents:
        configuration.checked(project, content, "")  # all of them, before the first one runs
    set_up_logging()
    for number, content in enumerate(contents):
        store = Store(root, folder / str(number) if options else folder)
        try:
            with recording(store.root / PIPELINE), span("flow"):
                flow(project, content, store, now.date())
        except RefusedError as refused:
            if not options:
                raise
            print(f"warning: {refused}", file=sys.stderr)  # others may be better
        finally:
            if (report := store.report("report.html")).is_file():
                print(f"\nThe report: {report}")
