"""Which versions there are, and which of them ran where, as Git's tags in the format of GTO say.

`model@v1.2.0` is a version, `model#production#3` says that the third event was a deployment to
production; with a `!` behind, it was taken back. A project in a folder of a repository has that
folder in front. They are read and written here, since GTO takes a second to import.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from keel.project.commands import must, output
from keel.project.errors import UserError

FORM = "%(refname:strip=2)%09%(*objecttype)%09%(*objectname)%09%(taggerdate:unix)%09"
WHO = "%(taggername) %(taggeremail)"
EVENT = re.compile(r"(?P<kind>[@#])(?P<what>[^#!]+)(?P<ends>!?)(#(?P<number>[0-9]{1,9}))?")
PART = r"([0-9]{1,9})"  # longer ones may be no number of Python's
VERSION = re.compile(rf"v?{PART}\.{PART}\.{PART}")
PARTS = ("major", "minor", "patch")
FIRST = "1.0.0"
LONG = 40  # characters of what is no version


class Event(NamedTuple):
    """That a version came to be (`@`), that one went to an environment (`#`), or the end of it."""

    tag: str
    kind: str
    what: str  # v1.2.0 or production
    ends: bool
    number: int  # of all of the model's; 0 for a version without
    commit: str
    at: datetime
    by: str = ""


def top(root: Path) -> Path:
    """The folder of the repository. Raises UserError outside of Git."""
    folder = output(root, "git", "rev-parse", "--show-toplevel")
    if folder is None:
        raise UserError(f"{root} is not in Git: `uv run keel setup` makes a repository")
    return Path(folder)


def artifact(root: Path) -> str:
    """What the model is called in tags: `model`, or `folder=model` in a folder of a repository."""
    folder = (output(root, "git", "rev-parse", "--show-prefix") or "").rstrip("/")
    return f"{folder}=model" if folder else "model"


def remote_of(root: Path) -> str | None:
    """The name of the repository that the team shares, if there is one."""
    names = (output(root, "git", "remote") or "").split()
    return "origin" if "origin" in names else next(iter(names), None)


def events(root: Path) -> list[Event]:
    """What is recorded here, in its order. Raises UserError outside of Git."""
    top(root)
    model = artifact(root)
    lines = must(root, "git", "for-each-ref", f"--format={FORM}{WHO}", f"refs/tags/{model}[#@]*")
    return parsed(lines.splitlines(), model)


def parsed(lines: Iterable[str], model: str) -> list[Event]:
    """The events in lines of `git for-each-ref`, by number, since the clocks of machines differ.

    A tag without a message is none of GTO's, and one with an impossible time is not counted.
    """
    known = []
    for line in lines:
        tag, kind, commit, seconds, who = line.split("\t")
        event = EVENT.fullmatch(tag.removeprefix(model))
        at = time(seconds)
        if event and kind == "commit" and at:
            number, ends = int(event["number"] or 0), bool(event["ends"])
            known.append(Event(tag, event["kind"], event["what"], ends, number, commit, at, who))
    return sorted(known, key=lambda event: event.number)


def record(root: Path, tag: str, revision: str, message: str) -> str:
    """Make a tag here and on the remote, or not at all; returns it.

    What only one person knows is no record, so it is taken back where the remote does not take it.
    """
    must(root, "git", "tag", "--annotate", "--cleanup=whitespace", "-m", message, tag, revision)
    remote = remote_of(root)
    if remote is None:
        return tag
    try:
        must(root, "git", "push", "--quiet", remote, f"refs/tags/{tag}")
    except BaseException as error:
        output(root, "git", "tag", "--delete", tag)
        if not isinstance(error, UserError):
            raise
        raise UserError(
            f"{tag} is not recorded, since {remote} did not take it; was somebody quicker? "
            f"`git fetch --tags {remote}` shows that; then type it again.\n{error}"
        ) from error
    return tag


def time(seconds: str) -> datetime | None:
    """The time that Git writes as seconds since 1970; None for an impossible one."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


@dataclass(frozen=True)
class Deployment:
    """A version that was put into an environment, or taken out of it."""

    version: str
    environment: str
    at: datetime
    by: str
    ends: bool = False


@dataclass(frozen=True)
class Registry:
    """The commit of each version, and the deployments, oldest first."""

    commits: Mapping[str, str] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()

    @property
    def latest(self) -> str | None:
        return max(self.commits, key=number, default=None)

    @property
    def names(self) -> str:
        """All versions, for people."""
        return ", ".join(sorted(self.commits, key=number)) or "none yet: `uv run keel release`"

    def commit(self, version: str) -> str:
        """The commit of a version. Raises UserError with those that there are."""
        if version not in self.commits:
            raise UserError(f"there is no version {version}; there are: {self.names}")
        return self.commits[version]

    def running(self, environment: str) -> Deployment | None:
        """What runs there now."""
        return next(iter(self._standing(environment)[-1:]), None)

    def before(self, environment: str) -> Deployment | None:
        """What ran there before and was not gone back from itself: what a rollback goes to."""
        return next(iter(self._standing(environment)[-2:-1]), None)

    def _standing(self, environment: str) -> list[Deployment]:
        """The deployments that were not gone back from, oldest first."""
        standing: list[Deployment] = []
        for deployment in self.deployments:
            if deployment.environment != environment:
                continue
            before = [earlier.version for earlier in standing]
            if deployment.version in before:  # it went back there, or was taken out
                standing = standing[: before.index(deployment.version)]
            if not deployment.ends:
                standing.append(deployment)
        return standing


def number(version: str) -> tuple[int, ...]:
    """`1.2.0` or `v1.2.0` as numbers to compare. Raises UserError for anything else."""
    numbers = VERSION.fullmatch(version)
    if not numbers:
        shown = version if len(version) <= LONG else f"{version[:LONG]}…"
        raise UserError(f"{shown!r} is not a version: 1.2.0 is one, or major, minor, patch")
    return tuple(map(int, numbers.groups()))


def plain(version: str) -> str:
    """`v1.2.0` as `1.2.0`."""
    return ".".join(map(str, number(version)))


def following(registry: Registry, wish: str) -> str:
    """The version that is meant by `major`, `minor`, `patch` or a version itself."""
    if wish not in PARTS:
        return plain(wish)
    if registry.latest is None:
        return FIRST
    at = PARTS.index(wish)
    numbers = number(registry.latest)
    return ".".join(map(str, (*numbers[:at], numbers[at] + 1, *(0 for _ in numbers[at + 1 :]))))


def tag_of(root: Path, version: str) -> str:
    """The tag of a version."""
    return f"{artifact(root)}@v{version}"


def read(root: Path) -> Registry:
    """The versions and deployments that are known here and on the remote."""
    if remote := remote_of(root):
        tags = (f"refs/tags/{artifact(root)}{kind}*" for kind in "@#")
        must(root, "git", "fetch", "--quiet", "--no-tags", remote, *(f"{t}:{t}" for t in tags))
    return registry(events(root))


def registry(events: Sequence[Event]) -> Registry:
    """What comes of the events, in their order."""
    commits: dict[str, str] = {}
    versions: dict[str, str] = {}  # by commit, also those that are no more
    deployments = []
    for event in events:
        if event.kind == "@" and VERSION.fullmatch(event.what):
            version = versions[event.commit] = plain(event.what)
            commits[version] = event.commit
            if event.ends:
                del commits[version]
    for event in events:
        if event.kind == "#" and event.commit in versions:
            version = versions[event.commit]
            deployments.append(Deployment(version, event.what, event.at, event.by, event.ends))
    return Registry(commits, tuple(deployments))


def register(root: Path, version: str, message: str) -> str:
    """Give the commit that is checked out a version, here and on the remote; returns the tag."""
    return record(root, tag_of(root, version), "HEAD", message)


def assign(root: Path, version: str, environment: str, message: str) -> str:
    """Record a deployment, here and on the remote; returns the tag."""
    number = 1 + max((event.number for event in events(root)), default=0)
    tag = f"{artifact(root)}#{environment}#{number}"
    return record(root, tag, f"refs/tags/{tag_of(root, version)}^{{}}", message)
