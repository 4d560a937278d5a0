from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from behave import given, then, when
from behave.runner import Context

from keel.project.errors import UserError
from keel.releasing.environments import (
    PRODUCTION,
    Here,
    barred,
)
from keel.releasing.ledger import allowance
from keel.releasing.sandbox import name
from keel.releasing.state import State, problems
from keel.releasing.versions import (
    Deployment,
    Registry,
)
from keel.serving.settings import Sandbox

TAG = "model@v1.2.0"
IN_CI = Here(ci=True, uncommitted=False, tags=frozenset({TAG}))
PLACES = {
    "in CI at version 1.2.0": IN_CI,
    "at a laptop at version 1.2.0": replace(IN_CI, ci=False),
    "in CI at another commit": replace(IN_CI, tags=frozenset()),
    "in CI at version 1.2.0 with edits": replace(IN_CI, uncommitted=True),
}
PROJECTS: dict[str, dict[str, Any]] = {
    "all is in order": {},
    "a file was edited": {"uncommitted": ("a file",)},
    "the model is not the newest": {"stale": ("train",)},
    "the model misses a gate": {"refused": "AUC is below its floor"},
    "the model in use is another": {"champion": "another"},
    "the data were not shared": {"unshared": ("data",)},
    "the commit was not shared": {"remote": "the team's", "branches": ()},
}
BEFORE = Registry({"1.0.0": "older", "1.1.0": "old"})


@given("somebody who works {how}")
def work(context: Context, how: str) -> None:
    context.place = PLACES[how]


@when("they put version 1.2.0 into production")
def put_into_production(context: Context) -> None:
    context.verdict = barred("1.2.0", TAG, context.place)


@given("a project in which {what}")
def have_project(context: Context, what: str) -> None:
    context.state = State(**PROJECTS[what])


@when("version {version} is released after 1.1.0")
def release(context: Context, version: str) -> None:
    context.verdict = "; ".join(problems(context.state, version, BEFORE))


@then('the verdict is "{verdict}"')
def is_answered(context: Context, verdict: str) -> None:
    if verdict == "yes":
        assert not context.verdict, context.verdict
    else:
        assert verdict in context.verdict, context.verdict


@given("versions {versions} ran in production, in this order")
def ran(context: Context, versions: str) -> None:
    context.ran = [_deployed(version) for version in versions.replace(" and ", ", ").split(", ")]


@when("production goes back twice")
def go_back_twice(context: Context) -> None:
    for _ in range(2):
        before = Registry(deployments=tuple(context.ran)).before(PRODUCTION)
        assert before is not None
        context.ran.append(_deployed(before.version))


@then("version {version} runs in production")
def runs(context: Context, version: str) -> None:
    running = Registry(deployments=tuple(context.ran)).running(PRODUCTION)
    assert running is not None
    assert running.version == version


@given("the sandbox of {person} on the branch {branch}")
def have_sandbox(context: Context, person: str, branch: str) -> None:
    context.sandbox = name(person, branch)


@when("{person} works on the branch {branch}")
def work_on_branch(context: Context, person: str, branch: str) -> None:
    context.other = name(person, branch)


@then("he has another sandbox")
def is_another(context: Context) -> None:
    assert context.other != context.sandbox


@given(
    "a sandbox with a budget of {cost:f}, of which {spent:f} are spent, "
    "on a machine of {price:f} an hour"
)
def have_budget(context: Context, cost: float, spent: float, price: float) -> None:
    context.limits = Sandbox(cost=cost, price_per_hour=price)
    context.spent = spent


@when("a run is begun")
def begin(context: Context) -> None:
    try:
        context.allowance = allowance(context.limits, context.spent)
    except UserError as error:
        context.verdict = str(error)


@then("it is stopped after {minutes:d} minutes")
def is_stopped(context: Context, minutes: int) -> None:
    assert round(context.allowance.seconds / 60) == minutes


def _deployed(version: str) -> Deployment:
    return Deployment(version, PRODUCTION, datetime(2026, 1, 1, tzinfo=UTC), "somebody")
