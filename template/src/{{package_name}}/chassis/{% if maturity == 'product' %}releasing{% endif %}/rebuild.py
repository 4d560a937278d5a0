# Keel keeps this file up to date.
"""A version of the project, built once more in a folder that is gone afterwards."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..commands import UV, call, must, output
from ..errors import UserError
from .versions import top

CHAMPION = "champion.dvc"


@contextmanager
def worktree(root: Path, revision: str) -> Iterator[Path]:
    """The project as of a revision, beside this one, so that relative paths lead to the same."""
    place = top(root)
    folder = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
    told = signal.signal(signal.SIGTERM, _stop)
    try:
        must(place, "git", "worktree", "add", "--quiet", "--detach", str(folder), revision)
        yield folder / root.resolve().relative_to(place.resolve())
    finally:
        output(place, "git", "worktree", "remove", "--force", str(folder))
        shutil.rmtree(folder, ignore_errors=True)
        output(place, "git", "worktree", "prune")
        signal.signal(signal.SIGTERM, told)


def get_sources(root: Path, folder: Path) -> None:
    """Get the data that DVC tracks and no stage makes, from the project's cache or the remote."""
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]  # DVC has no types
    from dvc.repo import Repo  # type: ignore[import-untyped]

    local = root / ".dvc/config.local"
    if local.is_file():
        shutil.copy(local, folder / ".dvc")  # who may read from the remote
    try:
        with Repo(str(root)) as project:
            cache = project.cache.local.path
        with Repo(str(folder)) as repo, repo.config.edit("local") as config:
            config.setdefault("cache", {})["dir"] = cache
        with Repo(str(folder)) as repo:
            tracked = [stage.path for stage in repo.index.stages if stage.is_data_source]
            sources = [path for path in tracked if Path(path).name != CHAMPION]
            if sources:
                repo.pull(targets=sources)
    except DvcException as error:
        raise UserError(f"the source data can't be had: {error}") from error


def make_environment(folder: Path) -> None:
    """Install what the version's own `uv.lock` names. Raises UserError if that fails."""
    if call(folder, UV, "sync", "--locked", "--quiet", **_own(folder)):
        raise UserError("its packages can't be installed: uv says above why")


def run_pipeline(folder: Path) -> int:
    """Run all stages from the source data on; returns the exit code.

    Nothing goes into DVC's cache. It counts as an experiment, in which a refusal is a warning: a
    waiver may have ended since.
    """
    command = (
        UV,
        "run",
        "--no-sync",
        "--quiet",
        "dvc",
        "repro",
        "--quiet",
        "--force",
        "--no-commit",
    )
    own: dict[str, Any] = _own(folder)
    return call(folder, *command, **own, DVC_EXP_BASELINE_REV="HEAD", DVC_NO_ANALYTICS="1")


def _own(folder: Path) -> dict[str, str]:
    """Variables that keep the project's own environment out of it."""
    place = str(folder / ".venv")
    return {"VIRTUAL_ENV": place, "UV_PROJECT_ENVIRONMENT": place, "PYTHONPATH": ""}


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
