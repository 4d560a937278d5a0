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
    """Train and evaluate: run the stages whose inputs changed, and write the report.

    With CHANGES to settings, such as data=quick or model.trees=50, it runs in a new folder below
    outputs/ and leaves the project as it is. With --multirun and several values, such as
    model.trees=50,200, it runs once for each.
    Without CHANGES, options such as --force are passed to `dvc repro`.
    """
    root = Path.cwd()
    if any("=" in change or change.startswith("~") for change in changes):
        from keel.pipeline.flow import beside

        beside(root, load(root), changes, datetime.now().astimezone())
        return 0
    from keel.pipeline.run import run as run_pipeline

    return run_pipeline(root, today(), *changes)


@click.command(context_settings=ANY)
@click.option("--all", "everything", is_flag=True, help="List those of earlier commits, too.")
@click.argument("changes", nargs=-1, type=click.UNPROCESSED)
def exp(changes: tuple[str, ...], *, everything: bool) -> int:
    """Run the pipeline with CHANGES such as model=logistic, and compare it with the last commit.

    It runs in a copy; DVC records the result. To run several: `keel exp --queue
    model.trees=100,400`, then `keel exp --run-all`. Without CHANGES nothing runs: it lists the
    experiments, and writes the page reports/experiments.html.
    """
    from keel.experiments import run, show

    root = Path.cwd()
    project = load(root)
    settings, options = run.apart(changes)
    if changes and ((code := run.run(root, project, settings, options)) or "--queue" in options):
        return code
    for line in show.overview(root, project, everything=everything, width=width()):
        click.echo(line)
    return 0


@click.command()
@click.argument("file", default="notebooks/explore.py", type=click.Path(dir_okay=False))
@click.option("--run", "folder", help="show this run, such as outputs/quick; default: the last one")
def notebook(file: str, folder: str | None) -> int:
    """Open FILE, a marimo notebook, in the browser; it is created if missing.

    The first time, it installs marimo.
    """
    from keel.experiments.opened import FOLDER
    from keel.project.commands import UV, call

    chosen = {FOLDER: folder} if folder else {}
    return call(Path.cwd(), UV, "run", "--group=notebook", "marimo", "edit", file, **chosen)


@click.command()
def promote() -> int:
    """Make the model the champion: the one in use, that later ones have to beat.

    The first model that passes its gates becomes it, unless it is surely worse than the last
    commit's. A later one has to be better by more than chance, and worse on no slice;
    reports/candidate.md has the comparison.
    """
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
