"""Verbs for the project as a repository."""

from datetime import UTC, datetime
from pathlib import Path

import click


@click.command()
def setup() -> None:
    """Create the Git repository and its hooks, if they are missing."""
    from keel.repository.setup import set_up

    click.echo("\n".join(set_up(Path.cwd())) or "Everything is set up.")


@click.command()
def doctor() -> int:
    """Find what is missing on this machine, and how to get it.

    Exits with 1 if there is a problem.
    """
    from keel.repository.doctor import examine

    findings = list(examine(Path.cwd()))
    for finding in findings:
        mark = "fine   " if not finding.cure else "PROBLEM" if finding.problem else "hint   "
        click.echo(f"{mark}  {finding.what}" + f"\n         → {finding.cure}" * bool(finding.cure))
    return int(any(finding.problem for finding in findings))


@click.command()
@click.argument("answers", nargs=-1, metavar="[QUESTION=ANSWER]...")
@click.option(
    "--to", default="", help="A release or another revision; default: the newest release."
)
@click.option("--no-check", is_flag=True, help="Skip `uv run keel check`.")
@click.option("--unattended", is_flag=True, help="Commit also what a person has to decide; for CI.")
@click.option("--continue", "resume", is_flag=True, help="Go on after you decided.")
@click.option("--abort", is_flag=True, help="Undo the update.")
def update(
    answers: tuple[str, ...],
    *,
    to: str,
    no_check: bool,
    unattended: bool,
    resume: bool,
    abort: bool,
) -> int:
    """Get a newer Keel, or change an answer, on a branch to review.

    Exits with 2 if a person has to decide something.
    """
    from keel.repository import update as updates

    root = Path.cwd()
    options = updates.Options(answers, to, not no_check, unattended)
    if resume and abort:
        raise click.UsageError("--continue goes on and --abort goes back: choose one")
    if abort:
        click.echo(f"Back on {updates.abort(root)}, as it was before.")
        return 0
    return updates.resume(root, options) if resume else updates.start(root, options)


@click.command()
@click.argument("until", metavar="[DAY]", type=click.DateTime(["%Y-%m-%d"]), required=False)
def upgrade(until: datetime | None) -> None:
    """Lock the newest packages released up to DAY; default: today."""
    from keel.repository.upgrade import upgrade as lock_newer

    day = lock_newer(Path.cwd(), (until or datetime.now(UTC)).date())
    click.echo(f"Locked the releases up to {day}. Next: uv run keel check, then commit.")


@click.command()
@click.option("--undo", is_flag=True, help="Get Keel from its repository again.")
def vendor(*, undo: bool) -> None:
    """Keep Keel's wheel in the project: for closed networks, containers and CI without access."""
    from keel.repository import vendor as wheels

    root = Path.cwd()
    if undo:
        wheels.undo(root)
        click.echo("Keel comes from its repository again. Next: commit pyproject.toml and uv.lock.")
        return
    wheel = wheels.vendor(root).relative_to(root)
    click.echo(f"Keel comes from {wheel}. Next: commit it, pyproject.toml and uv.lock.")
