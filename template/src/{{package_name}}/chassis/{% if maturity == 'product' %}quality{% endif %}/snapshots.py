# Keel keeps this file up to date.
"""The team's Python code as it is, and as it was at the start of each of the last months."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from ..commands import output
from .churn import BORN, files
from .documents import months_later
from .measures import Measures, measure

PACKAGE = __name__.partition(".")[0]
KEELS = f"src/{PACKAGE}/chassis/"


def is_measured(name: str, paths: Sequence[str]) -> bool:
    """Whether it is Python code of the team's below one of the paths."""
    inside = name.startswith(tuple(f"{path.rstrip('/')}/" for path in paths))
    return inside and name.endswith(".py") and not name.startswith(KEELS)


def now(root: Path, paths: Sequence[str], window: int) -> dict[str, Measures]:
    """Each file as it is on disk, also if it is not committed."""
    return {
        name: measure((root / name).read_text(encoding="utf-8", errors="replace"), window)
        for name in files(root)
        if is_measured(name, paths)
    }


def before(
    root: Path, paths: Sequence[str], window: int, today: date, months: int
) -> dict[date, dict[str, Measures]]:
    """Each file as it was on the main line at the start of each month; none before its start."""
    first = today.replace(day=1)
    commits = _commits(root, [months_later(first, -back) for back in range(months - 1, -1, -1)])
    trees = {day: _tree(root, commit, paths) for day, commit in commits.items()}
    wanted = sorted({blob for tree in trees.values() for blob in tree.values()})
    contents = dict(zip(wanted, _blobs(root, wanted), strict=True))

    @cache
    def measured(blob: str) -> Measures:
        return measure(contents[blob], window)

    return {
        day: {name: measured(blob) for name, blob in tree.items()} for day, tree in trees.items()
    }


def _commits(root: Path, days: Sequence[date]) -> dict[date, str]:
    """The last commit before each day. A commit with an impossible time is passed over."""
    log = output(root, "git", "log", "--first-parent", "--format=%H %ct") or ""
    lines = (line.split() for line in log.splitlines())
    history = [(commit, int(at)) for commit, at in lines if int(at) >= BORN]
    found = {}
    for day in days:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        commit = next((commit for commit, at in history if at < start), None)
        if commit:
            found[day] = commit
    return found


def _tree(root: Path, commit: str, paths: Sequence[str]) -> dict[str, str]:
    listed = output(root, "git", "ls-tree", "-r", "-z", commit, "--", *paths) or ""
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {
        name: about.split()[2]
        for about, _, name in entries
        if is_measured(name, paths) and about.split()[1] == "blob"
    }


def _blobs(root: Path, names: Sequence[str]) -> Iterator[str]:
    """The texts of these blobs, in order."""
    if not names:
        return
    said = subprocess.run(
        ["git", "cat-file", "--batch"],
        cwd=root,
        input="\n".join(names).encode(),
        capture_output=True,
        check=False,
    ).stdout
    at = 0
    for _ in names:
        end = said.index(b"\n", at)
        head = said[at:end].split()
        size = int(head[2]) if len(head) == 3 else 0  # a partial clone may lack it
        yield said[end + 1 : end + 1 + size].decode("utf-8", "replace")
        at = end + 2 + size if len(head) == 3 else end + 1


Snapshots = Mapping[date, Mapping[str, Measures]]
