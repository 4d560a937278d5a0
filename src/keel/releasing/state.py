"""What a release looks at: commit, pipeline, gates, champion, and what is shared."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from keel.pipeline.run import stop_at_ended_waivers, stop_at_refusals
from keel.project.commands import output
from keel.project.errors import UserError
from keel.releasing.tags import remote_of
from keel.releasing.versions import Registry, number

SOME = 5  # of many names are named


@dataclass(frozen=True)
class State:
    """A project as it stands. The usual values are those of one that is ready."""

    commit: str | None = "0" * 40  # None outside of Git, and before the first commit
    uncommitted: tuple[str, ...] = ()
    remote: str | None = None
    branches: tuple[str, ...] = ("main",)  # that have the commit: the remote's, if there is one
    stale: tuple[str, ...] = ()  # stages and files that are not as recorded
    refused: str | None = None
    ended: str | None = None
    champion: str | None = "0" * 64  # the hash of its model
    model: str | None = "0" * 64
    unshared: tuple[str, ...] = ()  # files that the others can't get


def problems(state: State, version: str, registry: Registry) -> list[str]:
    """A sentence for each thing that stands in the way of releasing a version."""
    if state.commit is None:
        return ['a version is of a commit, and there is none: `git add --all && git commit -m "…"`']
    return [*_version(state, version, registry), *_commit(state), *_model(state)]


def _version(state: State, version: str, registry: Registry) -> Iterator[str]:
    released = [name for name, commit in registry.commits.items() if commit == state.commit]
    if released:
        yield f"this commit is version {released[0]} already: commit what is new about {version}"
    elif version in registry.commits:
        yield f"version {version} exists: take a later one, such as `uv run keel release patch`"
    elif registry.latest and number(version) < number(registry.latest):
        yield f"{version} comes before {registry.latest}, which is the latest: take a later one"


def _commit(state: State) -> Iterator[str]:
    if state.uncommitted:
        yield f"{_some(state.uncommitted)} changed since the commit: commit it, or take it back"
    if state.remote and not state.branches:
        yield f"{state.remote} does not have this commit: `git push` first"
    elif not state.branches:
        yield "no branch has this commit, and Git may throw it away: `git switch --create NAME`"


def _model(state: State) -> Iterator[str]:
    yield from filter(None, (state.ended, state.refused))
    if state.stale:
        yield (
            f"{_some(state.stale)} not as the last run left it: `uv run keel run`, or `uv run dvc "
            "checkout` for files that were changed by hand; then commit"
        )
    if state.champion is None:
        yield "there is no champion: `uv run keel promote`, then commit champion.dvc"
    elif state.champion != state.model:
        yield (
            "the champion is another model than this commit's: `uv run keel promote` makes it the "
            "champion if it is better; then commit champion.dvc"
        )
    if state.unshared:
        yield f"nobody else can get {_some(state.unshared)}: `uv run dvc push`"


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - SOME
    return ", ".join(names[:SOME]) + (f" and {more} more" if more > 0 else "")


def look(root: Path, today: date) -> State:
    """Look at a project. Raises UserError where Git or DVC can't."""
    commit = output(root, "git", "rev-parse", "--verify", "--quiet", "HEAD")
    if commit is None:
        return State(commit=None)
    remote = remote_of(root)
    stale, unshared = _dvc(root)
    return State(
        commit=commit,
        uncommitted=_lines(root, "status", "--porcelain", "--", "."),
        remote=remote,
        branches=_branches(root, remote),
        stale=stale,
        refused=_complaint(lambda: stop_at_refusals(root)),
        ended=_complaint(lambda: stop_at_ended_waivers(root, today)),
        champion=_hash(root / "champion/passport.json"),
        model=_hash(root / "model/passport.json"),
        unshared=unshared,
    )


def _lines(root: Path, *command: str) -> tuple[str, ...]:
    printed = output(root, "git", "-c", "core.quotePath=false", *command) or ""
    return tuple(line.split(maxsplit=1)[-1] for line in printed.splitlines())


def _branches(root: Path, remote: str | None) -> tuple[str, ...]:
    where = f"refs/remotes/{remote}" if remote else "refs/heads"
    return _lines(root, "for-each-ref", "--contains", "HEAD", "--format=%(refname:short)", where)


def _dvc(root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is not as recorded, and what the remote of DVC does not have."""
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]  # DVC has no types
    from dvc.repo import Repo  # type: ignore[import-untyped]

    try:
        with Repo(str(root)) as repo:  # in this process: another one takes longer to start
            stale: dict[str, Any] = repo.status()
            away: dict[str, str] = repo.status(cloud=True)
    except DvcException as error:
        raise UserError(f"DVC can't say how the data are: {error}") from error
    return tuple(stale), tuple(name for name, how in away.items() if how != "deleted")


def _complaint(check: Callable[[], None]) -> str | None:
    try:
        check()
    except UserError as error:
        return str(error)
    return None


def _hash(passport: Path) -> str | None:
    if not passport.is_file():
        return None
    return str(json.loads(passport.read_text("utf-8"))["sha256"]["model"])
