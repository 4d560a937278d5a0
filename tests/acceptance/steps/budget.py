from datetime import date, timedelta
from pathlib import Path

from behave import given, then, when
from behave.runner import Context

from keel.project.settings import Waiver
from keel.quality.budgets import standing
from keel.quality.budgets.budgets import Objective
from keel.quality.budgets.events import Day, Events, Source
from keel.quality.budgets.freeze import Rules, verdict
from keel.quality.records.settings import Budgets

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
CHANGES = {
    "a new feature": "feat: show the gate",
    "a fix": "fix: the time zone",
    "a security fix": "fix(security): check the key",
    "a revert": 'Revert "feat: show the gate"',
}


class Agreement:
    """What was agreed for the answers, what happened to them, and what that means for changes."""

    def __init__(self, target: float, days: int) -> None:
        source = Source(indicator="answers")
        self._objective = Objective(
            title="Answers", of="service", target=target, days=days, meaning="-", source=source
        )
        self.events: dict[date, Day] = {}
        self.signed_until: date | None = None
        self.today = TODAY

    def judge(self, change: str) -> tuple[str, bool]:
        """What is said of a change, and whether it may be merged."""
        until = self.signed_until
        waiver = Waiver(why="-", owner="Ada", until=until) if until else None
        answers = standing.Standing("answers", self._objective, waiver=waiver)
        answers = standing.counted(answers.on(self.today), Events(self.events), self.today)
        overview, rules = standing.Overview([answers]), Rules(Path())
        text, waits = verdict(overview, Budgets().exempt, [CHANGES[change]], rules)
        return text, not waits


@given("it is agreed that {target:d} % of the answers are good in {days:d} days")
def agree(context: Context, target: int, days: int) -> None:
    context.agreement = Agreement(target, days)


@given("there are 1,000 answers a day")
def answer(context: Context) -> None:
    context.agreement.events = {TODAY - back * DAY: Day(1000, 0) for back in range(60)}


@when("{bad:d} answers were bad {back:d} days ago")
def answer_badly(context: Context, bad: int, back: int) -> None:
    context.agreement.events[TODAY - back * DAY] = Day(1000 - bad, bad)


@when("nobody has asked for anything")
def answer_nothing(context: Context) -> None:
    context.agreement.events = {}


@when("there is nothing new for {days:d} days")
def wait(context: Context, days: int) -> None:
    context.agreement.today += days * DAY


@when("Ada has signed that work goes on until {day}")
def sign(context: Context, day: str) -> None:
    until = TODAY + {"yesterday": -DAY, "tomorrow": DAY}[day]
    context.agreement.signed_until = until


@then("{change} may not be merged")
def may_not_be_merged(context: Context, change: str) -> None:
    assert not context.agreement.judge(change)[1]


@then("{change} may be merged")
def may_be_merged(context: Context, change: str) -> None:
    assert context.agreement.judge(change)[1]


@then("{left} % of the budget is left")
def is_left(context: Context, left: str) -> None:
    assert f"{left}% left" in context.agreement.judge("a new feature")[0]


@then("work is stopped because of the answers, since {back:d} days ago")
def is_stopped(context: Context, back: int) -> None:
    text = context.agreement.judge("a new feature")[0]

    assert f"answers is back within its budget, which is spent since {TODAY - back * DAY}" in text


@then("everybody sees that {name} signed")
def is_shown(context: Context, name: str) -> None:
    text = context.agreement.judge("a new feature")[0]

    assert f"{name} answers for it" in text or f"{name} signed" in text
