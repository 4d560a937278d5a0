"""Is the product well: a figure for each error budget, and one for the policy about them."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from keel.quality.budgets import standing
from keel.quality.budgets.budgets import Budget
from keel.quality.budgets.freeze import as_time, budget_told
from keel.quality.budgets.standing import POLICY, Overview, Policy, Standing
from keel.quality.records.figures import Figure, State, about
from keel.quality.records.settings import Budgets, Quality

DAY = timedelta(days=1)
SHOWN = 90  # days of the trend
AGREED = about("budget.policy")
OBJECTIVES = about("budget.objectives")


def provide(root: Path, settings: Quality, now: datetime) -> list[Figure]:
    """The figures of a project."""
    return figures(standing.look(root, settings.budgets, now), settings.budgets, now.date())


def figures(overview: Overview, settings: Budgets, today: date) -> list[Figure]:
    """One for each objective, and for the policy."""
    found = [figure(one, settings, today) for one in overview.standings]
    if overview.unread or not found:
        why = "; ".join(overview.unread) or "there are no objectives"
        found.append(OBJECTIVES.broken(why))
    return [*found, _policy(overview.policy, overview.problems, today)]


def figure(one: Standing, settings: Budgets, today: date) -> Figure:
    """How much of a budget is left; what was long ago is nothing to rely on."""
    objective, budget = one.objective, one.budget
    usual = about("budget.left")
    mine = replace(
        usual,
        name=f"budget.{one.name}",
        title=objective.title,
        sentence=f"How much may still go wrong in {objective.days} days, before features have to "
        "wait.",
        meaning=objective.meaning,
        cure=objective.cure or usual.cure,
    )
    target = f"{objective.target:g} %, which allows {as_time(objective.target)}"
    notes = [*one.notes]
    if one.waiver:
        notes.append(f"waived until {one.waiver.until} by {one.waiver.signed}: {one.waiver.why}")
    if budget is None:
        lacking = mine.broken(one.lack) if one.broken else mine.unknown(one.lack)
        return replace(lacking, target=target, notes=notes)
    late = (today - budget.day).days > settings.late_days
    shown = mine.figure(
        100 * budget.left,
        _told(budget) + f", as of {budget.day}" * late,
        _state(budget, settings.low, late=late),
        round(budget.sums(budget.day, budget.window)[0]),
        target,
        _trend(budget),
    )
    return replace(shown, notes=notes, details=[budget_told(budget)])


def _told(budget: Budget) -> str:
    if budget.since:
        return f"spent since {budget.since}; over on {budget.ends} if nothing goes wrong any more"
    runs_out = f"spent on {budget.runs_out} if it goes on like this"
    return f"{budget.left:.0%} left; {runs_out if budget.runs_out else 'it will last'}"


def _state(budget: Budget, low: float, *, late: bool) -> State:
    if budget.since:
        return State.BAD
    return State.WATCH if late or budget.left < low or budget.runs_out else State.GOOD


def _trend(budget: Budget) -> list[tuple[date, float]]:
    days = [budget.day - back * DAY for back in reversed(range(SHOWN))]
    spent = [(day, budget.spent(day)) for day in days if day >= budget.first]
    return [(day, 100 * (1 - share)) for day, share in spent if share is not None]


def _policy(policy: Policy, problems: list[str], today: date) -> Figure:
    if not policy.agreed:
        found = AGREED.unknown(f"nobody has signed {POLICY}")
    elif policy.review is None:
        found = AGREED.unknown(f"{POLICY} has no date of its next review")
    else:
        left = (policy.review - today).days
        text = f"agreed by {', '.join(policy.agreed)}; reviewed again on {policy.review}"
        number = len(policy.agreed)
        late = State.GOOD if left >= 0 else State.WATCH
        found = AGREED.figure(left, text, late, number, "not past its date")
    return replace(found, notes=problems)
