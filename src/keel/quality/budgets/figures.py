"""Is the product well: a figure for each error budget, and one for the policy about them."""

from dataclasses import replace
from datetime import date, timedelta

from keel.quality.budgets.budgets import Budget
from keel.quality.budgets.standing import POLICY, Overview, Policy, Standing
from keel.quality.records.figures import Figure, State, about

DAY = timedelta(days=1)
SHOWN = 90  # days of the trend
LOW = 0.25  # of a budget left: below, watch it
CAREFUL = "Features may still go on: mend first what goes wrong, and put off what is risky."


def figures(overview: Overview, today: date) -> list[Figure]:
    """One for each objective, and for the policy."""
    shown = [figure(standing) for standing in overview.standings]
    if overview.unread or not shown:
        why = "; ".join(overview.unread) or "there are no objectives"
        shown.append(about("budget.objectives").fails(why))
    return [*shown, _policy(overview.policy, today).also(notes=overview.problems)]


def figure(standing: Standing) -> Figure:
    """How much of a budget is left; what was long ago is nothing to rely on."""
    objective, budget, waiver = standing.objective, standing.budget, standing.waiver
    usual, notes = about("budget.left"), [*standing.notes]
    target = f"{objective.target:g} %"
    target += f": {standing.allowance}" if standing.allowance else ""
    if waiver:
        notes.append(f"waived until {waiver.until} by {waiver.owner}: {waiver.why}")
    its = replace(
        usual,
        name=f"budget.{standing.name}",
        title=objective.title,
        sentence=usual.sentence.format(days=objective.days),
        meaning=objective.meaning,
        cure=objective.cure or usual.cure,
        target=target,
        notes=notes,
    )
    if budget is None:
        return its.lacking(standing.lack, target, standing.lack if standing.broken else None)
    if standing.silent:
        unknown = replace(its, cure="", target=target).fails(str(standing))
        return replace(unknown, state=State.BAD) if standing.is_spent else unknown
    state, why = _state(budget), [f"{day}: {why}" for day, why in budget.reasons]
    if state == State.WATCH:
        its = replace(its, cure=objective.cure or CAREFUL)
    return its.also([] if state == State.GOOD else why).shown(
        100 * budget.left,
        str(budget),
        state,
        round(budget.sums(budget.day, budget.window)[0]),
        target,
        _trend(budget),
    )


def _state(budget: Budget) -> State:
    if budget.since:
        return State.BAD
    return State.WATCH if budget.left < LOW or budget.runs_out else State.GOOD


def _trend(budget: Budget) -> list[tuple[date, float]]:
    days = [budget.day - back * DAY for back in reversed(range(SHOWN))]
    spent = [(day, budget.spent(day)) for day in days if day >= budget.first]
    return [(day, 100 * (1 - share)) for day, share in spent if share is not None]


def _policy(policy: Policy, today: date) -> Figure:
    its = about("budget.policy")
    if not policy.agreed:
        return its.unknown(f"nobody has signed {POLICY}")
    if policy.review is None:
        return its.unknown(f"{POLICY} has no date of its next review")
    left = (policy.review - today).days
    again = f"reviewed again on {policy.review}"
    if left < 0:
        again = f"its review was due by {policy.review}"
    text = f"agreed by {', '.join(policy.agreed)}; {again}"
    state = State.GOOD if left >= 0 else State.WATCH
    return its.shown(left, text, state, len(policy.agreed), "not past its date")
