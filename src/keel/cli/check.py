"""The verb that runs all checks."""

import os
import textwrap
import time
from pathlib import Path

import click

from keel.cli.surroundings import width
from keel.project.cpus import one_thread


@click.command()
@click.argument("layers", nargs=-1)
@click.option(
    "--accept", is_flag=True, help="First accept what the code now makes of the quick data."
)
def check(layers: tuple[str, ...], *, accept: bool) -> int:
    """Run all checks, fast ones first, or only the LAYERS named, such as unit.

    [tool.keel.check] in pyproject.toml lists the layers and their commands.
    """
    from keel.pipeline.run import GATES, gates_missed
    from keel.quality.records.junit import asked_for, not_judged
    from keel.repository import check as checks
    from keel.repository.setup import set_up

    root, started = Path.cwd(), time.perf_counter()
    chosen = checks.chosen(root, layers)
    checks.stop_at_conflicts(root)
    if accept:
        _accept(root)
    if layers:
        return max(checks.run(root, layer, watched=True).code for layer in chosen)
    for line in set_up(root):
        click.echo(line)
    outcomes = checks.check(root, click.echo)
    failed = [outcome for outcome in outcomes if outcome.failure]
    for outcome in failed:
        click.echo(f"\n── {outcome.layer}: {outcome.failure}")
    names = ", ".join(outcome.layer for outcome in failed)
    seconds = time.perf_counter() - started
    click.echo(f"\n{names + ' failed' if failed else 'All checks pass'}, in {seconds:.1f} s.")
    if failed:
        click.echo(f"One of them with all it prints: uv run keel check {failed[0].layer}")
    gates = root / GATES
    if refused := gates_missed(gates.read_text("utf-8") if gates.is_file() else None):
        names = ", ".join(refused)
        _tell(f"The model of the last run is refused: {names}. `uv run keel run` says why.")
    if waiting := checks.undecided(root):
        many = f"{len(waiting)} decisions are" if len(waiting) > 1 else "1 decision is"
        lines = f"{many} open, in {checks.OPEN}: {', '.join(waiting)}."
        _tell(lines)
    for reason in not_judged(root):
        _tell(f"Not judged: {reason}.")
    if asked := asked_for(root):
        lines = f"To be worked out by hand, in tests/by_hand.py: {'; '.join(asked)}."
        _tell(lines)
    return int(bool(failed))


def _tell(sentence: str) -> None:
    click.echo(textwrap.fill(sentence, width(), break_on_hyphens=False, break_long_words=False))


def _accept(root: Path) -> None:
    """Write down what the quick data give now, and say what has changed since the last time."""
    from keel.project.about import load
    from keel.show.progress import warn_only
    from keel.testing.accepted import FILE, accept

    one_thread(os.environ)
    warn_only()
    changed = accept(load(root), root)
    for sentence in changed:
        click.echo(f"  {sentence}")
    click.echo(f"{FILE} is written: commit it." if changed else f"{FILE} was as it is.")
