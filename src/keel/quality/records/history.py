"""What Git knows of a project: its deployments, as GTO's tags, and what each brought."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from keel.project.commands import must, output
from keel.project.errors import UserError
from keel.quality.records.tracked import CUT_OFF, is_cut_off
from keel.releasing import tags
from keel.releasing.environments import PRODUCTION

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


def read(root: Path) -> list[Deployment]:
    """All deployments to production with what they brought, in their order.

    A merge is no change beside what it merges. Raises UserError outside of Git, and where a clone
    has a part of the history only.
    """
    if is_cut_off(root):
        raise UserError(CUT_OFF)
    deployments = _deployed(root)
    before: list[str] = []
    for number, deployment in enumerate(deployments):
        if number:
            changes = tuple(_brought(root, deployment.commit, before))
            deployments[number] = replace(deployment, changes=changes)
        before.append(deployment.commit)
    return deployments


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
