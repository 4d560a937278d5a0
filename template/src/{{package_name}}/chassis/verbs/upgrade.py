# Keel keeps this file up to date.
"""Newer packages: moves the day in `pyproject.toml` forward and locks again."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

from ..commands import call
from ..errors import UserError
from ..store import replace

DAY = re.compile(r'^exclude-newer = "([^"]*)"', re.MULTILINE)


def main(root: Path, arguments: list[str]) -> int:
    """Take the releases up to the day given, or up to now; nothing changes if they don't fit."""
    day = f"{_day(arguments)}T00:00:00Z"
    file = root / "pyproject.toml"
    before = file.read_text(encoding="utf-8")
    if not DAY.search(before):
        raise UserError(
            'pyproject.toml has no line `exclude-newer = "…"`: add one with a day in it'
        )
    _write(file, DAY.sub(f'exclude-newer = "{day}"', before))
    code = 1
    try:
        code = call(root, "uv", "lock", "--upgrade")
    finally:
        if code:
            _write(file, before)
    if code == 0:
        print(f"Locked the releases up to {day}. Next: uv run poe check, then commit.")
    return code


def _day(arguments: list[str]) -> date:
    try:
        moment = datetime.fromisoformat(arguments[0]) if arguments else datetime.now(UTC)
    except ValueError as error:
        raise UserError(f"{arguments[0]!r} is not a day: write it as 2027-01-31") from error
    return moment.date()


def _write(file: Path, text: str) -> None:
    replace(file, lambda beside: beside.write_text(text, encoding="utf-8", newline="\n"))
