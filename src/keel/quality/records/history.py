"""What Git knows of a project: its commits, and its deployments as GTO's tags. Never of whom."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from keel.project.commands import must, output
from keel.project.errors import UserError
from keel.quality.records.tracked import CUT_OFF, is_cut_off, prefix

NUMBERED = re.compile(r"(?P<what>[#@][^#]+)#(?P<number>\d+)")
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

    Raises UserError outside of Git, and where a clone has a part of the history only.
    """
    if is_cut_off(root):
        raise UserError(CUT_OFF)
    deployments, deleted = _tagged(root, stage)
    return History(_commits(root, f"{_artifact(root)}#{stage}#*"), deployments, deleted)


def known_deployments(root: Path, stage: str) -> list[Deployment] | None:
    """The deployments to a stage; None where they can't be looked up."""
    try:
        return None if is_cut_off(root) else _tagged(root, stage)[0]
    except UserError:
        return None


def _artifact(root: Path) -> str:
    """What GTO calls the model; in a folder of a repository its name has that of the folder."""
    folder = prefix(root).rstrip("/")
    return f"{folder}=model" if folder else "model"


def _tagged(root: Path, stage: str) -> tuple[list[Deployment], list[int]]:
    if output(root, "git", "rev-parse", "--git-dir") is None:
        raise UserError(f"{root} is not in Git: `uv run keel setup` makes a repository")
    artifact = _artifact(root)
    form = "--format=%(refname:strip=2)%09%(*objecttype)%09%(*objectname)%09%(taggerdate:unix)"
    tags = must(root, "git", "for-each-ref", form, f"refs/tags/{artifact}[#@]*")
    return deployed(tags.splitlines(), artifact, stage)


def deployed(lines: Iterable[str], artifact: str, stage: str) -> tuple[list[Deployment], list[int]]:
    """The deployments by number, since clocks differ, and the numbers that no tag has any more.

    GTO counts all events of an artifact together, those of other stages too. A tag without a
    message is none of GTO's.
    """
    deployments, numbers = {}, set()
    for line in lines:
        name, kind, commit, at = line.split("\t")
        event = NUMBERED.fullmatch(name.removeprefix(artifact))
        when = _time(at)
        if event and kind == "commit" and when:
            numbers.add(int(event["number"]))
            if event["what"] == f"#{stage}":
                deployments[int(event["number"])] = Deployment(name, commit, when)
    deleted = sorted(set(range(1, max(numbers, default=0))) - numbers)
    return [deployments[number] for number in sorted(deployments)], deleted


def _commits(root: Path, tags: str) -> dict[str, Commit]:
    if not output(root, "git", "rev-parse", "--verify", "--quiet", "HEAD"):
        return {}
    starts = ("HEAD", f"--tags={tags}")
    log = must(root, "git", "log", "-z", "--format=%H%n%P%n%at%n%ct%n%B", *starts, "--")
    here = None
    if prefix(root):
        here = set(
            must(root, "git", "log", "--full-history", "--format=%H", *starts, "--", ".").split()
        )
    return {commit.sha: commit for commit in _parsed(log, here)}


def _parsed(log: str, here: set[str] | None) -> Iterator[Commit]:
    for entry in filter(None, log.split("\0")):
        sha, parents, authored, committed, message = entry.split("\n", 4)
        yield Commit(
            sha,
            tuple(parents.split()),
            _earlier(_time(authored), _time(committed)),
            message.partition("\n")[0],
            tuple(REVERTS.findall(message)),
            here is None or sha in here,
        )


def _earlier(authored: datetime | None, committed: datetime | None) -> datetime | None:
    """When a change was written: a rebase or a cherry-pick makes a new commit of an old one."""
    return min(authored, committed) if authored and committed else None


def _time(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
