"""Say how the error budgets stand, and what waits while one of them is spent."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from keel.project.commands import must
from keel.quality.budgets.rules import HEAD, Rules
from keel.quality.budgets.standing import Overview
from keel.show.pages import page

HERE = Rules(Path())
TWO = 2  # parents that a merge has, as a rule
KIND = re.compile(r"(\w+)(?:\(([^)]*)\))?!?:\s")


def verdict(
    overview: Overview, exempt: Sequence[str], subjects: Sequence[str] = (), rules: Rules = HERE
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
