"""What commands cost: seconds, seconds of CPU, and memory."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# Each project has its own environment, and keeps its byte code.
REMOVED = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONDONTWRITEBYTECODE")
# Threads that wait sleep: where they spin, another busy program multiplies the CPU of a fit.
ADDED = {"OMP_WAIT_POLICY": "PASSIVE", "DVC_NO_ANALYTICS": "1"}

MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10  # in the unit of `ru_maxrss`


class FailedError(Exception):
    """A command that is measured failed."""


@dataclass(frozen=True)
class Cost:
    """What a command used."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, of the process and of all that it waited for
    memory: float  # MB, the peak of the largest of these processes


@dataclass(frozen=True)
class Spread:
    """The median of several values, and how far they differ."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        digits = 2 if self.median < 10 else 1 if self.median < 100 else 0
        return f"{self.median:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def cost(folder: Path, *command: str | Path) -> Cost:
    """Run a command in a folder, in silence. Raises FailedError with the end of what it said."""
    inherited = {name: value for name, value in os.environ.items() if name not in REMOVED}
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=inherited | ADDED,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-5:]
            raise FailedError(f"`{' '.join(map(str, command))}` failed: {' / '.join(last)}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / MEGABYTE)


def pairs(
    first: Callable[[], Cost], second: Callable[[], Cost], times: int
) -> list[tuple[Cost, Cost]]:
    """The costs of both, in turn, so that what slows the machine down slows both."""
    return [(first(), second()) for _ in range(times)]


def spread(values: Iterable[float]) -> Spread:
    """Median, least and greatest of the values."""
    known = list(values)
    return Spread(statistics.median(known), min(known), max(known))


def ratio(measured: list[tuple[Cost, Cost]], of: Callable[[Cost], float]) -> Spread:
    """How many times as much the first of each pair used as the second."""
    return spread(of(first) / of(second) for first, second in measured)
