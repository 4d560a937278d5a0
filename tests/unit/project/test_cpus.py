import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from keel.project.cpus import OPENMP, POLARS, cpus, limit_threads, one_thread

V2 = "0::/jobs/service\n"
V1 = "5:cpuset:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/abc\n"
OLD = "cpu,cpuacct"


@pytest.fixture(autouse=True)
def _many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with many CPUs, on which no number was chosen."""
    monkeypatch.setattr("keel.project.cpus._chosen", {})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


def machine(root: Path, group: str, files: Mapping[str, str]) -> Path:
    """The folder of a machine on which the process is in a control group."""
    for name, text in {"proc/self/cgroup": group, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("group", "files", "expected"),
    [
        (V2, {"jobs/service/cpu.max": "200000 100000\n"}, 2),
        (V2, {"jobs/service/cpu.max": "150000 100000\n"}, 2),
        (V2, {"jobs/service/cpu.max": "50000 100000\n"}, 1),
        (V2, {"jobs/service/cpu.max": "max 100000\n"}, 64),
        (V2, {"jobs/service/cpu.max": "max 100000\n", "jobs/cpu.max": "300000 100000\n"}, 3),
        (V2, {"jobs/service/cpu.max": "400000 100000\n", "jobs/cpu.max": "300000 100000\n"}, 3),
        ("0::/\n", {"cpu.max": "400000 100000\n"}, 4),
        ("0::/on/the/host\n", {"cpu.max": "400000 100000\n"}, 4),
        ("0::/../other\n", {"cpu.max": "400000 100000\n"}, 4),
        (V2, {"jobs/service/cpu.max": "9900000 100000\n"}, 64),
        (V2, {"jobs/service/cpu.max": "broken"}, 64),
        (V2, {"jobs/service/cpu.max": "100000 0\n"}, 64),
        (V2, {}, 64),
        (V1, {f"{OLD}/cpu.cfs_quota_us": "250000\n", f"{OLD}/cpu.cfs_period_us": "100000\n"}, 3),
        (V1, {f"{OLD}/cpu.cfs_quota_us": "-1\n", f"{OLD}/cpu.cfs_period_us": "100000\n"}, 64),
        (
            V1,
            {
                f"{OLD}/docker/abc/cpu.cfs_quota_us": "100000\n",
                f"{OLD}/docker/abc/cpu.cfs_period_us": "50000\n",
            },
            2,
        ),
        (V1, {"cpuset/docker/abc/cpu.cfs_quota_us": "100000\n"}, 64),
        ("no control group", {}, 64),
    ],
)
def test_a_quota_counts_that_is_less_than_the_machine_has(
    tmp_path: Path, group: str, files: Mapping[str, str], expected: int
) -> None:
    root = machine(tmp_path, group, {f"sys/fs/cgroup/{name}": text for name, text in files.items()})

    assert cpus(root) == expected


def test_where_there_are_no_control_groups_affinity_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})

    assert cpus(tmp_path) == 2


def test_where_nothing_is_known_all_of_the_machine_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")

    assert cpus(tmp_path) == 64


def test_libraries_get_as_many_threads_unless_a_number_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    alone, given = dict[str, str](), {OPENMP: "7"}

    limit_threads(alone)
    limit_threads(given)

    assert alone == {OPENMP: "2", POLARS: "2"}
    assert given == {OPENMP: "7", POLARS: "2"}


def test_one_thread_is_enough_unless_another_number_was_set_by_whoever_started_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    alone, given = dict[str, str](), {OPENMP: "7"}
    for environ in (alone, given):
        limit_threads(environ)

        one_thread(environ)

    assert alone == {OPENMP: "1", POLARS: "2"}
    assert given == {OPENMP: "7", POLARS: "2"}


def test_a_whole_machine_limits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    environ = dict[str, str]()

    limit_threads(environ)

    assert environ == {}
