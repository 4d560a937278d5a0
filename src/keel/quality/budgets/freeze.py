"""Say how the error budgets stand, and what waits while one of them is spent."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from keel.project.commands import must
from keel.quality.budgets.availability import as_time
from keel.quality.budgets.standing import POLICY, WAIVERS, Overview, Standing

KIND = re.compile(r"(\w+)(?:\(([^)]*)\))?!?:\s")
SHOWN = 5  # bad days, at most


def verdict(
    overview: Overview, exempt: Sequence[str], subjects: Sequence[str] = ()
) -> tuple[str, bool]:
    """How everything stands, and whether something has to wait.

    Commits of an `exempt` kind go on in a freeze; `subjects` are those of what is to be merged.
    """
    lines = [line for standing in overview.standings for line in describe(standing)]
    lines += [*overview.unread, *overview.problems, ""]
    if not (overview.stopping or overview.unread):
        spent = any(standing.is_spent for standing in overview.standings)
        why = "A waiver lifts the freeze" if spent else "No budget is spent"
        return "\n".join([*lines, f"{why}: go on."]), False
    lines += _freeze(overview, exempt)
    waiting = [f"  {subject}" for subject in subjects if not may_pass(subject, exempt)]
    if subjects and not waiting:
        passing = "All that is to be merged here is of these kinds: go on."
        return "\n".join([*lines, "", passing]), False
    return "\n".join([*lines, *(["", "This has to wait:", *waiting] if waiting else [])]), True


def may_pass(subject: str, exempt: Iterable[str]) -> bool:
    """Whether a commit goes on in a freeze, by its conventional type or scope."""
    return bool(kinds(subject) & set(exempt))


def kinds(subject: str) -> set[str]:
    """Type and scope of a conventional commit: `fix(security): …` is a fix, and security."""
    if subject.startswith('Revert "'):
        return {"revert"}
    kind = KIND.match(subject)
    return {name.lower() for name in kind.groups() if name} if kind else set()


def describe(standing: Standing) -> Iterator[str]:
    """An objective in some lines."""
    objective, waiver = standing.objective, standing.waiver
    yield f"{standing.name}: {objective.title}, {objective.target:g} % in {objective.days} days"
    yield f"  as time: {as_time(objective.target)}"
    yield f"  {standing}"
    if waiver:
        signed = f"as {waiver.signed} signed on {waiver.since}"
        yield f"  waived until {waiver.until}, {signed}: {waiver.why}"
    yield from (f"  {note}" for note in standing.notes)


def subjects_since(root: Path, branch: str) -> list[str]:
    """The first lines of the commits since a branch; a merge is none beside what it merges."""
    log = must(root, "git", "log", "--no-merges", "--format=%s", f"{branch}..HEAD", "--")
    return log.splitlines()


def _freeze(overview: Overview, exempt: Sequence[str]) -> Iterator[str]:
    """What stops, what ends that, and what goes on."""
    yield "FREEZE: no new features, no new models, until"
    for standing in overview.stopping:
        budget = standing.budget
        if budget is None:
            yield f"  {standing.name} is known again: {standing.lack}"
            continue
        yield f"  {standing.name} is back within its budget, which is spent since {budget.since}"
        yield f"    on {budget.ends} at the earliest, when the bad days have left its window"
        bad = [(day, counts.why) for day, counts in sorted(budget.days.items()) if counts.bad]
        yield from (f"    {day}: {why}" for day, why in bad[-SHOWN:] if why)
    yield from (f"  this is mended: {problem}" for problem in overview.unread)
    yield f"Until then only these kinds of commit are merged: {', '.join(exempt)}"
    yield f"(`fix: …` or `fix(security): …`), or with a dated and signed waiver in {WAIVERS}."
    agreed = ", ".join(overview.policy.agreed) or "nobody yet: talk about it"
    yield f"{POLICY} says so; agreed by {agreed}."
