"""The files of a project as Git has them, now and before."""

import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from keel.project.commands import output

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
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if not path.as_posix().startswith("."))


def added(root: Path, today: date, *names: str) -> dict[str, date]:
    """The day on which Git got each of these files or, in a folder, each file; else today."""
    log = output(
        root, "git", "log", "--diff-filter=A", "--name-only", "--relative", "--no-renames",
        "--format=%x01%at", "--", *names,
    )  # fmt: skip
    days = dict.fromkeys(names, today)
    for commit in (log or "").split("\x01")[1:]:
        written, *found = commit.splitlines()
        days |= {file: day(int(written), today) for file in found if int(written) >= BORN}
    return days


def versions(root: Path, name: str, today: date, most: int) -> list[tuple[date, str]]:
    """The last contents of a file that were committed, oldest first, with their days."""
    said = output(root, "git", "log", f"-{most}", "--format=%H %ct", "--", name)
    commits = [line.split() for line in reversed((said or "").splitlines())]
    texts = at(root, [commit for commit, _ in commits], name)
    found = [
        (day(int(written), today), text)
        for (_, written), text in zip(commits, texts, strict=True)
        if int(written) >= BORN and text
    ]
    return sorted(found, key=lambda one: one[0])  # a clock may have been wrong


def at(root: Path, commits: Sequence[str], name: str) -> list[str]:
    """What a file was in each of these commits; "" where it was not there."""
    folder = prefix(root) if commits else ""
    return list(blobs(root, [f"{commit}:{folder}{name}" for commit in commits]))


def blobs(root: Path, names: Sequence[str]) -> Iterator[str]:
    """The texts of these blobs, in order; "" for those that Git does not have here."""
    if not names:
        return
    said = subprocess.run(
        ["git", "cat-file", "--batch"],
        cwd=root,
        input="\n".join(names).encode(),
        capture_output=True,
        check=False,
    ).stdout
    start = 0
    for _ in names:
        end = said.index(b"\n", start)
        head = said[start:end].split()
        start = end + 1
        if head[-1] == b"missing":  # as in a partial clone
            yield ""
            continue
        size = int(head[-1])
        yield said[start : start + size].decode("utf-8", "replace")
        start += size + 1


def day(written: int, today: date) -> date:
    """The day of a commit, by UTC; a clock that was wrong makes it at most as young as today."""
    return min(datetime.fromtimestamp(written, UTC).date(), today)
