"""Makes CODEOWNERS from the experts in `docs/quality/people.yaml`: `uv run keel owners`."""

from pathlib import Path

from keel.data.store import replace
from keel.project.errors import UserError
from keel.quality.records.documents import read
from keel.quality.records.people import FILE, Team
from keel.quality.records.tracked import prefix

NAME = "CODEOWNERS"
PLACES = (f".github/{NAME}", f".gitlab/{NAME}", NAME, f"docs/{NAME}")
HEAD = f"# Made from {FILE}: change that, and run `uv run keel owners`.\n"


def main(root: Path, arguments: list[str]) -> int:
    """Write the file, or print it where the project is a folder of a larger repository."""
    if arguments:
        raise UserError(f"owners takes no arguments, and got {' '.join(arguments)}")
    team = read(root, FILE, Team)
    content = made(team, prefix(root))
    if not _owned(team):
        raise UserError(f"no expert in {FILE} has a handle, such as @ada: give them one")
    if prefix(root):
        print(content, end="")
        return 0
    file = root / place(root)
    if file.is_file() and not _ours(file):
        raise UserError(f"{place(root)} is written by hand: take it away, and run this again")
    replace(file, lambda beside: beside.write_text(content, encoding="utf-8", newline="\n"))
    print(f"Wrote {place(root)}.")
    return 0


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


def outdated(root: Path, team: Team) -> list[str]:
    """What is wrong with CODEOWNERS, if people have handles; in a larger repository, nothing."""
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
    there = [name for name in PLACES if (root / name).is_file()]
    if there:
        return there[0]
    if (root / ".github").is_dir():
        return PLACES[0]
    return PLACES[1] if (root / ".gitlab-ci.yml").is_file() else NAME


def _owned(team: Team) -> dict[str, list[str]]:
    """The handles of each area's experts, where they have some."""
    handles = {
        name: [h for one in area.experts if one in team.people and (h := team.people[one].handle)]
        for name, area in team.areas.items()
    }
    return {name: found for name, found in handles.items() if found}


def _ours(file: Path) -> bool:
    return file.read_text(encoding="utf-8", errors="replace").startswith(HEAD)


def _anchored(path: str, folder: str) -> str:
    """A pattern that fits inside of the folder only."""
    if not folder:
        return path
    inside = "/" in path.rstrip("/")
    return f"/{folder}{path.lstrip('/')}" if inside else f"/{folder}**/{path}"
