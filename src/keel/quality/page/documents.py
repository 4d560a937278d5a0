"""What is wrong with the files that people write on quality."""

from datetime import datetime
from pathlib import Path

from keel.project.errors import UserError
from keel.quality.budgets import standing
from keel.quality.change import gather as change
from keel.quality.change.gather import Written
from keel.quality.records import incidents, settings
from keel.quality.records.settings import Quality


def chosen(root: Path) -> tuple[Quality, list[str]]:
    """The settings, and what is wrong with them; the usual ones if anything is."""
    try:
        return settings.load(root), []
    except UserError as error:
        return Quality(), str(error).splitlines()


def problems(root: Path, quality: Quality, written: Written, now: datetime) -> list[str]:
    """Those of objectives, waivers, incidents, attributes, decisions, debt and people."""
    budgets = standing.gather(root, quality.budgets, now.date())
    return [
        *budgets.unread,
        *budgets.problems,
        *incidents.problems(root, quality, now),
        *change.problems(root, written, now.date()),
    ]


def check(root: Path, now: datetime) -> list[str]:
    """Read all these files, and say what is wrong with any of them."""
    quality, wrong = chosen(root)
    return [*wrong, *problems(root, quality, change.gather(root, quality, now.date()), now)]
