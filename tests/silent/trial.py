"""A command in a folder, as a fork of a process that has already loaded what is slow to load."""

import multiprocessing
import os
import resource
import runpy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import stages

SLOW = (
    *("fastapi", "hydra", "jinja2", "lightgbm", "pytest", "sklearn.metrics", "vl_convert"),
    *("keel.testing.checks", "keel.serving.app", "keel.monitoring.monitor"),
    *(f"keel.pipeline.{stage}" for stage in ("ingest", "validate", "prepare", "train", "evaluate")),
)
# On one thread, set before anything is loaded, since two run at once.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"), "1")
SECONDS = 600.0


@dataclass(frozen=True)
class Done:
    """What a command said, how it ended, and the seconds of a processor that it took."""

    code: int
    said: str
    seconds: float


def prepare() -> None:
    """Load what is slow to load, once for all commands."""
    os.environ.update(THREADS)
    multiprocessing.get_context("forkserver").set_forkserver_preload(["__main__", *SLOW])


def run(folder: Path, environment: Mapping[str, str], command: Sequence[str]) -> Done:
    """Run `pytest`, `behave` or `stages` with arguments. Raises RuntimeError if it crashes."""
    with NamedTemporaryFile() as output, NamedTemporaryFile() as used:
        process = multiprocessing.get_context("forkserver").Process(
            target=_child, args=(folder, dict(environment), list(command), output.name, used.name)
        )
        process.start()
        process.join(SECONDS)
        said = Path(output.name).read_text("utf-8", "replace")
        if process.exitcode is None or process.exitcode < 0:
            process.kill()
            raise RuntimeError(
                f"{folder}: {' '.join(command)} ended with {process.exitcode}: {said}"
            )
        return Done(process.exitcode, said, float(Path(used.name).read_text(encoding="utf-8") or 0))


def _child(
    folder: Path, environment: dict[str, str], command: list[str], output: str, used: str
) -> None:
    with Path(output).open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = [str(folder / "src"), str(folder)]
    try:
        sys.exit(_called(*command))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        times = [
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        Path(used).write_text(
            str(sum(each.ru_utime + each.ru_stime for each in times)), encoding="utf-8"
        )


def _called(name: str, *arguments: str) -> int:
    if name == "stages":
        return stages.main()
    if name == "pytest":
        import pytest

        return int(pytest.main(list(arguments)))
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return 0
