"""What Git knows of a project: its files, now and before, and its deployments, as GTO's tags."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from os.path import normpath
from pathlib import Path, PurePosixPath

from keel.project.commands import must, output
from keel.project.errors import UserError
from keel.releasing import versions as tags
from keel.releasing.deploy import PRODUCTION

CUT_OFF = (
    "this clone has only the newest commits: `git fetch --unshallow --tags` gets the rest; "
    "in CI, say fetch-depth: 0 (GitHub) or GIT_DEPTH: 0 (GitLab)"
)
VERSIONS = 50  # of a file
REVERTS = re.compile(r"This reverts commit ([0-9a-f]{40,64})")


@dataclass(frozen=True)
class Commit:
    """A change; `written` is None where its clock says something impossible."""

    sha: str
    written: datetime | None = None
    reverts: tuple[str, ...] = ()  # hashes of commits


@dataclass(frozen=True)
class Deployment:
    """That a commit came into production, what it brought, and how it went."""

    name: str  # GTO's tag, such as model#production#3
    commit: str
    at: datetime
    changes: tuple[Commit, ...] = ()  # that no deployment before had; none of the first one's
    failed: bool = False
    unplanned: bool = False

    @property
    def waits(self) -> list[timedelta]:
        """How long each change waited; without those that a wrong clock puts after it."""
        times = (commit.written for commit in self.changes)
        return [self.at - written for written in times if written and written <= self.at]


@dataclass(frozen=True)
class Committed:
    """The project's folder, or a file in it, as a commit has it: to be read like one on disk."""

    root: Path
    commit: str
    path: str = ""
    contents: dict[str, str | None] = field(default_factory=dict, compare=False)

    def __truediv__(self, name: str) -> "Committed":
        return replace(self, path=normpath(name))

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    def is_file(self) -> bool:
        return self._content() is not None

    def read_text(self, encoding: str = "utf-8") -> str:
        """Its text. Raises FileNotFoundError and UnicodeDecodeError as a path does."""
        if (content := self._content()) is None:
            raise FileNotFoundError(self.path)
        return content.encode("utf-8", "surrogateescape").decode(encoding)

    def _content(self) -> str | None:
        if self.path not in self.contents:
            show = ("git", "show", f"{self.commit}:./{self.path}")
            with suppress(UserError):
                self.contents[self.path] = must(self.root, *show)
        return self.contents.setdefault(self.path, None)


Folder = Path | Committed


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


def deployments(root: Path) -> list[Deployment]:
    """All deployments to production with what they brought, in their order.

    A merge is no change beside what it merges. Raises UserError outside of Git, and where a clone
    has a part of the history only.
    """
    if is_cut_off(root):
        raise UserError(CUT_OFF)
    known = _deployed(root)
    before: list[str] = []
    for number, deployment in enumerate(known):
        if number:
            brought = tuple(_brought(root, deployment.commit, before))
            known[number] = replace(deployment, changes=brought)
        before.append(deployment.commit)
    return known


def known_deployments(root: Path) -> list[Deployment] | None:
    """The deployments to production; None where they can't be looked up."""
    try:
        return None if is_cut_off(root) else _deployed(root)
    except UserError:
        return None


def _deployed(root: Path) -> list[Deployment]:
    return [
        Deployment(event.tag, event.commit, event.at)
        for event in tags.events(root)
        if event.kind == "#" and event.what == PRODUCTION and not event.ends
    ]


def _brought(root: Path, commit: str, before: Iterable[str]) -> Iterator[Commit]:
    """The changes up to a commit that the ones before do not have, in the project's folder."""
    inside = output(root, "git", "rev-parse", "--show-prefix")
    paths = ("--full-history", "--", ".") if inside else ("--",)
    options = ("-z", "--no-merges", "--format=%H%n%at%n%ct%n%B")
    log = must(root, "git", "log", *options, commit, "--not", *before, *paths)
    for entry in filter(None, log.split("\0")):
        sha, authored, committed, message = entry.split("\n", 3)
        # A rebase makes a new commit of an old one: the earlier time counts.
        times = [time for time in map(tags.time, (authored, committed)) if time]
        written = min(times) if len(times) == 2 else None
        yield Commit(sha, written, tuple(REVERTS.findall(message)))


def _day(written: str, today: date) -> date:
    """The day of a commit, by UTC; a clock that was wrong makes it at most as young as today."""
    return min(datetime.fromtimestamp(int(written), UTC).date(), today)
