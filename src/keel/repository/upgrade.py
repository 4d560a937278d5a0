"""Newer packages: moves the day in `pyproject.toml` forward and locks again."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

from keel.project.commands import UV, call
from keel.project.errors import UserError

DAY = re.compile(r'^exclude-newer = "([^"]*)"', re.MULTILINE)


def main(root: Path, arguments: list[str]) -> int:
    """Take the releases up to the day given, or up to now; nothing changes if they don't fit."""
    new = f"{_asked_for(arguments)}T00:00:00Z"
    old = day(root)
    if not old:
        raise UserError(
            'pyproject.toml has no line `exclude-newer = "…"`: add one with a day in it'
        )
    set_day(root, new)
    code = 1
    try:
        code = call(root, UV, "lock", "--upgrade")
    finally:
        if code:
            set_day(root, old)
    if code == 0:
        print(f"Locked the releases up to {new}. Next: uv run keel check, then commit.")
    return code


def day(project: Path) -> str | None:
    """Up to when packages are taken, as `pyproject.toml` has it; None if it says nothing."""
    file = project / "pyproject.toml"
    found = DAY.search(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found and found[1]


def set_day(project: Path, moment: str) -> None:
    """Write it into `pyproject.toml`, if there is a line for it."""
    file = project / "pyproject.toml"
    text = DAY.sub(f'exclude-newer = "{moment}"', file.read_text(encoding="utf-8"))
    beside = file.with_name(".pyproject.toml.part")
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(file)


def _asked_for(arguments: list[str]) -> date:
    try:
        moment = datetime.fromisoformat(arguments[0]) if arguments else datetime.now(UTC)
    except ValueError as error:
        raise UserError(f"{arguments[0]!r} is not a day: write it as 2027-01-31") from error
    return moment.date()
