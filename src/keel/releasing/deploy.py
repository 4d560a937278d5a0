"""Say that a version runs in an environment from now on, go back, or see what runs where.

The variable ENVIRONMENT says where something runs: on this machine, in a sandbox or in production.
Production is reached from CI, at the tag of a version and with nothing changed since. That keeps
accidents away; who may start that CI job, the host decides.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from keel.project.commands import output
from keel.project.errors import UserError
from keel.releasing.versions import Deployment, Registry, assign, number, plain, read, tag_of
from keel.serving import settings

LOCAL, SANDBOX, PRODUCTION = NAMES = settings.ENVIRONMENTS
current = settings.environment

# The files of CI, and how a version gets from there into production.
JOBS = {
    ".github/workflows/deploy.yml": "`gh workflow run deploy.yml -f version={version} "
    "-f environment=production`",
    ".gitlab-ci.yml": "the job `production` in the pipeline of {tag}",
}
ELSEWHERE = "a job there that checks out {tag} and types `uv run keel deploy {version} production`"


def known(name: str) -> str:
    """The name of an environment. Raises UserError if there is no such one."""
    if name not in NAMES:
        raise UserError(f"the environment is {name!r}: there is {', '.join(NAMES)}")
    return name


def guard(root: Path, environment: str, version: str, environ: Mapping[str, str]) -> None:
    """Raise UserError if a version can't be put into an environment from here."""
    tag = tag_of(root, version)
    if environment == LOCAL:
        raise UserError(
            f"local is this machine, which nothing is deployed to: `git checkout {tag}`, "
            "`uv run dvc pull champion data/checked` and `uv run keel serve` run it here"
        )
    if PRODUCTION in (current(environ), environment):
        problem = _barred(root, version, tag, environ)
        if problem:
            raise UserError(f"production can't be reached from here: {problem}")


def _barred(root: Path, version: str, tag: str, environ: Mapping[str, str]) -> str | None:
    """Why production can't be reached, and what to do in place of it; None if it can."""
    if "true" not in (environ.get("GITHUB_ACTIONS"), environ.get("GITLAB_CI")):
        job = next((job for file, job in JOBS.items() if (root / file).is_file()), ELSEWHERE)
        way = job.format(version=version, tag=tag)
        return f"it is reached from CI only, so that what runs there is what was checked: {way}"
    if output(root, "git", "status", "--porcelain", "--", ".") != "":
        return "files have changed since the commit: take those steps out of the CI job"
    if tag not in (output(root, "git", "tag", "--points-at", "HEAD") or "").split():
        return f"this commit is not {tag}: have the CI job check out that tag"
    return None


def deploy(root: Path, version: str, environment: str, environ: Mapping[str, str]) -> str:
    """Record a deployment; returns how a server gets it. Raises UserError if it may not be."""
    version, environment = plain(version), known(environment)
    registry = read(root)
    registry.commit(version)
    running = registry.running(environment)
    if running and running.version == version:
        raise UserError(f"{version} runs in {environment} already, since {_utc(running.at)}")
    return _record(root, registry, version, environment, environ)


def rollback(root: Path, environment: str, environ: Mapping[str, str], now: datetime) -> str:
    """Deploy the version that ran before; returns how a server gets it."""
    environment = known(environment)
    registry = read(root)
    bad, good = goal(registry, environment)
    done = _record(root, registry, good.version, environment, environ)
    ran = timedelta(seconds=round((now - bad.at).total_seconds()))  # such as 1 day, 2:03:04
    went = f"{environment} went back from {bad.version} to {good.version}"
    return f"{done}\n{went}; {bad.version} ran for {ran}."


def goal(registry: Registry, environment: str) -> tuple[Deployment, Deployment]:
    """What runs, and what ran before. Raises UserError if there is none."""
    running, before = registry.running(environment), registry.before(environment)
    if running is None:
        raise UserError(
            f"nothing runs in {environment}: `uv run keel deploy` shows what runs where"
        )
    if before is None or before.version not in registry.commits:
        raise UserError(
            f"nothing ran in {environment} before {running.version}: deploy another version"
        )
    return running, before


def message(registry: Registry, version: str, environment: str) -> str:
    """What the tag of a deployment says: what took the place of what.

    Who and when, every tag says itself.
    """
    running = registry.running(environment)
    back = running is not None and number(version) < number(running.version)
    kind, before = "rollback" if back else "deployment", running.version if running else "nothing"
    return f"{version} to {environment}\n\nkind: {kind}\nbefore: {before}\n"


def overview(registry: Registry) -> str:
    """What runs where, and which versions there are."""
    lines = []
    for environment in NAMES[1:]:
        running = registry.running(environment)
        since = running and f"{running.version}, since {_utc(running.at)}, by {running.by}"
        lines.append(f"{environment:12}{since or 'nothing'}")
    return "\n".join([*lines, f"{'versions':12}{registry.names}"])


def _record(
    root: Path, registry: Registry, version: str, environment: str, environ: Mapping[str, str]
) -> str:
    guard(root, environment, version, environ)
    assign(root, version, environment, message(registry, version, environment))
    return (
        f"{version} runs in {environment}, says the record. A server there gets it with\n"
        f"  git fetch --tags && git checkout {tag_of(root, version)}\n"
        "  uv sync && uv run dvc pull champion data/checked"
    )


def _utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
