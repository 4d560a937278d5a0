"""The command `keel`: each verb parses, calls and prints; the rooms below do the work."""

import gc
import sys

import click

from keel.cli.app import app
from keel.project.errors import UserError


def main() -> None:
    """Run what the arguments say, and exit with its code."""
    gc.set_threshold(1_000_000)  # what is imported stays: look for garbage seldom,
    code = run(sys.argv[1:])
    gc.freeze()  # and not once more at the end; together a sixth of a short run
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of a verb; a mistake of a person's is told in a sentence, without a trace."""
    try:
        return int(app.main(arguments, prog_name="keel", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as shown:
        click.echo(shown.format_message())
        return 0
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        return 1  # not click's 2, which says that a person has to decide
    except (click.Abort, KeyboardInterrupt):
        click.echo("error: stopped", err=True)
    except UserError as error:
        click.echo(f"error: {error}", err=True)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"error: {place}{error.strerror or error}", err=True)
    return 1
