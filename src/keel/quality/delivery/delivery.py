"""What came into production with each deployment, and whether it did well.

A commit is delivered by the first deployment that has it; a merge is none beside what it merges.
A deployment failed if an incident names it, if it was gone back from, or if a later one takes back
a commit that it brought. It was unplanned if it ended an incident, goes back or takes back.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from keel.quality.records.history import Commit, Deployment, History
from keel.quality.records.incidents import Incident, mended_by


@dataclass(frozen=True)
class Delivered:
    """A deployment, the commits that came with it, and how it went."""

    deployment: Deployment
    commits: list[Commit] = field(default_factory=list)
    failed: bool = False
    unplanned: bool = False

    @property
    def at(self) -> datetime:
        return self.deployment.at

    @property
    def waits(self) -> list[timedelta]:
        """How long each change waited; without those that a wrong clock puts after it."""
        return [
            self.at - commit.written
            for commit in self.commits
            if commit.written is not None and commit.written <= self.at
        ]


def delivered(past: History, incidents: Iterable[Incident]) -> list[Delivered]:
    """All deployments, in their order."""
    brought = _brought(past)
    failed, unplanned = _taken_back(past, brought)
    for incident in incidents:
        failed.add(incident.caused_by or "")
        unplanned.add(mended_by(incident, past.deployments) or "")
    return [
        Delivered(
            one,
            [past.commits[sha] for sha in brought[one.name] if _is_change(past.commits[sha])],
            failed=one.name in failed,
            unplanned=one.name in unplanned,
        )
        for one in past.deployments
    ]


def _is_change(commit: Commit) -> bool:
    return commit.here and len(commit.parents) < 2


def _brought(past: History) -> dict[str, list[str]]:
    """The commits that each deployment brought; none for the first, which began long before.

    After a history was rewritten, a copy of a commit that is there already brings nothing.
    """
    seen: set[str] = set()
    copies: set[tuple[datetime | None, str]] = set()
    found: dict[str, list[str]] = {}
    for number, deployment in enumerate(past.deployments):
        new = [
            sha
            for sha in _reached(deployment.commit, past.commits, seen)
            if (past.commits[sha].written, past.commits[sha].subject) not in copies
        ]
        copies |= {(past.commits[sha].written, past.commits[sha].subject) for sha in new}
        found[deployment.name] = new if number else []
    return found


def _reached(start: str, commits: Mapping[str, Commit], seen: set[str]) -> Iterator[str]:
    """A commit and those before it that were not seen; they are from now on."""
    waiting = [start]
    while waiting:
        sha = waiting.pop()
        if sha in commits and sha not in seen:
            seen.add(sha)
            yield sha
            waiting += commits[sha].parents


def _taken_back(past: History, brought: Mapping[str, list[str]]) -> tuple[set[str], set[str]]:
    """The deployments that were gone back from or taken back in part, and those that do so."""
    failed, unplanned = set(), set()
    standing: list[Deployment] = []  # those that were not gone back from
    by_commit: dict[str, str] = {}
    for deployment in past.deployments:
        reverted = {one for sha in brought[deployment.name] for one in past.commits[sha].reverts}
        culprits = {by_commit[sha] for sha in reverted if sha in by_commit}
        before = [one.commit for one in standing]
        if deployment.commit in before[:-1]:
            culprits.add(standing[-1].name)
            standing = standing[: before.index(deployment.commit)]
        if culprits:
            failed |= culprits
            unplanned.add(deployment.name)
        by_commit |= dict.fromkeys(brought[deployment.name], deployment.name)
        standing.append(deployment)
    return failed, unplanned
