"""Which versions there are, and which of them ran where: Git's tags, in the format of GTO.

`model@v1.2.0` is a version, `model#production#3` says that the third deployment was one to
production. A project in a folder of a repository has that folder in front, as GTO writes it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from keel.project.commands import must, output
from keel.project.errors import UserError

VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
PARTS = ("major", "minor", "patch")
FIRST = "1.0.0"


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
        raise UserError(f"{version!r} is not a version: 1.2.0 is one, or major, minor, patch")
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


def top(root: Path) -> Path:
    """The folder of the repository. Raises UserError outside of Git."""
    folder = output(root, "git", "rev-parse", "--show-toplevel")
    if folder is None:
        raise UserError(f"{root} is not in Git: `uv run keel setup` makes a repository")
    return Path(folder)


def artifact(root: Path) -> str:
    """What GTO calls the model: `model`, or `folder:model` in a folder of a repository."""
    folder = (output(root, "git", "rev-parse", "--show-prefix") or "").rstrip("/")
    return f"{folder}:model" if folder else "model"


def tag_of(root: Path, version: str) -> str:
    """The tag of a version."""
    return f"{artifact(root).replace(':', '=')}@v{version}"


def remote_of(root: Path) -> str | None:
    """The name of the repository that the team shares, if there is one."""
    names = (output(root, "git", "remote") or "").split()
    return "origin" if "origin" in names else next(iter(names), None)


def read(root: Path) -> Registry:
    """The versions and deployments that are known here and on the remote."""
    remote = remote_of(root)
    if remote:
        tags = (f"refs/tags/{artifact(root).replace(':', '=')}{kind}*" for kind in "@#")
        must(root, "git", "fetch", "--quiet", "--no-tags", remote, *(f"{t}:{t}" for t in tags))
    from gto.api import history  # slow to import

    return _registry(history(str(top(root)), artifact(root), ascending=True))


def register(root: Path, version: str, message: str) -> str:
    """Give the commit that is checked out a version, here and on the remote; returns the tag."""
    from gto.api import register as gto

    return _tagged(root, gto, ref="HEAD", version=f"v{version}", message=message)


def assign(root: Path, version: str, environment: str, message: str) -> str:
    """Record a deployment, here and on the remote; returns the tag."""
    from gto.api import assign as gto

    given = {"stage": environment, "version": f"v{version}", "message": message}
    return _tagged(root, gto, **given, force=True)  # it ran there before: a rollback


def _tagged(root: Path, gto: Any, **given: Any) -> str:
    from gto.exceptions import GTOException

    # Git knows who it is also where GTO does not look, such as in GIT_COMMITTER_NAME.
    person = must(root, "git", "var", "GIT_COMMITTER_IDENT").rpartition("> ")[0]
    name, _, email = person.partition(" <")
    try:
        event = gto(str(top(root)), artifact(root), **given, author=name, author_email=email)
    except GTOException as error:
        raise UserError(str(error)) from error
    _share(root, event.tag)
    return str(event.tag)


def _share(root: Path, tag: str) -> None:
    """Push a tag, or take it back: what only one person knows is no record."""
    remote = remote_of(root)
    if remote is None:
        return
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


def _registry(events: list[Any]) -> Registry:
    from gto.api import parse_tag

    commits: dict[str, str] = {}
    deployments: list[tuple[int, Deployment]] = []
    for event in events:
        if not VERSION.fullmatch(event["version"] or ""):
            continue
        version = plain(event["version"])
        match event["event"]:
            case "registration":
                commits[version] = event["commit"]
            case "deregistration":
                commits.pop(version, None)
            case "assignment" | "unassignment" as kind:
                by = f"{event['author']} <{event['author_email']}>"
                ends = kind == "unassignment"
                deployment = Deployment(version, event["stage"], event["timestamp"], by, ends)
                # Numbers count, not clocks: those of two machines may differ.
                deployments.append((parse_tag(event["ref"]).get("counter", 0), deployment))
    deployments.sort(key=lambda numbered: numbered[0])
    return Registry(commits, tuple(deployment for _, deployment in deployments))
