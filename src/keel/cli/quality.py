"""Verbs of quality: what people and CI look at."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click


@click.command()
@click.option("--since", metavar="BRANCH", help="let its fixes pass: the commits since there")
@click.option("--title", help="let a fix pass: the title of a request that is squashed")
@click.option("--on", "day", metavar="DAY", help="as of a day that is over, such as 2026-11-23")
def budget(since: str | None, title: str | None, day: str | None) -> int:
    """Say how the error budgets stand, and stop feature work while one of them is spent.

    It ends with 1 while one is spent, unless all that is to be merged may be merged.
    """
    from keel.quality.budgets import freeze, standing
    from keel.quality.records import settings

    root = Path.cwd()
    chosen = settings.load(root).budgets
    now = freeze.end_of(day) if day else datetime.now(UTC)
    overview = standing.look(root, chosen, now, over=bool(day), environ=os.environ)
    subjects = freeze.subjects_since(root, since) if since else []
    subjects += [title] if title else []
    text, waits = freeze.verdict(overview, chosen.exempt, subjects)
    click.echo(text)
    return int(waits)


@click.command()
@click.argument("percentages", nargs=-1, metavar="[PERCENT]...")
def availability(percentages: tuple[str, ...]) -> None:
    """What a share of the time means in hours, such as 99.5, or for each part of a chain."""
    from keel.quality.budgets.availability import explain, percent

    click.echo(explain([percent(text) for text in percentages]))


@click.command()
@click.argument("title", required=False)
@click.option("--started", metavar="TIME", help="such as 2026-11-23T14:05+01:00")
@click.option("--detected", metavar="TIME")
@click.option("--restored", metavar="TIME")
@click.option("--caused-by", metavar="TAG", help="a deployment: model#production#7")
def incident(title: str | None, caused_by: str | None, **times: str | None) -> None:
    """Start the file of an incident, by what users noticed; without TITLE, check those there."""
    from keel.quality.delivery.incident import begun, check, start
    from keel.quality.records import settings

    root, now = Path.cwd(), datetime.now(UTC)
    chosen = settings.load(root)
    if title is None:
        click.echo(check(root, chosen, now))
        return
    path = start(root, begun(title, times, caused_by, now), chosen, now)
    place = path.relative_to(root)
    click.echo(f"{place} is started: write down what is known by now, and commit it.")
