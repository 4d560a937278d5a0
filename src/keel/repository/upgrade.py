"""Newer packages: moves the day in `pyproject.toml` forward and locks again."""

import re
from datetime import date
from pathlib import Path

from keel.project.commands import UV, call
from keel.project.errors import UserError
from keel.repository import source

DAY = re.compile(r'^exclude-newer = "([^"]*)"', re.MULTILINE)


def upgrade(root: Path, until: date) -> str:
    """Take the releases up to a day, and return it; nothing changes if they don't fit.

    Raises UserError if they don't, or if `pyproject.toml` names no day.
    """
    root = source.workspace(root)
    text = source.read(root)
    new = f"{until}T00:00:00Z"
    if day(text) is None:
        raise UserError(
            f'add a line `exclude-newer = "{new}"` below [tool.uv]: uv looks for it in '
            f"{root / 'pyproject.toml'}, which has none"
        )
    source.write(root, with_day(text, new))
    code = 1
    try:
        code = call(root, UV, "lock", "--upgrade")
    finally:
        if code:
            source.write(root, text)
    if code:
        raise UserError(f"the packages up to {until} don't fit together: nothing has changed")
    return new


def day(text: str) -> str | None:
    """Up to when `pyproject.toml` takes packages; None if it says nothing."""
    found = DAY.search(text)
    return found and found[1]


def with_day(text: str, moment: str) -> str:
    """`pyproject.toml` with another day, if it has a line for one."""
    return DAY.sub(lambda _: f'exclude-newer = "{moment}"', text)
