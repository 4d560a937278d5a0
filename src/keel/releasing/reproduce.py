"""Build a version again from its source data, in a folder that is gone afterwards, and compare.

Everything that it makes is compared with what the version recorded.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from keel.data.store import sha256
from keel.pipeline.run import write_any_path
from keel.project.about import own_settings
from keel.project.commands import UV, must
from keel.project.errors import UserError
from keel.releasing.versions import plain, read, tag_of, top
from keel.show.pages import page

RUNNING = ".dvc/tmp/keel-runs"  # the process group of what runs in the folder
# Waits until nobody writes to it any more. It is a process of its own, since one that was killed
# has no time to clean up, nor to stop what it started, which would go on writing.
CLEANER = """
import os, pathlib, shutil, signal, subprocess, sys, time
folder, top, running = map(pathlib.Path, sys.argv[1:])
sys.stdin.read()
for _ in range(100):
    if not folder.exists():
        break
    try:
        os.killpg(int(running.read_text()), signal.SIGKILL)
    except (OSError, ValueError):
        pass  # nothing runs
    shutil.rmtree(folder, ignore_errors=True)
    time.sleep(0.1 * folder.exists())
subprocess.run(["git", "worktree", "prune"], cwd=top)
"""
MODEL, CHAMPION = "model/model.txt", "champion/model.txt"
# Pages made of the rest, with the time of the run in them.
PAGES = ("reports/report.html", "reports/model-card.md")
# When and from which commit, which differ; and what is waived, which is a matter of the day.
OF_THE_DAY = {"trained_at", "code", "waiver", "refusals"}


@contextmanager
def worktree(root: Path, revision: str) -> Iterator[Path]:
    """The project as of a revision, beside this one, so that relative paths lead to the same."""
    place = top(root)
    folder = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
    project = folder / root.resolve().relative_to(place.resolve())
    command = (sys.executable, "-c", CLEANER, str(folder), str(place), str(project / RUNNING))
    cleaner = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        must(place, "git", "worktree", "add", "--quiet", "--detach", str(folder), revision)
        yield project
    finally:
        signal.signal(signal.SIGTERM, before)
        cleaner.communicate()


def get_data(root: Path, folder: Path) -> None:
    """Get all that DVC has of the version, from the project's cache or the remote."""
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]  # DVC has no types
    from dvc.repo import Repo  # type: ignore[import-untyped]  # DVC has no types

    write_any_path()
    local = root / ".dvc/config.local"
    if local.is_file():
        shutil.copy(local, folder / ".dvc")  # who may read from the remote
    try:
        with Repo(str(root)) as project:
            cache = project.cache.local.path
        with Repo(str(folder)) as repo, repo.config.edit("local") as config:
            config.setdefault("cache", {})["dir"] = cache
        with Repo(str(folder)) as repo:
            repo.pull()
    except DvcException as error:
        raise UserError(
            f"what it recorded can't be had ({error}): `uv run dvc fetch --all-tags` gets it"
        ) from error


def make_environment(folder: Path) -> None:
    """Install what the version's own `uv.lock` names: Keel too, as it was then.

    Raises UserError if that fails, or the version has Keel's code within itself.
    """
    if "project" not in own_settings(folder):
        raise UserError(
            "check that version out, then `uv sync` and `uv run poe reproduce VERSION`: it was "
            "made before Keel was a library, and only the Keel within it can build it again"
        )
    if _run(folder, UV, "sync", "--frozen", "--quiet"):
        raise UserError("its packages can't be installed: uv says above why")


def run_pipeline(folder: Path) -> int:
    """Run all stages from the source data on; returns the exit code.

    It is DVC that runs them, and not `keel run`, which would set up hooks and stop at a waiver that
    has ended since. Nothing goes into DVC's cache. It counts as an experiment, in which a refusal
    is a warning.
    """
    repro = ("dvc", "repro", "--quiet", "--force", "--no-commit")
    experiment = {"DVC_EXP_BASELINE_REV": "HEAD", "DVC_NO_ANALYTICS": "1"}
    return _run(folder, UV, "run", "--no-sync", "--quiet", *repro, **experiment)


def _run(folder: Path, *command: str, **environment: str) -> int:
    """Run a program with an environment of its own; the cleaner stops all that it started."""
    place = str(folder / ".venv")
    own = {"VIRTUAL_ENV": place, "UV_PROJECT_ENVIRONMENT": place, "PYTHONPATH": ""}
    running = folder / RUNNING
    running.parent.mkdir(parents=True, exist_ok=True)
    # It says itself who it is: whoever starts it can be stopped at any moment.
    named = ("sh", "-c", 'echo $$ > "$0"; exec "$@"', str(running), *command)
    environ = {**os.environ, **own, **environment}
    code = subprocess.run(
        named, cwd=folder, env=environ, start_new_session=True, check=False
    ).returncode
    running.unlink()
    return code


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


class Difference(NamedTuple):
    """A file, or a fact in one, that is otherwise than recorded."""

    what: str
    recorded: str
    rebuilt: str


class Comparison(NamedTuple):
    """What came out of building a version again."""

    version: str
    facts: int  # that were compared
    differences: list[Difference]
    failed: bool  # the pipeline, which said why
    seconds: tuple[float, float]  # for the packages, and for the rest

    @property
    def equal(self) -> bool:
        return not (self.differences or self.failed)

    def __str__(self) -> str:
        return page("releasing/comparison.txt", its=self).rstrip("\n")


def reproduce(root: Path, version: str, begin: Callable[[str], None]) -> Comparison:
    """Build a version again in a folder of its own, which `begin` is told of, and compare."""
    version = plain(version)
    read(root).commit(version)
    tag = tag_of(root, version)
    started = time.perf_counter()
    with worktree(root, tag) as folder:
        begin(f"{tag} is built again in {folder}")
        make_environment(folder)
        installed = time.perf_counter()
        get_data(root, folder)
        made = list(outs(folder))
        expected = facts(folder, made) | champion(folder, CHAMPION)
        code = run_pipeline(folder)
        differing = differences(expected, facts(folder, made) | champion(folder, MODEL))
    seconds = installed - started, time.perf_counter() - installed
    return Comparison(version, len(expected), differing, bool(code), seconds)


def differences(expected: Mapping[str, str], actual: Mapping[str, str]) -> list[Difference]:
    """What differs, in the order in which the pipeline made it."""
    names = dict.fromkeys([*expected, *actual])
    pairs = (
        Difference(name, expected.get(name, "nothing"), actual.get(name, "nothing"))
        for name in names
    )
    return [pair for pair in pairs if pair.recorded != pair.rebuilt]


def outs(folder: Path) -> Iterator[str]:
    """What the stages make, as `dvc.lock` names it."""
    lock = yaml.safe_load((folder / "dvc.lock").read_text("utf-8"))
    for stage in lock["stages"].values():
        yield from (out["path"] for out in stage.get("outs", ()))


def facts(folder: Path, made: Iterable[str]) -> dict[str, str]:
    """What is there of it as facts: each value of JSON, the hash of everything else."""
    known: dict[str, str] = {}
    files = (file for out in made for file in (folder / out, *sorted((folder / out).rglob("*"))))
    for file in filter(Path.is_file, files):
        name = file.relative_to(folder).as_posix()
        if name.endswith(".json"):
            values = _flat(json.loads(file.read_bytes()))
            known |= {
                f"{name} {key}".strip(): value
                for key, value in values
                if not OF_THE_DAY.intersection(key.split("."))
            }
        elif name not in PAGES:
            known[name] = sha256(file)
    return known


def champion(folder: Path, model: str) -> dict[str, str]:
    """The hash of what is, or should be, the champion."""
    return {CHAMPION: sha256(folder / model)} if (folder / model).is_file() else {}


def _flat(content: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(content, dict | list) or not content:
        yield prefix, json.dumps(content)
        return
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
