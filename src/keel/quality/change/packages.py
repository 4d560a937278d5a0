"""How old the packages are that the project runs with, by `uv.lock`."""

import re
import tomllib
from datetime import date
from itertools import chain
from pathlib import Path
from statistics import median

from keel.project.about import pyproject
from keel.project.errors import UserError, reason
from keel.quality.records.documents import plural
from keel.quality.records.figures import Figure, about, state
from keel.quality.records.settings import Code

LOCK = "uv.lock"
PACKAGE = re.compile(r'^\[\[package\]\]\nname = "(?P<name>[^"]+)"\n', re.MULTILINE)
UPLOADED = re.compile(r'upload-time = "(\d{4}-\d\d-\d\d)')


def read(root: Path) -> dict[str, date]:
    """The day on which each locked release came out; those of no registry are left out.

    Raises UserError if the lock file is missing or broken.
    """
    try:
        content = (root / LOCK).read_text(encoding="utf-8")
        tomllib.loads(content.partition("[[package]]")[0])  # a conflict would be seen here or below
    except FileNotFoundError as error:
        raise UserError(f"{LOCK} is missing: `uv lock` makes it") from error
    except ValueError as error:
        raise UserError(f"{LOCK} can't be read ({reason(error)}): `uv lock` makes it") from error
    return released(content)


def released(lock: str) -> dict[str, date]:
    """The same from the text of a lock file. Reading it as TOML takes ten times as long."""
    names = list(PACKAGE.finditer(lock))
    ends = [*(name.start() for name in names), len(lock)][1:]
    days: dict[str, date] = {}
    for name, end in zip(names, ends, strict=True):
        uploads = UPLOADED.findall(lock, name.end(), end)
        if uploads:  # the first file of a release; later ones are for newer Pythons
            days[name["name"]] = date.fromisoformat(min(uploads))
    return days


def direct(root: Path) -> set[str]:
    """The packages that the project asks for itself."""
    try:
        content = pyproject(root)
    except UserError:
        return set()
    groups = content.get("dependency-groups", {}).values()
    asked = [*content.get("project", {}).get("dependencies", []), *chain(*groups)]
    return {_plain(requirement) for requirement in asked if isinstance(requirement, str)}


def figure(days: dict[str, date], asked: set[str], today: date, settings: Code) -> Figure:
    """Their median age; the oldest that the project asks for by name."""
    good, bad = settings.package_days
    target, packages = f"at most {good:g} days", about("code.packages")
    if not days:
        return packages.unknown(f"{LOCK} names no release of a registry", 0, target)
    ages = {name: max(0, (today - day).days) for name, day in days.items()}
    middle = median(ages.values())
    text = f"{middle:.0f} days, of {plural(len(ages), 'package')}; the newest {min(ages.values())}"
    oldest = sorted((name for name in ages if name in asked), key=lambda name: -ages[name])[:5]
    figure = packages.figure(middle, text, state(middle, good, bad), len(ages), target)
    return figure.also(f"{name}: released {days[name]}" for name in oldest)


def _plain(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else ""
