"""A few days replayed for real: a trained model, the service in a process of its own, HTTP."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rendering import keel, must, render

STAGES = ("configure", "ingest", "validate")  # a replay needs no more


@pytest.fixture(scope="module")
def checked(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with checked tables, and the packages of another."""
    folder = render(tmp_path_factory.mktemp("replay") / "project")
    for stage in STAGES:
        must(folder, *keel(project), "stage", stage)
    return folder


def test_days_are_served_and_watched_and_the_project_stays_as_it_was(
    project: Path, checked: Path
) -> None:
    before = state(checked)

    told = must(checked, *keel(project), "replay", "--days", "4", "--trouble", "stale+2")

    made = checked / "outputs/replay/2013-07-01/reports"
    lines = [json.loads(line) for line in (made / "indicators.jsonl").open(encoding="utf-8")]
    valid = [line for line in lines if line["indicator"] == "valid_predictions"]
    assert "act: 100% of the rows had no measurement at all (from 2013-07-02" in told
    assert [line["bad"] > 0 for line in valid] == [False, True, True, False]
    assert (made / "monitoring.html").is_file()
    assert state(checked) == before
    assert services(checked) == []


def test_a_replay_that_is_stopped_leaves_no_service_behind(project: Path, checked: Path) -> None:
    command = (*keel(project), "replay", "--speed", "0.5")
    replay = subprocess.Popen(command, cwd=checked, start_new_session=True)
    wait_for(lambda: bool(services(checked)))

    os.kill(services(checked, "replay")[0], signal.SIGINT)
    replay.wait(40)

    assert replay.returncode != 0
    assert services(checked) == []


def state(folder: Path) -> dict[str, float]:
    """When each file of the project was last written, but for what replays and imports make."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime
        for path in folder.rglob("*")
        if path.is_file() and "outputs" not in path.parts and "__pycache__" not in path.parts
    }


def services(folder: Path, verb: str = "serve") -> list[int]:
    """The processes that run a verb of keel in or below a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
            inside = (process / "cwd").resolve().is_relative_to(folder)
        except OSError:
            continue
        if inside and verb in words and "uv" not in Path(words[0]).name:
            found.append(int(process.name))
    return found


def wait_for(done: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)
