"""Which versions there are, and which of them ran where."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from keel.project.errors import UserError
from keel.releasing import tags
from keel.releasing.tags import Event

PART = r"([0-9]{1,9})"  # longer ones may be no number of Python's
VERSION = re.compile(rf"v?{PART}\.{PART}\.{PART}")
PARTS = ("major", "minor", "patch")
FIRST = "1.0.0"
LONG = 40  # characters of what is no version


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
    return f"{tags.artifact(root)}@v{version}"


def read(root: Path) -> Registry:
    """The versions and deployments that are known here and on the remote."""
    tags.fetch(root)
    return registry(tags.events(root))


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
    return tags.record(root, tag_of(root, version), "HEAD", message)


def assign(root: Path, version: str, environment: str, message: str) -> str:
    """Record a deployment, here and on the remote; returns the tag."""
    number = 1 + max((event.number for event in tags.events(root)), default=0)
    tag = f"{tags.artifact(root)}#{environment}#{number}"
    return tags.record(root, tag, f"refs/tags/{tag_of(root, version)}^{{}}", message)
