"""The rules that a change is measured by: those of the branch that it goes into.

So no change lifts its own freeze: what it makes of the rules holds once it is merged.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keel.project.commands import must, output
from keel.quality.budgets.budgets import Objective
from keel.quality.budgets.events import INDICATORS
from keel.quality.budgets.standing import OBJECTIVES, POLICY, WAIVERS
from keel.quality.records import settings
from keel.quality.records.documents import PEOPLE, Files, each_typed

FILES = (OBJECTIVES, WAIVERS, POLICY, PEOPLE, settings.FILE)
# Where a request goes in CI, then what a clone follows, then a repository without a remote.
IN_CI = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


@dataclass(frozen=True)
class Rules:
    """Where they stand, and what the change at hand would make of them."""

    folder: Path  # that holds `FILES`, and the events that Git has
    branch: str | None = None  # whose they are; None for the files as they are here
    changed: tuple[str, ...] = ()  # of them, by the change at hand
    mixed: bool = False  # it changes other files too

    @property
    def told(self) -> list[str]:
        """Whose they are, and what would change, a sentence each."""
        if self.branch is None:
            return []
        lines = [f"The rules are those of {self.branch}."]
        if self.changed:
            lines.append(f"They change here, once it is merged: {', '.join(self.changed)}.")
        if self.mixed:
            lines.append("Take that to a branch of its own: who reads a feature does not see it.")
        return lines


def target(root: Path) -> str | None:
    """The branch that the work at hand goes into, as far as is known; None if it is on it."""
    asked = [f"origin/{name}" for key in IN_CI if (name := os.environ.get(key))]
    here = output(root, "git", "branch", "--show-current")
    for branch in (*asked, *USUAL):
        name = output(root, "git", "rev-parse", "--verify", "--quiet", "--abbrev-ref", branch)
        if name and _commit(root, branch):
            return None if name.removeprefix("origin/") == here and not asked else name
    return None


@contextmanager
def of(root: Path, branch: str | None) -> Iterator[Rules]:
    """The rules as a branch has them, in a folder for as long as it takes; here, without one.

    A branch that has no objectives yet has promised nothing: the rules are those at hand. Raises
    UserError if there is no such branch.
    """
    if branch is None:
        yield Rules(root)
        return
    commit = must(root, "git", "rev-parse", "--verify", f"{branch}^{{commit}}").strip()
    named = set(must(root, "git", "ls-tree", "-r", "--name-only", "-z", commit).split("\0"))
    if OBJECTIVES not in named:
        yield Rules(root)
        return
    since = output(root, "git", "merge-base", commit, "HEAD") or commit
    touched = must(root, "git", "diff", "--name-only", "--relative", since, "--", ".").split("\n")
    changed = tuple(name for name in FILES if name in touched)
    mixed = bool(changed) and any(name and name not in FILES for name in touched)
    with tempfile.TemporaryDirectory(prefix="keel-rules-") as folder:
        _copy(root, commit, [name for name in (*FILES, INDICATORS) if name in named], Path(folder))
        _copy(root, commit, named.intersection(_csvs(Path(folder))), Path(folder))
        yield Rules(Path(folder), branch, changed, mixed)


def _commit(root: Path, branch: str) -> str | None:
    return output(root, "git", "rev-parse", "--verify", "--quiet", f"{branch}^{{commit}}")


def _csvs(folder: Path) -> Iterator[str]:
    """The files of events that the objectives name."""
    named = Files(folder).read(OBJECTIVES, dict[str, Any]) or {}
    objectives, _ = each_typed(named, "", Objective)
    yield from (objective.source.file for objective in objectives.values())


def _copy(root: Path, commit: str, names: Iterable[str], folder: Path) -> None:
    """Write files as a commit has them."""
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        content = must(root, "git", "show", f"{commit}:./{name}")
        file.write_text(content, encoding="utf-8", errors="surrogateescape")
