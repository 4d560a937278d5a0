"""The files of a project as Git has them, now and before."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from keel.project.commands import output

CUT_OFF = (
    "this clone has only the newest commits: `git fetch --unshallow --tags` gets the rest; "
    "in CI, say fetch-depth: 0 (GitHub) or GIT_DEPTH: 0 (GitLab)"
)
VERSIONS = 50  # of a file


def is_cut_off(root: Path) -> bool:
    """Whether this is a clone without its history, as CI makes them unless told otherwise."""
    return output(root, "git", "rev-parse", "--is-shallow-repository") == "true"


def files(root: Path) -> list[str]:
    """The files that Git has, or would take; without Git, all but the hidden ones."""
    listed = output(root, "git", "ls-files", "-z", "-co", "--exclude-standard")
    if listed is not None:
        return [name for name in sorted(set(listed.split("\0"))) if (root / name).is_file()]
    names = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(name for name in names if not name.startswith("."))


def added(root: Path, today: date, *names: str) -> dict[str, date]:
    """The day on which Git got each of these files or, in a folder, each file; else today."""
    options = ("--diff-filter=A", "--name-only", "--relative", "--no-renames", "--format=%x01%at")
    log = output(root, "git", "log", *options, "--", *names) or ""
    days = dict.fromkeys(names, today)
    for commit in log.split("\x01")[1:]:
        written, *files = commit.splitlines()
        days |= dict.fromkeys(filter(None, files), _day(written, today))
    return days


def changes(root: Path, since: date) -> list[tuple[str, ...]]:
    """The files of each change since a day; merges are none."""
    options = ("--no-merges", "--name-only", "--relative", "-z", "--format=%x01")
    log = output(root, "git", "log", *options, f"--since-as-filter={since} 00:00 +0000", "--", ".")
    commits = (log or "").split("\x01")[1:]
    changed = (tuple(filter(None, commit.strip("\0\n").split("\0"))) for commit in commits)
    return [files for files in changed if files]


def versions(root: Path, name: str, today: date) -> Iterator[tuple[date, str]]:
    """The last contents of a file that were committed, oldest first, with their days."""
    log = output(root, "git", "log", f"-{VERSIONS}", "--format=%H %ct", "--", name) or ""
    for line in reversed(log.splitlines()):
        commit, written = line.split()
        yield _day(written, today), output(root, "git", "show", f"{commit}:./{name}") or ""


def _day(written: str, today: date) -> date:
    """The day of a commit, by UTC; a clock that was wrong makes it at most as young as today."""
    return min(datetime.fromtimestamp(int(written), UTC).date(), today)
