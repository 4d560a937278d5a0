"""What is wrong with the files that people write on quality."""

from datetime import datetime
from pathlib import Path

from keel.project.errors import UserError
from keel.quality.budgets import standing
from keel.quality.change import gather as change
from keel.quality.records import incidents, settings


def problems(root: Path, now: datetime) -> list[str]:
    """Those of settings, objectives, waivers, incidents, attributes, decisions, debt and people."""
    try:
        chosen, wrong = settings.load(root), []
    except UserError as error:
        chosen, wrong = settings.Quality(), str(error).splitlines()
    return [
        *wrong,
        *standing.problems(root, chosen.budgets, now.date()),
        *incidents.problems(root, chosen, now),
        *change.problems(root, now.date()),
    ]
