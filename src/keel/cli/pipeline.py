"""Verbs that run the pipeline."""

import os
from datetime import date, datetime
from pathlib import Path

import click

from keel.cli.surroundings import width
from keel.project.about import load, package
from keel.project.errors import RefusedError, UserError

ANY = {"ignore_unknown_options": True}


def today() -> date:
    """The day here."""
    return date.today()  # noqa: DTZ011 -- the day where the person is


@click.command(context_settings=ANY)
@click.argument("changes", nargs=-1, type=click.UNPROCESSED)
def run(changes: tuple[str, ...]) -> int:
    """Train and judge: the stages that have to run again, and say where the report is.

    With CHANGES such as data=quick or model.trees=50 it all happens in a folder of its own below
    outputs/, and what is here stays as it is; with --multirun, once for each of the values.
    Without, options such as --force go to `dvc repro`.
    """
    root = Path.cwd()
    if any("=" in change or change.startswith("~") for change in changes):
        from keel.pipeline.flow import beside

        beside(root, load(root), changes, datetime.now().astimezone())
        return 0
    from keel.pipeline.run import run as run_pipeline

    return run_pipeline(root, today(), *changes)


@click.command(context_settings=ANY)
@click.option("--all", "everything", is_flag=True, help="Show those of earlier commits too.")
@click.argument("changes", nargs=-1, type=click.UNPROCESSED)
def exp(changes: tuple[str, ...], *, everything: bool) -> int:
    """Run the pipeline with CHANGES such as model=logistic, and hold it beside the last commit.

    It happens in a copy that DVC makes and records. Several at once: `keel exp --queue
    model.trees=100,400`, then `keel exp --run-all`. Without CHANGES nothing runs: it shows what
    was tried, here and on the page reports/experiments.html.
    """
    from keel.experiments import run, show

    root = Path.cwd()
    options = [change for change in changes if change.startswith("-")]
    settings = [change for change in changes if not change.startswith("-")]
    if changes and ((code := run.run(root, settings, options)) or "--queue" in options):
        return code
    for line in show.overview(root, load(root), everything=everything, width=width()):
        click.echo(line)
    return 0


@click.command()
@click.argument("file", default="notebooks/explore.py", type=click.Path(dir_okay=False))
@click.option("--run", "folder", help="a run of its own, such as outputs/quick; else the last one")
def notebook(file: str, folder: str | None) -> int:
    """Open FILE in the browser, a notebook of marimo's; one that is not there is started.

    What it needs is installed the first time.
    """
    from keel.experiments.opened import FOLDER
    from keel.project.commands import UV, call

    chosen = {FOLDER: folder} if folder else {}
    return call(Path.cwd(), UV, "run", "--group=notebook", "marimo", "edit", file, **chosen)


@click.command()
def promote() -> int:
    """Make the model the champion, if it is better than the one in use by more than chance."""
    from keel.pipeline.promote import promote as promote_model

    root = Path.cwd()
    return promote_model(root, load(root), today())


@click.command()
@click.argument("name")
def stage(name: str) -> int:
    """Run the stage NAME with settings.yaml, or `configure`, which writes that."""
    from keel.data.store import Store
    from keel.pipeline import configuration
    from keel.pipeline.run import warn_of_unusual
    from keel.pipeline.stages import STAGES, run_stage
    from keel.show.progress import set_up_logging
    from keel.show.traceparent import VARIABLE
    from keel.show.tracing import PIPELINE, recording, span

    set_up_logging()
    root = Path.cwd()
    if name not in ("configure", *STAGES):
        raise UserError(f"{name!r} is no stage: they are {', '.join(['configure', *STAGES])}")
    project = load(root)
    with recording(root / PIPELINE, os.environ.get(VARIABLE, ""), service=package(root)):
        if name == "configure":
            with span(name):
                configuration.configure(root, project)
            return 0
        store = Store(root, root)
        settings = configuration.load(store)
        try:
            run_stage(name, store, project, settings, today())
            if name == "prepare":
                warn_of_unusual(store, project, settings, today())
        except RefusedError as refused:
            if "DVC_EXP_BASELINE_REV" not in os.environ:
                raise
            click.echo(f"warning: {refused}", err=True)  # an experiment is kept, to compare
    return 0
