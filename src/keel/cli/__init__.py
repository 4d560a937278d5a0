"""The command `keel`: each verb parses, calls and prints; the rooms below do the work."""

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from keel.cli.app import app
from keel.cli.surroundings import folded, make_do, print_anything, warn_in_a_line, width
from keel.project.errors import UserError


def main() -> None:
    """Run what the arguments say, and exit with its code."""
    make_do(os.environ)
    print_anything()
    warn_in_a_line()
    gc.set_threshold(1_000_000)  # what is imported stays: look for garbage seldom,
    code = run(sys.argv[1:])
    gc.freeze()  # and not once more at the end; together a sixth of a short run
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of a verb; a mistake of a person's is told in a sentence, without a trace."""
    error = ""
    try:
        code = int(app.main(arguments, prog_name="keel", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as shown:
        click.echo(shown.format_message())
        return 0
    except click.ClickException as mistake:
        code, error = 1, mistake.format_message()  # not click's 2: a person has to decide
    except (click.Abort, KeyboardInterrupt):
        code, error = 1, "stopped"
    except UserError as mistake:
        code, error = 1, str(mistake)
    except OSError as mistake:
        place = f"{mistake.filename}: " if mistake.filename else ""
        code, error = 1, f"{place}{mistake.strerror or mistake}"
    if error:
        message = f"error: {error}"
        click.echo(folded(message, width()) if sys.stderr.isatty() else message, err=True)
    if code == 1 and "DVC_STAGE" not in os.environ:  # what runs a stage says it
        _tell_of_conflicts(error)
    return code


def _tell_of_conflicts(error: str) -> None:
    """Name what a merge left to a person: what reads it says anything but that."""
    from keel.repository.conflicts import told

    with suppress(UserError):
        left = told(Path.cwd())
        if left and left not in error:
            click.echo(left, err=True)
