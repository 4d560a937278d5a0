import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from behave import given, then, when
from behave.runner import Context
from repositories import Repository

from keel.project.errors import UserError
from keel.releasing.deploy import PRODUCTION, guard
from keel.releasing.sandbox import name
from keel.releasing.versions import Deployment, Registry

IN_CI, AT_A_LAPTOP = {"GITHUB_ACTIONS": "true"}, dict[str, str]()


@given("somebody who works {how}")
def work(context: Context, how: str) -> None:
    context.environ = IN_CI if how.startswith("in CI") else AT_A_LAPTOP
    context.folder = Path(tempfile.mkdtemp())
    context.add_cleanup(shutil.rmtree, context.folder)
    team = Repository(context.folder)
    team.commit("2026-11-23", files={"README.md": "a project"})
    team.git("tag", "model@v1.2.0")
    if "another commit" in how:
        team.commit("2026-11-24", files={"README.md": "another"})
    if "edits" in how:
        team.file("README.md", "edited")


@when("they put version 1.2.0 into production")
def put_into_production(context: Context) -> None:
    context.verdict = ""
    try:
        guard(context.folder, PRODUCTION, "1.2.0", context.environ)
    except UserError as error:
        context.verdict = str(error)


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


def _deployed(version: str) -> Deployment:
    return Deployment(version, PRODUCTION, datetime(2026, 1, 1, tzinfo=UTC), "somebody")
