"""The CI of generated projects, and of this repository."""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import TEMPLATE, TOOLS, Render, parse, run

# The commits that actions may have, from https://github.com/OWNER/ACTION.
ACTIONS = {
    "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
    "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    "astral-sh/setup-uv@20cfd1bf945f4377ade1205e4dbc17946fc9a30d",
}
WORKFLOWS = ".github/workflows"


@pytest.fixture(params=["the project's", "the template's own"])
def workflows(request: pytest.FixtureRequest, rendered: Render) -> list[Path]:
    """The workflows for GitHub of a generated project, or of this repository."""
    folder = rendered(ci="github") if request.param == "the project's" else TEMPLATE
    return sorted((folder / WORKFLOWS).glob("*.yml"))


@pytest.fixture
def gitlab(rendered: Render) -> Path:
    return rendered(ci="gitlab") / ".gitlab-ci.yml"


@pytest.fixture
def commands(rendered: Render, gitlab: Path) -> dict[str, list[str]]:
    """The commands that each CI calls for a change, in order."""
    checks = rendered(ci="github") / WORKFLOWS / "checks.yml"
    return {
        "github": [step["run"] for step in steps([checks]) if "run" in step],
        "gitlab": [
            line
            for name, job in parse(gitlab).items()
            # The others have tests of their own, or are started by hand.
            if isinstance(job, dict) and name not in ("keel", ".deploy")
            for line in job.get("script", [])
        ],
    }


def test_zizmor_has_nothing_to_say(workflows: list[Path]) -> None:
    assert workflows

    done = run(workflows[0].parent, str(TOOLS / "zizmor"), "--offline", "--quiet", ".")

    assert done.returncode == 0, done.stdout


def test_each_action_is_a_commit_that_is_known(workflows: list[Path]) -> None:
    used = {step["uses"] for step in steps(workflows) if "uses" in step}

    assert used
    assert used - ACTIONS == set()


def test_githubs_schema_has_nothing_to_say(workflows: list[Path]) -> None:
    assert workflows

    assert_schema_holds("vendor.github-workflows", *workflows)


def test_gitlabs_schema_has_nothing_to_say(gitlab: Path) -> None:
    assert_schema_holds("vendor.gitlab-ci", gitlab, gitlab.parent / ".gitlab/team.yml")


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_each_verb_is_a_task(commands: dict[str, list[str]], rendered: Render, ci: str) -> None:
    tasks = parse(rendered(ci=ci) / "tasks.toml")["tool"]["poe"]["tasks"]

    assert verbs(commands[ci])
    assert set(verbs(commands[ci])) - tasks.keys() == set()


def test_the_checks_run_in_both(commands: dict[str, list[str]], rendered: Render) -> None:
    check = parse(rendered() / "tasks.toml")["tool"]["poe"]["tasks"]["check"]["sequence"]

    changing_nothing = [verb for verb in flat(check) if verb not in ("setup", "format")]

    assert verbs(commands["github"]) == verbs(commands["gitlab"]) == changing_nothing


def test_both_call_the_same_commands(commands: dict[str, list[str]]) -> None:
    run_by_github = [command for command in commands["github"] if command.startswith("uv run ")]

    assert run_by_github == commands["gitlab"]


def test_both_deploy_a_version_where_they_are_told(rendered: Render, gitlab: Path) -> None:
    (github,) = parse(rendered(ci="github") / WORKFLOWS / "deploy.yml")["jobs"].values()
    there = parse(gitlab)

    assert github["steps"][-1]["run"] == 'uv run poe deploy "$VERSION" "$ENVIRONMENT"'
    assert '@v}" "$ENVIRONMENT"' in there[".deploy"]["script"][-1]
    for environment in ("sandbox", "production"):
        assert there[environment] == {"extends": ".deploy"}


def test_a_proof_of_concept_deploys_nothing(rendered: Render) -> None:
    github = rendered(ci="github", maturity="proof-of-concept")
    gitlab = rendered(ci="gitlab", maturity="proof-of-concept")

    assert not (github / WORKFLOWS / "deploy.yml").exists()
    assert "deploy" not in (gitlab / ".gitlab-ci.yml").read_text()


def test_each_session_of_the_templates_own_ci_exists() -> None:
    called = {
        session
        for step in steps(sorted((TEMPLATE / WORKFLOWS).glob("*.yml")))
        for session in re.findall(r"nox -s (\w+)", step.get("run", ""))
    }

    sessions = {
        node.name
        for node in parse(TEMPLATE / "noxfile.py").body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }

    assert called
    assert called - sessions == set()


def flat(tasks: list[str | dict[str, list[str]]]) -> list[str]:
    """The verbs of a sequence, also those that run side by side, without what they are told."""
    return [
        called.split()[0]
        for task in tasks
        for called in (task.get("parallel", []) if isinstance(task, dict) else [task])
    ]


def steps(workflows: list[Path]) -> list[dict[str, Any]]:
    return [
        step
        for workflow in workflows
        for job in parse(workflow)["jobs"].values()
        for step in job["steps"]
    ]


def verbs(commands: list[str]) -> list[str]:
    return [verb for command in commands for verb in re.findall(r"\bpoe (\w+)", command)]


def assert_schema_holds(schema: str, *files: Path) -> None:
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema)

    done = run(TEMPLATE, *check, *map(str, files))

    assert done.returncode == 0, done.stdout
