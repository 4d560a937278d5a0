"""The files of a project as Git has them, now and before."""

import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from keel.project.commands import must, output
from keel.project.errors import UserError

BORN = datetime(2005, 4, 7, tzinfo=UTC).timestamp()  # Git's first commit: what is older is wrong
CUT_OFF = (
    "this clone has only the newest commits: `git fetch --unshallow --tags` gets the rest; "
    "in CI, say fetch-depth: 0 (GitHub) or GIT_DEPTH: 0 (GitLab)"
)


def is_cut_off(root: Path) -> bool:
    """Whether this is a clone without its history, as CI makes them unless told otherwise."""
    return output(root, "git", "rev-parse", "--is-shallow-repository") == "true"


def prefix(root: Path) -> str:
    """The folder of the repository that the project is in, with a / at its end; "" if all of it."""
    return output(root, "git", "rev-parse", "--show-prefix") or ""


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
        days |= {file: _day(int(written), today) for file in files if int(written) >= BORN}
    return days


def changes(root: Path, since: date) -> list[tuple[str, ...]]:
    """The files of each change that was written since a day, the newest first; merges are none.

    That day survives a history that is rewritten. Files have the names that they have now.
    """
    options = ("--no-merges", "--name-status", "-M", "-z", "--relative", "--format=%x01%at%x02")
    try:
        log = must(root, "git", "log", *options, "--", ".")
    except UserError:
        return []  # no Git, or no commit
    start = datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp()
    names: dict[str, str] = {}  # of old, to what they are called now
    commits = (commit.partition("\x02") for commit in log.split("\x01")[1:])
    changed = [(int(written), tuple(_files(files, names))) for written, _, files in commits]
    return [files for written, files in changed if files and written >= start]


def _files(status: str, names: dict[str, str]) -> Iterator[str]:
    """The files of a commit; what it renamed goes into `names`, for the older ones."""
    parts = iter(status.strip("\0\n").split("\0"))
    for how in filter(None, parts):
        path = next(parts)
        if how.startswith("R"):
            new = next(parts)
            names[path] = names.get(new, new)
        yield names.get(path, path)


def versions(root: Path, name: str, today: date, most: int) -> list[tuple[date, str]]:
    """The last contents of a file that were committed, oldest first, with their days."""
    log = output(root, "git", "log", f"-{most}", "--format=%H %ct", "--", name) or ""
    commits = [line.split() for line in reversed(log.splitlines())]
    folder = prefix(root) if commits else ""
    texts = _blobs(root, [f"{commit}:{folder}{name}" for commit, _ in commits])
    contents = [
        (_day(int(written), today), text)
        for (_, written), text in zip(commits, texts, strict=True)
        if int(written) >= BORN and text
    ]
    return sorted(contents, key=lambda content: content[0])  # a clock may have been wrong


def _blobs(root: Path, names: Sequence[str]) -> Iterator[str]:
    """The texts of these blobs, in order; "" for those that Git does not have here."""
    if not names:
        return
    batch = subprocess.run(
        ["git", "cat-file", "--batch"],
        cwd=root,
        input="\n".join(names).encode(),
        capture_output=True,
        check=False,
    ).stdout
    start = 0
    for _ in names:
        end = batch.index(b"\n", start)
        head = batch[start:end].split()
        start = end + 1
        if head[-1] == b"missing":  # as in a partial clone
            yield ""
            continue
        size = int(head[-1])
        yield batch[start : start + size].decode("utf-8", "replace")
        start += size + 1


def _day(written: int, today: date) -> date:
    """The day of a commit, by UTC; a clock that was wrong makes it at most as young as today."""
    return min(datetime.fromtimestamp(written, UTC).date(), today)
