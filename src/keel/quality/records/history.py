"""What Git knows of a project: its commits, and its deployments as GTO's tags. Never of whom."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from keel.project.commands import must, output
from keel.project.errors import UserError
from keel.quality.records.tracked import CUT_OFF, is_cut_off, prefix
from keel.releasing import tags

REVERTS = re.compile(r"This reverts commit ([0-9a-f]{40,64})")
KIND = re.compile(r"(?P<type>\w+)(\((?P<scope>[^)]*)\))?!?:\s")


@dataclass(frozen=True)
class Commit:
    """A change of the project; `written` is None where its clock says something impossible."""

    sha: str
    parents: tuple[str, ...] = ()
    written: datetime | None = None
    subject: str = ""
    reverts: tuple[str, ...] = ()  # hashes of commits
    here: bool = True  # whether it changes this project's folder of the repository

    @property
    def is_change(self) -> bool:
        """Whether it is a change of this project, and not a merge of some."""
        return self.here and len(self.parents) < 2

    @property
    def kinds(self) -> set[str]:
        """Type and scope of a conventional commit: `fix(security): …` is a fix, and security."""
        if self.subject.startswith('Revert "'):
            return {"revert"}
        kind = KIND.match(self.subject)
        return {name.lower() for name in kind.group("type", "scope") if name} if kind else set()


@dataclass(frozen=True)
class Deployment:
    """That a commit came into production."""

    name: str  # GTO's tag, such as model#production#3
    commit: str
    at: datetime


@dataclass(frozen=True)
class History:
    """Commits by their hash, deployments in their order, and which of GTO's tags are gone."""

    commits: Mapping[str, Commit] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)


def read(root: Path, stage: str) -> History:
    """The history up to the commit that is checked out, and of all deployments to a stage.

    `deleted` are numbers that no tag has any more. Raises UserError outside of Git, and where a
    clone has a part of the history only.
    """
    if is_cut_off(root):
        raise UserError(CUT_OFF)
    events = tags.events(root)
    numbers = {event.number for event in events if event.number}
    deleted = sorted(set(range(1, max(numbers, default=0))) - numbers)
    commits = _commits(root, f"{tags.artifact(root)}#{stage}#*")
    return History(commits, _deployed(events, stage), deleted)


def known_deployments(root: Path, stage: str) -> list[Deployment] | None:
    """The deployments to a stage; None where they can't be looked up."""
    try:
        return None if is_cut_off(root) else _deployed(tags.events(root), stage)
    except UserError:
        return None


def _deployed(events: Iterable[tags.Event], stage: str) -> list[Deployment]:
    return [
        Deployment(event.tag, event.commit, event.at)
        for event in events
        if event.kind == "#" and event.what == stage and not event.ends
    ]


def _commits(root: Path, deployed: str) -> dict[str, Commit]:
    if not output(root, "git", "rev-parse", "--verify", "--quiet", "HEAD"):
        return {}
    starts = ("HEAD", f"--tags={deployed}", "--")
    log = must(root, "git", "log", "-z", "--format=%H%n%P%n%at%n%ct%n%B", *starts)
    here = None
    if prefix(root):
        here = {*must(root, "git", "log", "--full-history", "--format=%H", *starts, ".").split()}
    return {commit.sha: commit for commit in _parsed(log, here)}


def _parsed(log: str, here: set[str] | None) -> Iterator[Commit]:
    for entry in filter(None, log.split("\0")):
        sha, parents, authored, committed, message = entry.split("\n", 4)
        # A rebase makes a new commit of an old one: the earlier time counts.
        times = [time for time in map(tags.time, (authored, committed)) if time]
        yield Commit(
            sha,
            tuple(parents.split()),
            min(times) if len(times) == 2 else None,
            message.partition("\n")[0],
            tuple(REVERTS.findall(message)),
            here is None or sha in here,
        )
