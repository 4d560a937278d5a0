"""How old the packages are that the project runs with, by `uv.lock`."""

import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median

from keel.project.errors import UserError, reason
from keel.quality.records import settings as limits
from keel.quality.records.documents import plural
from keel.quality.records.figures import About, Figure, state

LOCK = "uv.lock"
PACKAGE = re.compile(r'^\[\[package\]\]\nname = "(?P<name>[^"]+)"\n', re.MULTILINE)
UPLOADED = re.compile(r'upload-time = "(\d{4}-\d\d-\d\d)')
AGE = About(
    "code.packages",
    "change",
    "Age of the packages",
    "How long ago the packages that we build on were released, in the median.",
    "days",
    "Old packages lack mended security holes, and the longer we wait the larger the step is.",
    "`uv run keel upgrade`, then `uv run keel check`: each month is easier than each year.",
    "package",
)


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
    ends = [*(found.start() for found in names), len(lock)][1:]
    days: dict[str, date] = {}
    for found, end in zip(names, ends, strict=True):
        uploads = UPLOADED.findall(lock, found.end(), end)
        if uploads:  # the first file of a release; later ones are for newer Pythons
            days[found["name"]] = date.fromisoformat(min(uploads))
    return days


def direct(root: Path) -> set[str]:
    """The packages that the project asks for itself."""
    try:
        content = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    groups = content.get("dependency-groups", {}).values()
    asked = [*content.get("project", {}).get("dependencies", []), *(o for g in groups for o in g)]
    return {_plain(one) for one in asked if isinstance(one, str)}


def figures(days: dict[str, date], asked: set[str], today: date, code: limits.Code) -> list[Figure]:
    """Their median age; the oldest that the project asks for by name."""
    good, bad = code.package_days
    target = f"at most {good:g} days"
    if not days:
        return [AGE.unknown(f"{LOCK} names no release of a registry", target=target)]
    ages = {name: max(0, (today - day).days) for name, day in days.items()}
    middle = median(ages.values())
    text = f"{middle:.0f} days, of {plural(len(ages), 'package')}; the newest {min(ages.values())}"
    oldest = sorted((name for name in ages if name in asked), key=lambda name: -ages[name])[:5]
    figure = AGE.figure(middle, text, state(middle, good, bad), len(ages), target)
    note = (
        "It can't tell a package that is finished from one that is forgotten, nor what is unsafe."
    )
    told = [f"{name}: released {days[name]}" for name in oldest]
    return [replace(figure, details=told, notes=[note])]


def _plain(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else ""
