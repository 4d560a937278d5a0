"""What is wrong with the files that people write on quality: a step of `keel lint`."""

from datetime import UTC, datetime
from pathlib import Path

from keel.project.errors import UserError
from keel.quality.budgets import standing
from keel.quality.code import change
from keel.quality.records import incidents, settings


def main(root: Path, arguments: list[str]) -> int:
    """Name all problems. Raises UserError if there are any."""
    if arguments:
        raise UserError(f"documents takes no arguments, and got {' '.join(arguments)}")
    if found := problems(root, datetime.now(UTC)):
        raise UserError("\n".join([f"{len(found)} to mend:", *found]))
    return 0


def problems(root: Path, now: datetime) -> list[str]:
    """Those of settings, objectives, waivers, incidents, attributes, decisions, debt and people."""
    try:
        chosen, found = settings.load(root), []
    except UserError as error:
        chosen, found = settings.Quality(), str(error).splitlines()
    return [
        *found,
        *standing.problems(root, chosen.budgets, now.date()),
        *incidents.problems(root, chosen, now),
        *change.problems(root),
    ]
