"""The CI of generated projects, and of this repository."""

import ast
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from rendering import TEMPLATE, TOOLS, Render, commit, must, parse, run

from keel.cli.app import GROUPS, HIDDEN

# The commits that actions may have, from https://github.com/OWNER/ACTION.
ACTIONS = {
    "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
    "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    "actions/upload-pages-artifact@fc324d3547104276b827a68afc52ff2a11cc49c9",
    "actions/deploy-pages@cd2ce8fcbc39b97be8ca5fce6e763baed58fa128",
    "astral-sh/setup-uv@20cfd1bf945f4377ade1205e4dbc17946fc9a30d",
}
VERBS = {name for verbs in GROUPS.values() for name in verbs} | set(HIDDEN)
WORKFLOWS = ".github/workflows"
QUALITY = {"quality": "request", "measure": "measure", "pages": "page"}  # GitLab's, GitHub's


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
            if isinstance(job, dict)
            and name not in ("keel", ".deploy", ".quality", "budget", *QUALITY)
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
def test_each_verb_is_there(commands: dict[str, list[str]], rendered: Render, ci: str) -> None:
    layers = parse(rendered(ci=ci) / "pyproject.toml")["tool"]["keel"]["check"]

    assert verbs(commands[ci])
    assert set(verbs(commands[ci])) - VERBS == set()
    assert set(checked(commands[ci])) - layers.keys() == set()


def test_the_checks_run_in_both(commands: dict[str, list[str]], rendered: Render) -> None:
    layers = parse(rendered() / "pyproject.toml")["tool"]["keel"]["check"]

    changing_nothing = [layer for layer in layers if layer != "format"]

    assert checked(commands["github"]) == checked(commands["gitlab"]) == changing_nothing


def test_both_call_the_same_commands(commands: dict[str, list[str]]) -> None:
    verbs_of = {
        ci: [command for command in called if command.startswith("uv run ")]
        for ci, called in commands.items()
    }

    assert verbs_of["github"] == verbs_of["gitlab"]


def test_both_deploy_a_version_where_they_are_told(rendered: Render, gitlab: Path) -> None:
    (github,) = parse(rendered(ci="github") / WORKFLOWS / "deploy.yml")["jobs"].values()
    there = parse(gitlab)

    assert github["steps"][-1]["run"] == 'uv run keel deploy "$VERSION" "$ENVIRONMENT"'
    assert '@v}" "$ENVIRONMENT"' in there[".deploy"]["script"][-1]
    for environment in ("sandbox", "production"):
        assert there[environment] == {"extends": ".deploy"}


def test_a_proof_of_concept_deploys_nothing(rendered: Render) -> None:
    github = rendered(ci="github", maturity="proof-of-concept")
    gitlab = rendered(ci="gitlab", maturity="proof-of-concept")

    assert not (github / WORKFLOWS / "deploy.yml").exists()
    assert "deploy" not in (gitlab / ".gitlab-ci.yml").read_text()


@pytest.fixture
def quality(rendered: Render) -> dict[str, Any]:
    """The jobs of GitHub for the quality page."""
    jobs: dict[str, Any] = parse(rendered(ci="github") / WORKFLOWS / "quality.yml")["jobs"]
    return jobs


def test_the_quality_page_is_made_in_both_by_the_same_verbs(
    quality: dict[str, Any], gitlab: Path
) -> None:
    there = parse(gitlab)

    for name, job in QUALITY.items():
        here = verbs([step.get("run", "") for step in quality[job]["steps"]])

        assert here == verbs(there[name]["script"])
        assert here
        assert set(here) - VERBS == set()


def test_only_the_page_may_be_written_by_the_jobs_of_quality(quality: dict[str, Any]) -> None:
    may = {name: job["permissions"] for name, job in quality.items()}

    assert may == {
        "request": {"contents": "read", "actions": "read"},
        "measure": {"contents": "read"},
        "page": {"contents": "read", "actions": "read", "pages": "write", "id-token": "write"},
    }


def test_the_whole_history_is_there_where_git_is_asked(
    quality: dict[str, Any], gitlab: Path
) -> None:
    for job in quality.values():
        assert job["steps"][0]["with"]["fetch-depth"] == 0
    assert parse(gitlab)[".quality"]["variables"]["GIT_DEPTH"] == 0


def test_no_request_runs_in_the_gate_that_judges_it(gate: dict[str, Any], gitlab: Path) -> None:
    job, there = gate["jobs"]["budget"], parse(gitlab)["budget"]
    *_, asked = [step for step in job["steps"] if "run" in step]

    assert set(gate["on"]) == {"pull_request_target"}
    assert job["permissions"] == {"contents": "read"}
    assert all("ref" not in step.get("with", {}) for step in job["steps"])
    assert asked["run"].endswith('--since "origin/$GITHUB_BASE_REF" --head refs/keel/request')
    assert "env" not in asked
    assert "$TARGET" in there["script"][-2]
    assert there["script"][-1].endswith('--since "$TARGET" --head "$CI_COMMIT_SHA"')


def test_a_proof_of_concept_has_no_quality_page(rendered: Render) -> None:
    github = rendered(ci="github", maturity="proof-of-concept")
    gitlab = rendered(ci="gitlab", maturity="proof-of-concept")

    assert not (github / WORKFLOWS / "quality.yml").exists()
    assert "scorecard" not in (gitlab / ".gitlab-ci.yml").read_text()


@pytest.fixture
def gate(rendered: Render) -> dict[str, Any]:
    """The workflow of GitHub that asks for the budget; YAML takes `on` for a yes."""
    workflow = parse(rendered(ci="github") / WORKFLOWS / "budget.yml")
    return {"on": workflow[True], **workflow}


@pytest.fixture
def shared(project: Path, tmp_path: Path) -> Path:
    """A new project on a branch beside `main`, as CI has it."""
    left_out = shutil.ignore_patterns(".venv", ".git")
    folder = shutil.copytree(project, tmp_path / "project", ignore=left_out)
    commit(folder, "Start")
    must(folder, "git", "update-ref", "refs/remotes/origin/main", "HEAD")
    return folder


def follow(folder: Path, project: Path, steps: list[str]) -> dict[str, int]:
    """Do what a job says with the packages of a project; the exit codes of its commands."""
    return {
        step: run(
            folder,
            *("bash", "-ec", step),
            UV_PROJECT_ENVIRONMENT=str(project / ".venv"),
            UV_NO_SYNC="1",
            GITHUB_BASE_REF="main",
            GITHUB_STEP_SUMMARY=str(folder.parent / "summary.md"),
        ).returncode
        for step in steps
    }


def commands_of(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_a_new_project_is_stopped_by_nothing(
    quality: dict[str, Any], gate: dict[str, Any], project: Path, shared: Path
) -> None:
    must(shared, "git", "commit", "--quiet", "--allow-empty", "--message", "feat: a page")
    must(shared, "git", "update-ref", "refs/keel/request", "HEAD")

    asked = commands_of(gate["jobs"]["budget"])[-1]
    codes = follow(shared, project, [*commands_of(quality["request"]), asked])

    assert set(codes.values()) == {0}
    assert "Is the product well?" in (shared.parent / "summary.md").read_text()


@pytest.fixture(params=["github", "gitlab"])
def asking(request: pytest.FixtureRequest, gate: dict[str, Any], gitlab: Path) -> str:
    """How each CI asks for the budget of a request, once its commits are there."""
    if request.param == "github":
        last = commands_of(gate["jobs"]["budget"])[-1]
        return f"git checkout --quiet origin/main\n{last}"
    here = "TARGET=origin/main CI_COMMIT_SHA=$(git rev-parse HEAD) CI_PROJECT_DIR=$PWD"
    return "\n".join([here, *parse(gitlab)["budget"]["script"]])


@pytest.mark.parametrize(("subject", "code"), [("feat: a page", 1), ("fix: the queue", 0)])
def test_a_feature_is_stopped_while_a_budget_is_spent(
    asking: str, project: Path, shared: Path, subject: str, code: int
) -> None:
    """Also where the request takes Keel away."""
    bad = {"day": "2026-11-23", "indicator": "availability", "good": 0, "bad": 9}
    (shared / "reports").mkdir(exist_ok=True)
    (shared / "reports/indicators.jsonl").write_text(json.dumps(bad))
    commit(shared, "fix: what monitoring wrote")
    must(shared, "git", "update-ref", "refs/remotes/origin/main", "HEAD")
    (shared / "pyproject.toml").write_text("[project]\nname = 'no-keel'\nversion = '1'\n")
    commit(shared, subject)
    must(shared, "git", "update-ref", "refs/keel/request", "HEAD")

    assert follow(shared, project, [asking]) == {asking: code}


@pytest.mark.parametrize("on", [True, False])
def test_pages_are_published_only_where_they_are_switched_on(
    quality: dict[str, Any], tmp_path: Path, on: bool
) -> None:
    (asking,) = [step for step in quality["page"]["steps"] if step.get("id") == "pages"]
    gh = tmp_path / "gh"
    gh.write_text(f"#!/bin/sh\nexit {int(not on)}\n")
    gh.chmod(0o755)
    said = tmp_path / "output"
    said.touch()

    told = must(
        tmp_path,
        *("bash", "-ec", asking["run"]),
        GITHUB_OUTPUT=str(said),
        PATH=f"{tmp_path}:{os.environ['PATH']}",
    )

    assert said.read_text() == ("on=yes\n" if on else "")
    assert ("::notice::" in told) is not on


def test_each_python_that_a_project_may_use_is_tried() -> None:
    (oldest, *_) = pythons = parse(TEMPLATE / WORKFLOWS / "checks.yml")["jobs"]["checks"][
        "strategy"
    ]["matrix"]["python"]
    tried = parse(TEMPLATE / "noxfile.py").body

    assert pythons in [
        list(ast.literal_eval(node.value))
        for node in tried
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PYTHONS"
    ]
    for file in (TEMPLATE / "pyproject.toml", TEMPLATE / "template/pyproject.toml.jinja"):
        assert f'requires-python = ">={oldest}"' in file.read_text(encoding="utf-8")


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


def steps(workflows: list[Path]) -> list[dict[str, Any]]:
    return [
        step
        for workflow in workflows
        for job in parse(workflow)["jobs"].values()
        for step in job["steps"]
    ]


def verbs(commands: list[str]) -> list[str]:
    return [verb for command in commands for verb in re.findall(r"\bkeel (\w+)", command)]


def checked(commands: list[str]) -> list[str]:
    """The layers of checks that are run."""
    return [layer for command in commands for layer in re.findall(r"\bkeel check (\w+)", command)]


def assert_schema_holds(schema: str, *files: Path) -> None:
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema)

    done = run(TEMPLATE, *check, *map(str, files))

    assert done.returncode == 0, done.stdout
