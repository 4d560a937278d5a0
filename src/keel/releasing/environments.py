"""Where something runs: on this machine, in a sandbox or in production, and who may reach which.

The variable ENVIRONMENT says it. Production is reached from CI, at the tag of a version and with
nothing changed since. That keeps accidents away; who may start that CI job, the host decides.
"""

from collections.abc import Mapping
from pathlib import Path

from keel.project.commands import output
from keel.project.errors import UserError
from keel.releasing.versions import tag_of
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
