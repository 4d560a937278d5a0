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
            deployment,
            [commit for sha in brought[deployment.name] if (commit := past.commits[sha]).is_change],
            failed=deployment.name in failed,
            unplanned=deployment.name in unplanned,
        )
        for deployment in past.deployments
    ]


def _brought(past: History) -> dict[str, list[str]]:
    """The commits that each deployment brought; none for the first, which began long before.

    After a history was rewritten, a copy of a commit that is there already brings nothing.
    """
    seen: set[str] = set()
    known: set[tuple[datetime | None, str]] = set()
    brought: dict[str, list[str]] = {}
    for number, deployment in enumerate(past.deployments):
        reached = {
            sha: (past.commits[sha].written, past.commits[sha].subject)
            for sha in _reached(deployment.commit, past.commits, seen)
        }
        new = [sha for sha, what in reached.items() if what not in known]
        known |= set(reached.values())
        brought[deployment.name] = new if number else []
    return brought


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
        new = brought[deployment.name]
        reverted = {sha for commit in new for sha in past.commits[commit].reverts}
        culprits = {by_commit[sha] for sha in reverted if sha in by_commit}
        before = [earlier.commit for earlier in standing]
        if deployment.commit in before[:-1]:
            culprits.add(standing[-1].name)
            standing = standing[: before.index(deployment.commit)]
        if culprits:
            failed |= culprits
            unplanned.add(deployment.name)
        by_commit |= dict.fromkeys(new, deployment.name)
        standing.append(deployment)
    return failed, unplanned
