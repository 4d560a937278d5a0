"""Makes CODEOWNERS from the experts in `docs/quality/people.yaml`: `uv run keel owners`."""

from pathlib import Path

from keel.data.store import Store
from keel.project.errors import UserError
from keel.quality.change.people import FILE, Team
from keel.quality.records.documents import read
from keel.quality.records.tracked import prefix

NAME = "CODEOWNERS"
PLACES = (f".github/{NAME}", f".gitlab/{NAME}", NAME, f"docs/{NAME}")
HEAD = f"# Made from {FILE}: change that, and run `uv run keel owners`.\n"


def write(root: Path) -> str:
    """Write the file, and say so; where the project is a folder of a larger repository, its text.

    Raises UserError if nobody has a handle, or the file is written by hand.
    """
    team = read(root, FILE, Team)
    content = made(team, prefix(root))
    if not _owned(team):
        raise UserError(f"no expert in {FILE} has a handle, such as @ada: give them one")
    if prefix(root):
        return content
    file = root / place(root)
    if file.is_file() and not _ours(file):
        raise UserError(f"{place(root)} is written by hand: take it away, and run this again")
    Store(root, root).write_text(file, content)
    return f"Wrote {place(root)}.\n"


def made(team: Team, folder: str = "") -> str:
    """What CODEOWNERS says; `folder` is where in the repository the project is.

    The last line that fits a file counts, for GitHub and GitLab alike, as for the areas.
    """
    lines = [
        f"{_anchored(path, folder)} {' '.join(handles)}\n"
        for area, handles in _owned(team).items()
        for path in team.areas[area].paths
    ]
    return HEAD + "".join(lines)


def problems(team: Team, root: Path) -> list[str]:
    """Whether CODEOWNERS is another than follows from the team, if people there have handles.

    In a larger repository nobody can tell.
    """
    if prefix(root) or not _owned(team):
        return []
    file = root / place(root)
    if not file.is_file():
        return [f"{place(root)} is missing: `uv run keel owners` makes it from {FILE}"]
    if not _ours(file):
        cure = "take it away and run `uv run keel owners`, or take the handles out of the latter"
        return [f"{place(root)} is written by hand, and {FILE} has handles: {cure}"]
    if file.read_text(encoding="utf-8") != made(team):
        return [f"{place(root)} is not what follows from {FILE}: `uv run keel owners`"]
    return []


def place(root: Path) -> str:
    """Where it is or, if it is nowhere yet, where the project's host looks first."""
    for name in PLACES:
        if (root / name).is_file():
            return name
    if (root / ".github").is_dir():
        return PLACES[0]
    return PLACES[1] if (root / ".gitlab-ci.yml").is_file() else NAME


def _owned(team: Team) -> dict[str, list[str]]:
    """The handles of each area's experts, where they have some."""
    handles = {
        name: [
            handle
            for expert in area.experts
            if expert in team.people and (handle := team.people[expert].handle)
        ]
        for name, area in team.areas.items()
    }
    return {name: owners for name, owners in handles.items() if owners}


def _ours(file: Path) -> bool:
    return file.read_text(encoding="utf-8", errors="replace").startswith(HEAD)


def _anchored(path: str, folder: str) -> str:
    """A pattern that fits inside of the folder only."""
    if not folder:
        return path
    inside = "/" in path.rstrip("/")
    return f"/{folder}{path.lstrip('/')}" if inside else f"/{folder}**/{path}"
