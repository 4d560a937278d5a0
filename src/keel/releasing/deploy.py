"""Say that a version runs in an environment from now on, or what runs where."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from keel.project.errors import UserError
from keel.releasing import environments
from keel.releasing.versions import Registry, assign, number, plain, read, tag_of, top

USE = "`uv run keel deploy 1.2.0 production`, or `uv run keel deploy` to see what runs where"


def main(root: Path, arguments: list[str]) -> int:
    """Record a deployment; without arguments, show them."""
    environments.current()
    top(root)
    if not arguments:
        print(overview(read(root)))
        return 0
    if len(arguments) != 2:
        raise UserError(f"say which version and where: {USE}")
    version = plain(arguments[0])
    environment = environments.known(arguments[1], "the environment")
    registry = read(root)
    problem = unfit(registry, version, environment)
    if problem:
        raise UserError(problem)
    put(root, registry, version, environment)
    return 0


def unfit(registry: Registry, version: str, environment: str) -> str | None:
    """Why a version can't be deployed, wherever from; None if it can."""
    running = registry.running(environment)
    if version not in registry.commits:
        there = ", ".join(sorted(registry.commits, key=number)) or "none yet"
        return f"there is no version {version}; there are: {there}. `uv run keel release` makes one"
    if running and running.version == version:
        return f"{version} runs in {environment} already, since {running.at:%Y-%m-%d %H:%M} UTC"
    return None


def put(root: Path, registry: Registry, version: str, environment: str) -> None:
    """Record that a version runs in an environment. Raises UserError if that is not allowed."""
    environments.guard(root, environment, version)
    assign(root, version, environment, message(registry, version, environment))
    print(
        f"{version} runs in {environment}, says the record. A server there gets it with\n"
        f"  git fetch --tags && git checkout {tag_of(root, version)}\n"
        "  uv sync && uv run dvc pull champion data/checked"
    )


def message(
    registry: Registry, version: str, environment: str, environ: Mapping[str, str] = os.environ
) -> str:
    """What the tag of a deployment says: what took the place of what, and from where.

    Who and when, every tag says itself.
    """
    running = registry.running(environment)
    before = running.version if running else "nothing"
    back = running is not None and number(version) < number(running.version)
    facts = {
        "version": version,
        "environment": environment,
        "before": before,
        "kind": "rollback" if back else "deployment",
        "from": _job(environ) or platform.node(),
    }
    lines = [f"{name}: {value}" for name, value in facts.items()]
    return "\n".join([f"{version} to {environment}", "", *lines, ""])


def overview(registry: Registry) -> str:
    """What runs where, and which versions there are."""
    lines = []
    for environment in environments.NAMES[1:]:
        one = registry.running(environment)
        since = one and f"{one.version}, since {one.at:%Y-%m-%d %H:%M} UTC, by {one.by}"
        lines.append(f"{environment:12}{since or 'nothing'}")
    there = ", ".join(sorted(registry.commits, key=number)) or "none yet: `uv run keel release`"
    return "\n".join([*lines, f"{'versions':12}{there}"])


def _job(environ: Mapping[str, str]) -> str | None:
    """The address of the CI job that this is."""
    if "GITHUB_RUN_ID" in environ:
        parts = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY")
        server, repository = (environ.get(name, "") for name in parts)
        return f"{server}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
    return environ.get("CI_JOB_URL")
