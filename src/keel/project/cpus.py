"""How many CPUs this process may use, which in a container are fewer than the machine has."""

import os
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from math import ceil
from pathlib import Path

OPENMP, POLARS = "OMP_NUM_THREADS", "POLARS_MAX_THREADS"
_chosen: dict[str, str] = {}  # here, and not by whoever started the process


def cpus(root: Path = Path("/")) -> int:
    """As many as the affinity of the process and the quotas of its control groups (v1, v2) allow.

    A part of one counts as one. `root` holds `proc` and `sys`.
    """
    usable = getattr(os, "sched_getaffinity", None)  # Linux has it
    count = len(usable(0)) if usable else os.cpu_count() or 1
    return max(1, min([count, *map(ceil, _quotas(root))]))


def limit_threads(environ: MutableMapping[str, str]) -> None:
    """Have libraries start no more threads than there are CPUs for, unless a number is set.

    OpenMP (LightGBM, XGBoost, scikit-learn) and BLAS know no quota, and Polars is told the same. It
    counts for what is loaded afterwards, and for processes that are started.
    """
    if (count := cpus()) < (os.cpu_count() or 1):
        for name in (OPENMP, POLARS):
            _choose(environ, name, count)


def one_thread(environ: MutableMapping[str, str]) -> None:
    """The same for OpenMP alone: small models fit faster so, and few rows are predicted faster."""
    _choose(environ, OPENMP, 1)


def _choose(environ: MutableMapping[str, str], name: str, count: int) -> None:
    if environ.get(name) in (None, _chosen.get(name)):
        environ[name] = _chosen[name] = str(count)


def _quotas(root: Path) -> Iterator[float]:
    """CPUs by each quota that is set: of the group, and of those above, which also count.

    In a container the path of the group may be the host's, and its own group the one on top.
    """
    with suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            top = root / "sys/fs/cgroup" / controllers
            group = top / path.lstrip("/")
            for folder in (group, *group.parents):
                with suppress(OSError, ValueError, ZeroDivisionError):
                    yield _quota(folder, old=bool(controllers))
                if folder == top:
                    break


def _quota(folder: Path, *, old: bool) -> float:
    """CPUs of a group. Raises OSError or ValueError if no quota is set."""
    if old:
        microseconds = [int((folder / f"cpu.cfs_{n}_us").read_text()) for n in ("quota", "period")]
    else:
        microseconds = [int(part) for part in (folder / "cpu.max").read_text().split()]
    quota, period = microseconds
    if quota < 1:
        raise ValueError("-1 is no quota")
    return quota / period
