"""The verb that makes a project one about a team's own table."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keel.project.cpus import one_thread
from keel.project.errors import UserError

if TYPE_CHECKING:
    from keel.start.looking.look import Survey
    from keel.start.plan import Plan, Question
    from keel.start.writing.write import Written

NONE = "none"  # what a person types where there is no key, time or group


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--target", metavar="COLUMN", help="What to predict.")
@click.option("--key", metavar="COLUMN", help="The primary key, or none.")
@click.option("--time", metavar="COLUMN", help="The moment of the prediction, or none.")
@click.option(
    "--group", metavar="COLUMN", help="Rows with the same value stay on one side of the split."
)
@click.option("--true", metavar="VALUE", help="The value of the target that means yes.")
@click.option("--task", metavar="TASK", help="yes or no, one of several, or a number.")
@click.option(
    "--ahead", metavar="COLUMN", multiple=True, help="It is known when you predict: a feature."
)
@click.option(
    "--afterwards", metavar="COLUMN", multiple=True, help="It is known later: no feature."
)
@click.option(
    "--personal", metavar="COLUMN", multiple=True, help="It is personal: no feature, in no log."
)
@click.option("--zone", metavar="ZONE", help="Time zone of the times, such as Europe/Zurich.")
@click.option("--name", metavar="NAME", help="Name of the table; default: that of the file.")
@click.option("--purpose", metavar="SENTENCE", help="What is predicted, and for whom.")
@click.option("--join", metavar="FILE", help="A second table; you write the join yourself.")
@click.option("--on", metavar="COLUMN", help="The column to join by.")
@click.option("--yes", is_flag=True, help="Ask nothing, and take the likeliest answers.")
@click.option("--look", is_flag=True, help="Only show what the table is taken for.")
def start(
    files: tuple[str, ...],
    *,
    ahead: tuple[str, ...],
    afterwards: tuple[str, ...],
    personal: tuple[str, ...],
    yes: bool,
    look: bool,
    **options: str | None,
) -> int:
    """Replace the example by your own table.

    FILE is CSV or Parquet; it may be a folder, or several files with the same columns. It looks
    at the table, asks what it can't find out, and writes schemas, features, settings, tests and
    texts. Files that you have edited are kept.
    """
    from keel.start.looking.look import Survey
    from keel.start.writing.write import check

    root = Path.cwd()
    check(root)
    _check_joined(files, join=options.pop("join"), on=options.pop("on"))
    asks = not (yes or look) and sys.stdin.isatty()
    if not (asks or yes or look):
        click.echo("There is no terminal to ask at, so the likeliest is taken, as with --yes.")
    answers = {
        name: options.pop(name) for name in ("target", "key", "time", "group", "true", "task")
    }
    given: dict[str, Any] = {
        **{name: _meant(answer) for name, answer in answers.items() if answer is not None},
        "ahead": ahead,
        "afterwards": afterwards,
    }
    with tempfile.TemporaryDirectory() as scratch:
        survey = Survey.of(list(files), Path(scratch), name=options["name"]).with_personal(personal)
        if asks:
            given = _asked(survey, given)
        said: dict[str, Any] = {"target": None, **given, "zone": options["zone"]}
        plan = survey.seen(**said) if look else survey.plan(**said)
        _show(plan)
        if look:
            return 0
        purpose = options["purpose"] or ""
        if asks:
            purpose = _confirmed(plan, root, purpose)
        return _write(plan, root, purpose)


def _check_joined(files: tuple[str, ...], *, join: str | None, on: str | None) -> None:
    """Raise UserError if a second table is named: how it is joined, a table can't tell."""
    if join or on:
        raise UserError(
            f"start with {' '.join(files)} alone, and then join {join or 'the second table'}"
            f"{f' on {on}' if on else ''} in examples.py: docs/how-to.md says how, below "
            '"Add a table" and, for what was known by then, "Look back"'
        )


def _meant(answer: str) -> str:
    return "" if answer == NONE else answer


def _asked(survey: Survey, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers, with those of a person to what the table can't tell."""
    answers = dict(given)
    while questions := survey.questions(**answers):
        for question in questions:
            answers[question.name] = _ask(question)
    return answers


def _ask(question: Question) -> Any:
    """A person's answer; a number or a part of a name is enough."""
    click.echo(f"\n{question.sentence}")
    for number, choice in enumerate(question.choices, 1):
        click.echo(f"  {number:>2}  {NONE if choice == '' else choice}")
    names = {str(NONE if choice == "" else choice): choice for choice in question.choices}
    numbers = {str(number): choice for number, choice in enumerate(question.choices, 1)}
    known = None if question.suggestion is None else str(question.suggestion or NONE)

    def chosen(text: str) -> Any:
        if text in names:
            return names[text]
        if text in numbers:
            return numbers[text]
        raise click.BadParameter(f"{text!r} is none of them: type a name or a number")

    return click.prompt("  Answer", default=known, value_proc=chosen)


def _confirmed(plan: Plan, root: Path, purpose: str) -> str:
    """The purpose, when a person agrees to what is going to be written."""
    from keel.start.writing.write import has_purpose, suggested_purpose

    click.echo()
    if not purpose and not has_purpose(root):
        suggested = suggested_purpose(plan)
        purpose = click.prompt("In one sentence, what is predicted, and for whom?", suggested)
    click.confirm("Write the project for this table?", default=True, abort=True)
    return purpose


def _show(plan: Plan) -> None:
    from keel.start.writing.showing import shown

    width = max(80, min(110, shutil.get_terminal_size((100, 40)).columns))
    click.echo("\n".join(shown(plan, width)))


def _write(plan: Plan, root: Path, purpose: str) -> int:
    from keel.repository.setup import set_up
    from keel.show.progress import warn_only
    from keel.start.writing import write as writing

    one_thread(os.environ)
    warn_only()  # of the stages of a first run
    click.echo()
    written = writing.write(plan, root, click.echo, purpose=purpose)
    hints = [_set_up(root, set_up), writing.track(root), writing.lock(root), _accept(root, written)]
    _tell(plan, written)
    for hint in filter(None, hints):
        click.echo(f"Still to do: {hint}")
    if written.problem:
        click.echo("\nMend that, and see whether `uv run keel run` succeeds.")
        return 1
    click.echo("\nNext:\n\n  uv run keel run      # trains a model and writes a report")
    click.echo("  uv run keel check    # runs all checks, and lists open decisions")
    return 0


def _set_up(root: Path, set_up: Any) -> str:
    """Make the Git repository; a hint if that can't be done."""
    try:
        for line in set_up(root):
            click.echo(line)
    except UserError as error:
        return str(error)
    return ""


def _accept(root: Path, written: Written) -> str:
    """Write down what the quick data give; a hint if what runs is not all as it was written."""
    from keel.project.about import load
    from keel.testing.accepted import TO_DO, accept

    if written.problem or any(name.startswith(("src/", "conf/")) for name in written.kept):
        return TO_DO
    try:
        accept(load(root), root)
    except UserError:
        return TO_DO
    return ""


def _tell(plan: Plan, written: Written) -> None:
    """What was written, what a first run showed, and what was left."""
    from keel.start.writing.measuring import some
    from keel.start.writing.showing import doubts

    measured = written.measured
    if written.problem:
        click.echo(f"error: a first run failed, so there are no floors yet: {written.problem}\n")
    click.echo(f"Wrote {len(written.files)} files about {plan.table}.")
    if measured.scores:
        scores = ", ".join(
            f"{name} {score:.4g}" for name, score in measured.scores.items() if score is not None
        )
        click.echo(f"A first run on {some(plan):,} rows: {measured.metric} {scores}.")
        click.echo(f"The model is {measured.model}; the floors are the baseline's.")
        for doubt in doubts(plan, measured):
            click.echo(f"! {doubt}")
    for name in written.kept:
        click.echo(
            f"! {name}: you edited it, so it is kept; the new one is outputs/start/kept/{name}."
        )
    for place in written.left:
        click.echo(f"! {place}: you edited this, so what it says about the example is kept.")
