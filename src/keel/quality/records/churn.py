"""What Git knows of the work on a project: its changes, by file.

Who made a change is kept as a number that says nothing of the person: only how many different
people know a part is asked, and never who did how much.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from keel.project.commands import output
from keel.quality.records.tracked import day

COMMIT, FIELD, VALUE = "\x01", "\x02", "\x03"
PEOPLE = "%aN <%aE>%x03%(trailers:key=Co-authored-by,valueonly,separator=%x03)"
FORMAT = f"--format=%x01%at%x02{PEOPLE}%x02%s%x02"
ROBOTS = ("[bot]", "bot@", "-bot ", "renovate", "dependabot", "github-actions")


@dataclass(frozen=True)
class Change:
    """A commit that is no merge: its day, its people, and its files by the names they have now."""

    day: date
    people: frozenset[int]
    subject: str
    files: tuple[str, ...]


def changes(root: Path, since: date, today: date) -> list[Change]:
    """The changes of the project since a day, the newest first, by the day they were written.

    That day survives a history that is rewritten. A clock that was wrong makes a commit at most as
    young as today; all commits are looked at, since a wrong one must not hide those before it.
    """
    listed = output(root, "git", "log", "--no-merges", "--format=%H %at", "--", ".") or ""
    start = datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp()
    recent = [line.partition(" ") for line in listed.splitlines()]
    chosen = [commit for commit, _, written in recent if int(written) >= start]
    log = _git(root, "\n".join(chosen)) if chosen else ""
    return list(_changes(log, today))


def _git(root: Path, commits: str) -> str:
    command = ("git", "-c", "log.showSignature=false", "log", "--no-walk=unsorted", "--stdin")
    options = ("--name-status", "-M", "-z", "--relative", FORMAT)
    return subprocess.run(
        [*command, *options],
        cwd=root,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        input=commits,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    ).stdout


def _changes(log: str, today: date) -> Iterator[Change]:
    names: dict[str, str] = {}  # of old, to what they are called now
    people: dict[str, int] = {}
    for commit in log.split(COMMIT)[1:]:
        written, who, subject, files = commit.split(FIELD, 3)
        changed = tuple(_files(files, names))
        if changed:
            yield Change(day(int(written), today), _people(who, people), subject, changed)


def _files(said: str, names: dict[str, str]) -> Iterator[str]:
    """The files of a commit; what it renamed goes into `names`, for the older ones."""
    parts = iter(said.strip("\0\n").split("\0"))
    for how in parts:
        if not how:
            continue
        path = next(parts)
        if how.startswith("R"):
            new = next(parts)
            names[path] = names.get(new, new)
        yield names.get(path, path)


def _people(said: str, known: dict[str, int]) -> frozenset[int]:
    """Numbers for the people of a commit: the same for equal names, and for equal addresses."""
    found = set()
    for person in filter(None, said.split(VALUE)):
        if any(robot in person.lower() for robot in ROBOTS):
            continue
        names = [name for name in person.lower().strip(" >").split(" <") if name]
        number = next((known[name] for name in names if name in known), len(known))
        known |= dict.fromkeys(names, number)
        found.add(number)
    return frozenset(found)
