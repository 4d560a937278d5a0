"""What waits while an error budget is spent, by the rules of the branch that a change goes into.

So no change lifts its own freeze: what it makes of the rules holds once it is merged. Events that
were known are rules too: who rewrites them ends a freeze as surely as who lowers its target.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from keel.project.commands import must, output
from keel.project.errors import UserError
from keel.quality.budgets import events
from keel.quality.budgets.budgets import Budget, Objective
from keel.quality.budgets.events import Day, Source
from keel.quality.budgets.standing import OBJECTIVES, POLICY, WAIVERS, Overview
from keel.quality.records import settings
from keel.quality.records.documents import PEOPLE, Files
from keel.quality.records.history import CUT_OFF, Committed, Folder, is_cut_off
from keel.show.pages import page

FILES = (OBJECTIVES, WAIVERS, POLICY, PEOPLE, settings.FILE)
# What asks for the budget in CI. An update of Keel changes these beside others, so that is told.
ASKING = (".github/workflows/budget.yml", ".gitlab-ci.yml", ".gitlab/team.yml")
LOCK, LIBRARY = "uv.lock", "keel-ml"
HEAD = "HEAD"
# Where a request goes in CI, then what a clone follows, then a repository without a remote.
IN_CI = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
NAMES = ("main", "master", "trunk", "develop")
USUAL = ("origin/HEAD", *(f"origin/{name}" for name in NAMES), *NAMES)
TWO = 2  # parents that a merge has, as a rule
KIND = re.compile(r"(\w+)(?:\(([^)]*)\))?!?:\s")


@dataclass(frozen=True)
class Rules:
    """Where they stand, and what the change at hand would make of them."""

    folder: Folder  # that holds `FILES`, and the events that Git has
    branch: str | None = None  # whose they are; None for the files as they are here
    changed: tuple[str, ...] = ()  # of them, by the change at hand
    mixed: bool = False  # it changes other files too
    asking: tuple[str, ...] = ()  # of what asks for them in CI, by the change at hand

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
        if self.asking:
            lines.append(f"What asks for them changes with it, too: {', '.join(self.asking)}.")
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


def of(root: Path, branch: str | None, head: str = HEAD) -> Rules:
    """The rules as a branch has them; as they are here, without one.

    The change is what `head` has, and for the commit that is checked out also what is not committed
    yet. A branch that has no objectives yet has promised nothing: the rules are those at hand.
    Raises UserError if there is no such branch.
    """
    if branch is None:
        return Rules(root)
    commit = _commit(root, branch)
    if commit is None:
        cure = CUT_OFF if is_cut_off(root) else "`git fetch` gets what others have"
        raise UserError(f"{cure}: there is no {branch} here to measure by")
    folder = Committed(root, commit)
    if not (folder / OBJECTIVES).is_file():
        return Rules(root)
    since = output(root, "git", "merge-base", commit, head) or commit
    compared = (since,) if head == HEAD else (since, head)
    # Without renames, of which only the new name would be listed.
    diff = ("git", "diff", "--name-only", "--no-renames", "--relative", "-z", *compared)
    touched = set(filter(None, must(root, *diff, "--", ".").split("\0")))
    before, after = Committed(root, since), root if head == HEAD else Committed(root, head)
    objectives = Files(folder).entries(OBJECTIVES, Objective).values()
    known = [objective for objective in objectives if objective.source.file in touched]
    rewritten = {objective.source.file for objective in known if _lifts(objective, before, after)}
    changed = touched & {*FILES, *rewritten}
    asking = sorted(touched & {*ASKING})
    if LOCK in touched and (before / LOCK).is_file():
        old, new = (_locked(folder / LOCK) for folder in (before, after))
        asking += [f"{LIBRARY} {new} in place of {old}"] if old != new else []
    mixed = bool(changed) and changed < touched
    return Rules(folder, branch, tuple(sorted(changed)), mixed, tuple(asking))


def _lifts(objective: Objective, before: Folder, after: Folder) -> bool:
    """Whether other events of the days that were known make a budget be spent no more."""
    its, known = objective, _days(objective.source, before)
    if not known:
        return False
    day = max(known)
    later = {past: of for past, of in _days(its.source, after).items() if past <= day}
    old, new = (
        Budget(its.target, its.days, day, days, its.always_allowed) for days in (known, later)
    )
    return old.exceeded(day) and not (later and new.exceeded(day))


def _days(source: Source, folder: Folder) -> dict[date, Day]:
    try:
        days = events.read(folder, source).days
    except UserError:  # which stops features, once it is merged
        return {}
    return {day: of for day, of in days.items() if of.good + of.bad}


def _locked(lock: Folder) -> str:
    # A request may have written anything there.
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        for its in tomllib.loads(lock.read_text("utf-8"))["package"]:
            if its["name"] == LIBRARY:
                return f"{its['version']} from {' '.join(map(str, its['source'].values()))}"
    return "of nowhere"


def _commit(root: Path, branch: str) -> str | None:
    return output(root, "git", "rev-parse", "--verify", "--quiet", f"{branch}^{{commit}}")


def verdict(
    overview: Overview, exempt: Sequence[str], subjects: Sequence[str], rules: Rules
) -> tuple[str, bool]:
    """How everything stands, and whether something has to wait.

    Commits of an `exempt` kind go on in a freeze; `subjects` are those of what is to be merged. A
    change of the rules goes on too, since one of them is the waiver, but never beside other files.
    """
    frozen = bool(overview.stopping or overview.unread)
    alone = bool(rules.changed) and not rules.mixed
    waiting = [subject for subject in subjects if not (alone or may_pass(subject, exempt))]
    text = page(
        "quality/budgets/budget.txt",
        overview=overview,
        frozen=frozen,
        exempt=exempt,
        subjects=subjects,
        waiting=waiting,
        rules=rules,
    )
    return text.rstrip("\n"), rules.mixed or (frozen and bool(waiting or not subjects))


def may_pass(subject: str, exempt: Iterable[str]) -> bool:
    """Whether a commit goes on in a freeze, by its conventional type or scope."""
    return bool(kinds(subject) & set(exempt))


def kinds(subject: str) -> set[str]:
    """Type and scope of a conventional commit: `fix(security): …` is a fix, and security."""
    if subject.startswith('Revert "'):
        return {"revert"}
    kind = KIND.match(subject)
    return {name.lower() for name in kind.groups() if name} if kind else set()


def subjects_since(root: Path, branch: str, head: str = HEAD) -> list[str]:
    """The first lines of the commits since a branch.

    A merge is none beside what it merges, but for one that brings something of its own.
    """
    range_ = f"{branch}..{head}"
    commits = must(root, "git", "log", "--no-merges", "--format=%s", range_, "--").splitlines()
    made = ("--merges", "--remerge-diff", "--name-only", "--format=%x01%p%n%s")
    for merge in must(root, "git", "log", *made, range_, "--").split("\x01")[1:]:
        parents, subject, *brought = merge.rstrip("\n").split("\n")
        if brought or len(parents.split()) > TWO:  # Git does not make the others again
            commits.append(subject)
    return commits
