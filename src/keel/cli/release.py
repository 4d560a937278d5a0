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
    """Give the commit that is checked out a VERSION: major, minor, patch, or such as 1.2.0."""
    from keel.releasing import environments
    from keel.releasing.release import release as release_version

    environments.current(os.environ)
    click.echo(release_version(Path.cwd(), version, today()))


@click.command()
@click.argument("version", required=False)
@click.argument("environment", required=False)
def deploy(version: str | None, environment: str | None) -> None:
    """Say that VERSION runs in ENVIRONMENT from now on; without both, show what runs where."""
    from keel.releasing import deploy, environments, versions

    root = Path.cwd()
    environments.current(os.environ)
    if version is None:
        click.echo(deploy.overview(versions.read(root)))
    elif environment is None:
        raise UserError("say which version and where: `uv run keel deploy 1.2.0 production`")
    else:
        click.echo(deploy.deploy(root, version, environment, os.environ))


@click.command()
@click.argument("environment", required=False)
def rollback(environment: str | None) -> None:
    """Go back to the version that ran before in ENVIRONMENT, production if none is named."""
    from keel.releasing import deploy, environments

    here = environments.current(os.environ)
    usual = environments.PRODUCTION if here == environments.LOCAL else here
    place = environment or usual
    click.echo(deploy.rollback(Path.cwd(), place, os.environ, datetime.now(UTC)))


@click.command()
@click.argument("version")
def reproduce(version: str) -> int:
    """Build VERSION again with the Keel that it was made with, and compare all that it recorded.

    It ends with 1, and a table of what differs, where not all is equal.
    """
    from keel.releasing.reproduce import reproduce as reproduce_version

    comparison = reproduce_version(Path.cwd(), version, click.echo)
    click.echo(f"\n{comparison}")
    return int(not comparison.equal)


@click.group(invoke_without_command=True)
@click.pass_context
def sandbox(context: click.Context) -> None:
    """A space of one's own, by person and branch, with limits; without a verb, show it."""
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
    """Run the whole flow there, with CHANGES such as model=logistic."""
    from keel.releasing.sandbox import run
    from keel.serving.settings import load as settings

    root = Path.cwd()
    limits, now = settings(root).sandbox, datetime.now(UTC)
    return run(context.obj, load(root), limits, list(changes), os.environ, now)


@sandbox.command()
@click.argument("name", required=False)
@click.pass_context
def clean(context: click.Context, name: str | None) -> None:
    """Remove one's sandbox whole: that of this branch, or the one that is called NAME."""
    from keel.releasing.sandbox import clean as remove

    click.echo(remove(context.obj, name or context.obj.name))
