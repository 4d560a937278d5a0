"""Say how the error budgets stand, and stop feature work while one of them is spent."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from keel.project.commands import must
from keel.project.errors import UserError
from keel.quality.budgets.availability import SPANS, downtime, hours, percent
from keel.quality.budgets.budgets import Budget
from keel.quality.budgets.standing import POLICY, WAIVERS, Overview, Standing, look
from keel.quality.records import settings
from keel.quality.records.history import Commit

SHOWN = 5  # bad days, at most
FEW = 20


def main(root: Path, arguments: list[str]) -> int:
    """Print how the budgets stand; 1 while one is spent, unless what is merged may be merged."""
    parser = ArgumentParser(prog="uv run keel budget", description=__doc__)
    parser.add_argument("--since", metavar="BRANCH", help="let its fixes pass: commits since there")
    parser.add_argument("--title", help="let a fix pass: the title of a request that is squashed")
    parser.add_argument("--on", metavar="DAY", help="as of a day that is over, such as 2026-11-23")
    options = parser.parse_args(arguments)
    chosen = settings.load(root).budgets
    now = _end(options.on) if options.on else datetime.now(UTC)
    overview = look(root, chosen, now, over=bool(options.on))
    subjects = _subjects(root, options.since) if options.since else []
    subjects += [options.title] if options.title else []
    text, code = told(overview, chosen.exempt, subjects)
    print(text)
    return code


def told(
    overview: Overview, exempt: Sequence[str], subjects: Sequence[str] = ()
) -> tuple[str, int]:
    """How everything stands, as text, and the exit code."""
    lines = [line for one in overview.standings for line in standing_told(one)]
    lines += [*overview.unread, *overview.problems]
    stopping = [one for one in overview.standings if one.stops]
    if not (stopping or overview.unread):
        spent = any(one.is_spent for one in overview.standings)
        why = "A waiver lifts the freeze" if spent else "No budget is spent"
        return "\n".join([*lines, "", f"{why}: go on."]), 0
    lines += ["", *_freeze(stopping, overview, exempt)]
    waiting = [subject for subject in subjects if not may_pass(subject, exempt)]
    if subjects and not waiting:
        return "\n".join([*lines, "", "All that is to be merged here is of these kinds: go on."]), 0
    if waiting:
        lines += ["", "This has to wait:", *[f"  {subject}" for subject in waiting]]
    return "\n".join(lines), 1


def may_pass(subject: str, exempt: Iterable[str]) -> bool:
    """Whether a commit goes on in a freeze, by its conventional type or scope."""
    return bool(Commit("", subject=subject).kinds & set(exempt))


def standing_told(one: Standing) -> Iterator[str]:
    """An objective in some lines."""
    objective = one.objective
    yield f"{one.name}: {objective.title}, {objective.target:g} % in {objective.days} days"
    yield f"  as time: {as_time(objective.target)}"
    if one.budget is None:
        yield f"  {'not known' if one.broken else 'not enough data yet'}: {one.lack}"
    else:
        yield f"  {budget_told(one.budget)}"
    if one.waiver:
        signed = f"as {one.waiver.signed} signed on {one.waiver.since}"
        yield f"  waived until {one.waiver.until}, {signed}: {one.waiver.why}"
    yield from (f"  {note}" for note in one.notes)


def as_time(target: float) -> str:
    """What a target allows, in hours a year and minutes a month."""
    told = [f"{hours(downtime(percent(str(target)), SPANS[span]))} {span}" for span in SPANS]
    return ", ".join(told[:2])


def budget_told(budget: Budget) -> str:
    """How much is left and how long it lasts, in a sentence."""
    total, bad = budget.sums(budget.day, budget.window)
    allowed = budget.allowed(budget.day)
    counts = (
        f"{_count(bad)} bad of {_count(allowed)} allowed, of {_count(total)} up to {budget.day}"
    )
    if budget.since:
        return (
            f"SPENT since {budget.since}: {counts}; "
            f"over on {budget.ends} if nothing goes wrong any more"
        )
    burn = "" if budget.burn is None else f"burn rate {budget.burn:.1f}; "
    lasts = f"spent on {budget.runs_out} if it goes on so" if budget.runs_out else "it will last"
    return f"{budget.left:.0%} left: {counts}; {burn}{lasts}"


def _freeze(
    stopping: Iterable[Standing], overview: Overview, exempt: Sequence[str]
) -> Iterator[str]:
    """What stops, what ends that, and what goes on."""
    yield "FREEZE: no new features, no new models, until"
    for one in stopping:
        if one.budget is None:
            yield f"  {one.name} is known again: {one.lack}"
            continue
        since, ends = one.budget.since, one.budget.ends
        yield f"  {one.name} is back within its budget, which is spent since {since}"
        yield f"    on {ends} at the earliest, when the bad days have left its window"
        bad = [(day, facts.why) for day, facts in sorted(one.budget.days.items()) if facts.bad]
        yield from (f"    {day}: {why}" for day, why in bad[-SHOWN:] if why)
    yield from (f"  this is mended: {problem}" for problem in overview.unread)
    yield f"Until then only these kinds of commit are merged: {', '.join(exempt)}"
    yield f"(`fix: …` or `fix(security): …`), or with a dated and signed waiver in {WAIVERS}."
    agreed = ", ".join(overview.policy.agreed) or "nobody yet: talk about it"
    yield f"{POLICY} says so; agreed by {agreed}."


def _count(number: float) -> str:
    """A number of events; parts of one matter where there are few."""
    return f"{number:,.0f}" if number >= FEW or number == int(number) else f"{number:.1f}"


def _subjects(root: Path, branch: str) -> list[str]:
    """The first lines of the commits since a branch; a merge is none beside what it merges."""
    log = must(root, "git", "log", "--no-merges", "--format=%s", f"{branch}..HEAD", "--")
    return log.splitlines()


def _end(day: str) -> datetime:
    """The end of a day."""
    try:
        return datetime.combine(date.fromisoformat(day), time(23, 59), UTC)
    except ValueError as error:
        raise UserError(f"--on {day} is no day: write it as 2026-11-23") from error
