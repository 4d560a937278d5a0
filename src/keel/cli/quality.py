"""Verbs of quality: what people and CI look at."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import click

from keel.project.cpus import one_thread

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option(
    "--since",
    metavar="BRANCH",
    help="let pass if all commits since BRANCH are allowed, such as fixes",
)
@click.option(
    "--head", metavar="COMMIT", help="the commit to be merged; default: the one checked out"
)
@click.option("--title", help="let pass by the title of a request that is squashed")
@click.option("--on", type=DAY, help="as of an earlier day, such as 2026-11-23")
def budget(since: str | None, head: str | None, title: str | None, on: datetime | None) -> int:
    """Show the error budgets: how much may still go wrong before features have to wait.

    Exits with 1 while one is spent, unless all that is to be merged is
    allowed meanwhile, such as fixes. The rules are those of the branch that it is merged into.
    """
    from keel.quality.budgets import freeze, standing
    from keel.quality.records import settings

    root = Path.cwd()
    day = (on or datetime.now(UTC)).date()
    head = head or freeze.HEAD
    rules = freeze.of(root, since or freeze.target(root), head)
    chosen = settings.load(rules.folder).budgets
    overview = standing.look(root, chosen, day, over=bool(on), rules=rules.folder)
    subjects = freeze.subjects_since(root, since, head) if since else []
    subjects += [title] if title else []
    text, waits = freeze.verdict(overview, chosen.exempt, subjects, rules)
    click.echo(text)
    return int(waits)


@click.command()
@click.argument("title")
@click.option("--started", metavar="TIME", help="such as 2026-11-23T14:05+01:00")
@click.option("--detected", metavar="TIME")
@click.option("--restored", metavar="TIME")
@click.option("--caused-by", metavar="TAG", help="a deployment: model#production#7")
def incident(title: str, **facts: str | None) -> None:
    """Start an incident report. TITLE says what users noticed."""
    from keel.quality.delivery.incidents import begun, start
    from keel.quality.records import settings

    root, now = Path.cwd(), datetime.now(UTC)
    path = start(root, begun(title, facts, now), settings.load(root).budgets, now)
    place = path.relative_to(root)
    click.echo(f"{place} is started: write down what is known by now, and commit it.")


@click.command()
def scorecard() -> None:
    """Write the quality page as HTML, Markdown and JSON, and print its answers."""
    from keel.data.store import Store
    from keel.quality.page.scorecard import gather, write

    root = Path.cwd()
    card = gather(root, datetime.now(UTC))
    file = write(Store(root, root), card)
    for question, answer in card.answers.items():
        click.echo(f"{question} {answer}")
    for stop in card.overview.stopping:
        click.echo(f"FREEZE: “{stop.objective.title}”: {stop}")
    click.echo(f"\nThe page: {file}")


@click.command()
@click.argument("title", nargs=-1, required=True)
@click.option(
    "--serves", multiple=True, metavar="ATTRIBUTE", help="the quality attribute that it is for"
)
@click.option("--supersedes", type=int, metavar="NUMBER", help="the decision that it replaces")
def decide(title: tuple[str, ...], serves: tuple[str, ...], supersedes: int | None) -> None:
    """Start a decision record with the next number. TITLE says what was decided."""
    from keel.quality.change.decisions import start

    root = Path.cwd()
    today = datetime.now(UTC).date()
    file = start(root, " ".join(title), today, serves, supersedes)
    place = file.relative_to(root)
    click.echo(f"Started {place}: fill it in, and make it `accepted` when it is.")
    if supersedes is not None:
        status = f"superseded by {file.name[:4]}"
        click.echo(f"Then record {supersedes:04} gets the status `{status}`.")


@click.command()
def score() -> None:
    """Print the ML Test Score, and write it to reports/ as JSON and HTML."""
    from keel.data.store import Store
    from keel.quality.score import ml_test_score

    root = Path.cwd()
    rows = ml_test_score.rows(root)
    facts = ml_test_score.gather(root, rows, datetime.now(UTC).date())
    result = ml_test_score.judge_all(rows, facts)
    click.echo("\n".join(ml_test_score.table(rows, result)))
    file = ml_test_score.write(Store(root, root), rows, result, facts)
    click.echo(f"\nThe page: {file}")


@click.command()
@click.argument("modules", nargs=-1)
def mutate(modules: tuple[str, ...]) -> None:
    """Make small mistakes in the ML, or in its MODULES, and list those that no unit test finds."""
    from keel.project.about import package
    from keel.project.commands import UV, must
    from keel.quality.score.mutate import mutate as mutate_code

    root = Path.cwd()
    if shutil.which("mutmut") is None:  # seldom needed, so it is installed when it is
        must(root, UV, "sync", "--quiet", "--inexact", "--group", "mutation")
    one_thread(os.environ)
    click.echo(mutate_code(root, package(root), modules))


@click.command()
def documents() -> None:
    """Name all that is wrong with the files that people write on quality."""
    from keel.project.errors import UserError
    from keel.quality.page.scorecard import read

    if wrong := read(Path.cwd(), datetime.now(UTC))[0].problems:
        raise UserError("\n".join([f"{len(wrong)} to fix:", *wrong]))
