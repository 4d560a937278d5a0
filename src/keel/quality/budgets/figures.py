"""Is the product well: a figure for each error budget, and one for the policy about them."""

from dataclasses import replace
from datetime import date, timedelta

from keel.quality.budgets.availability import as_time
from keel.quality.budgets.budgets import Budget
from keel.quality.budgets.standing import POLICY, Overview, Policy, Standing
from keel.quality.records.figures import Figure, State, about
from keel.quality.records.settings import Budgets

DAY = timedelta(days=1)
SHOWN = 90  # days of the trend
AGREED = about("budget.policy")
OBJECTIVES = about("budget.objectives")


def figures(overview: Overview, settings: Budgets, today: date) -> list[Figure]:
    """One for each objective, and for the policy."""
    shown = [figure(standing, settings, today) for standing in overview.standings]
    if overview.unread or not shown:
        why = "; ".join(overview.unread) or "there are no objectives"
        shown.append(OBJECTIVES.fails(why))
    return [*shown, _policy(overview.policy, overview.problems, today)]


def figure(standing: Standing, settings: Budgets, today: date) -> Figure:
    """How much of a budget is left; what was long ago is nothing to rely on."""
    objective, budget, waiver = standing.objective, standing.budget, standing.waiver
    usual = about("budget.left")
    mine = replace(
        usual,
        name=f"budget.{standing.name}",
        title=objective.title,
        sentence=f"How much may still go wrong in {objective.days} days, before features have to "
        "wait.",
        meaning=objective.meaning,
        cure=objective.cure or usual.cure,
    )
    target = f"{objective.target:g} %, which allows {as_time(objective.target)}"
    notes = [*standing.notes]
    if waiver:
        notes.append(f"waived until {waiver.until} by {waiver.signed}: {waiver.why}")
    if budget is None:
        lacking = mine.lacking(standing.lack, target, standing.lack if standing.broken else None)
        return replace(lacking, target=target, notes=notes)
    late = (today - budget.day).days > settings.late_days
    shown = mine.shown(
        100 * budget.left,
        _outlook(budget) + f", as of {budget.day}" * late,
        _state(budget, settings.low, late=late),
        round(budget.sums(budget.day, budget.window)[0]),
        target,
        _trend(budget),
    )
    return replace(shown, notes=notes, details=[str(budget)])


def _outlook(budget: Budget) -> str:
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
        shown = AGREED.unknown(f"nobody has signed {POLICY}")
    elif policy.review is None:
        shown = AGREED.unknown(f"{POLICY} has no date of its next review")
    else:
        left = (policy.review - today).days
        text = f"agreed by {', '.join(policy.agreed)}; reviewed again on {policy.review}"
        number = len(policy.agreed)
        late = State.GOOD if left >= 0 else State.WATCH
        shown = AGREED.shown(left, text, late, number, "not past its date")
    return shown.also(notes=problems)
