"""Verbs of versions, and of the environments in which they run."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from keel.cli.pipeline import ANY, today
from keel.project.about import load
from keel.project.errors import UserError


@click.command()
@click.argument("version", default="patch")
def release(version: str) -> None:
    """Release this commit as VERSION: major, minor, patch, or a number such as 1.2.0."""
    from keel.releasing import deploy
    from keel.releasing.release import release as release_version

    deploy.current(os.environ)
    click.echo(release_version(Path.cwd(), version, today()))


@click.command()
@click.argument("version", required=False)
@click.argument("environment", required=False)
def deploy(version: str | None, environment: str | None) -> None:
    """Record that VERSION runs in ENVIRONMENT from now on. Without both, show what runs where."""
    from keel.releasing import deploy, versions

    root = Path.cwd()
    deploy.current(os.environ)
    if version is None:
        click.echo(deploy.overview(versions.read(root)))
    elif environment is None:
        raise UserError("say which version and where: `uv run keel deploy 1.2.0 production`")
    else:
        click.echo(deploy.deploy(root, version, environment, os.environ))


@click.command()
@click.argument("environment", required=False)
def rollback(environment: str | None) -> None:
    """Go back to the previous version in ENVIRONMENT; default: production."""
    from keel.releasing import deploy

    here = deploy.current(os.environ)
    usual = deploy.PRODUCTION if here == deploy.LOCAL else here
    place = environment or usual
    click.echo(deploy.rollback(Path.cwd(), place, os.environ, datetime.now(UTC)))


@click.command()
@click.argument("version")
def reproduce(version: str) -> int:
    """Build VERSION again, with the Keel it was made with, and compare the results.

    Exits with 1 and a table of differences if anything differs.
    """
    from keel.releasing.reproduce import reproduce as reproduce_version

    comparison = reproduce_version(Path.cwd(), version, click.echo)
    click.echo(f"\n{comparison}")
    return int(not comparison.equal)


@click.group(invoke_without_command=True)
@click.pass_context
def sandbox(context: click.Context) -> None:
    """Try things out in a copy for you and this branch, with limits. Without a command, show it."""
    from keel.releasing.sandbox import overview, own_space
    from keel.serving.settings import load as settings

    root = Path.cwd()
    context.obj = own_space(root, os.environ)
    if context.invoked_subcommand is None:
        click.echo(overview(context.obj, settings(root).sandbox))


@sandbox.command("run", context_settings=ANY)
@click.argument("changes", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run_in_sandbox(context: click.Context, changes: tuple[str, ...]) -> int:
    """Run the pipeline there, with CHANGES such as model=logistic."""
    from keel.releasing.sandbox import run
    from keel.serving.settings import load as settings

    root = Path.cwd()
    limits, now = settings(root).sandbox, datetime.now(UTC)
    return run(context.obj, load(root), limits, list(changes), os.environ, now)


@sandbox.command()
@click.argument("name", required=False)
@click.pass_context
def clean(context: click.Context, name: str | None) -> None:
    """Delete the sandbox of this branch, or the one called NAME."""
    from keel.releasing.sandbox import clean as remove

    click.echo(remove(context.obj, name or context.obj.name))
