"""A real project on a sixth of its data: released twice, deployed, gone back from, built again.

Its tables come from a folder that DVC tracks, and its remotes are folders beside it.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from rendering import commit, must, render, run

WAIVER = "shift.days: {why: the strike in May, owner: Anna, until: 2999-01-01}\n"
KEEL = ("uv", "run", "--quiet", "keel")
NOT_CI = {"GITHUB_ACTIONS": "", "GITLAB_CI": "", "ENVIRONMENT": ""}
CI = {"GITHUB_ACTIONS": "true", "ENVIRONMENT": "production"}


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def keel(folder: Path, *arguments: str, **environment: str) -> str:
    return must(folder, *KEEL, *arguments, **NOT_CI | environment)


def refusal(folder: Path, *arguments: str, **environment: str) -> str:
    done = run(folder, *KEEL, *arguments, **NOT_CI | environment)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def publish(folder: Path, message: str) -> None:
    """Commit, and share code and data."""
    commit(folder, message)
    must(folder, "git", "push", "--quiet", "--set-upstream", "origin", "main")
    must(folder, "uv", "run", "dvc", "push")


def beside(project: Path) -> set[str]:
    return {path.name for path in project.parent.iterdir()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its packages and remotes, and with a sixth of the flights as its data."""
    folder = render(tmp_path_factory.mktemp("team") / "project")
    must(folder, "uv", "sync", "--quiet")
    commit(folder, "Start")
    for name, value in (("name", "Anna"), ("email", "anna@example.com")):
        must(folder, "git", "config", f"user.{name}", value)
    keel(folder, "sandbox", "run", "model.trees=20")
    (tables,) = folder.glob("outputs/sandbox/*/1/data/raw")
    tables.rename(folder / "source")
    keel(folder, "sandbox", "clean")
    full = folder / "conf/data/full.yaml"
    full.write_text('source: source/{table}.parquet\nnulls: [""]\nrows: {}\ntolerated: 0.01\n')
    edit(folder / "conf/config.yaml", "feature_loss: 0.0005", "feature_loss: null")  # few rows
    edit(folder / "conf/config.yaml", "better_than_baseline: 0.0", "better_than_baseline: null")
    must(folder, "uv", "run", "dvc", "add", "--quiet", "source")
    must(folder.parent, "git", "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    must(folder, "git", "remote", "add", "origin", "../origin.git")
    return folder


@pytest.fixture(scope="module")
def released(project: Path) -> Path:
    """The same with versions 1.0.0 and 1.1.0, which is better; tests add to its tags."""
    edit(project / "conf/model/boosting.yaml", "trees: 200", "trees: 20")
    keel(project, "promote")
    publish(project, "The first model")
    keel(project, "release")
    edit(project / "conf/model/boosting.yaml", "trees: 20", "trees: 40")
    (project / "conf/waivers.yaml").write_text(WAIVER)
    keel(project, "promote")
    publish(project, "A better model")
    keel(project, "release", "minor")
    return project


def test_a_release_is_refused_with_all_that_stands_in_the_way(released: Path) -> None:
    edit(released / "conf/model/boosting.yaml", "trees: 40", "trees: 50")

    said = refusal(released, "release")
    must(released, "git", "restore", ".")

    assert "1.1.1 is not released" in said
    assert "conf/model/boosting.yaml changed since the commit" in said
    assert "configure not as the last run left it: `uv run keel run`" in said
    assert "this commit is version 1.1.0 already" in said


def test_a_version_is_built_again_and_equal(released: Path) -> None:
    before = beside(released)

    printed = keel(released, "reproduce", "1.0.0")

    assert "equal: 1.0.0 was built again" in printed
    assert beside(released) == before
    assert must(released, "git", "status", "--porcelain") == ""


def test_a_version_goes_to_production_through_ci_and_back(released: Path, tmp_path: Path) -> None:
    assert "reached from CI only" in refusal(released, "deploy", "1.0.0", "production")
    job = tmp_path / "job"
    must(tmp_path, "git", "clone", "--quiet", str(released.parent / "origin.git"), "job")
    must(job, "uv", "sync", "--quiet")
    for version in ("1.0.0", "1.1.0"):
        must(job, "git", "checkout", "--quiet", f"model@v{version}")
        keel(job, "deploy", version, "production", **CI)
        time.sleep(1)  # GTO orders by the seconds of tags
    must(job, "git", "checkout", "--quiet", "model@v1.0.0")

    said = keel(job, "rollback", **CI)

    assert "production went back from 1.1.0 to 1.0.0; 1.1.0 ran for" in said
    assert "production  1.0.0, since" in keel(released, "deploy")
    gto = ("uv", "run", "gto", "show", "model#production", "--json")
    assert json.loads(must(released, *gto))[0]["version"] == "v1.0.0"


def test_a_server_gets_a_version_with_git_and_dvc(released: Path, tmp_path: Path) -> None:
    server = tmp_path / "server"
    must(tmp_path, "git", "clone", "--quiet", str(released.parent / "origin.git"), "server")
    storage = released.parent / "flight-delay-storage"
    shutil.copytree(storage, tmp_path / "flight-delay-storage")

    must(server, "git", "checkout", "--quiet", "model@v1.1.0")
    must(server, "uv", "sync", "--quiet")
    must(server, "uv", "run", "dvc", "pull", "champion", "data/checked")

    for name in ("champion/model.txt", "data/checked/weather.parquet"):
        assert (server / name).read_bytes() == (released / name).read_bytes()


def test_of_two_who_release_at_once_one_does(released: Path, tmp_path: Path) -> None:
    must(released, "git", "commit", "--quiet", "--allow-empty", "--message", "Two want this")
    must(released, "git", "push", "--quiet")
    people = [released, tmp_path / "project"]
    shutil.copytree(released, people[1], symlinks=True)
    must(people[1], "git", "config", "user.name", "Ben")
    must(people[1], "git", "remote", "set-url", "origin", str(released.parent / "origin.git"))
    shutil.copytree(released.parent / "flight-delay-storage", tmp_path / "flight-delay-storage")
    python = str(released / ".venv/bin/python")  # uv would do one after the other
    command = (python, "-m", "keel", "release", "1.2.0")
    environment = os.environ | NOT_CI | {"PATH": f"{released}/.venv/bin:{os.environ['PATH']}"}

    jobs = [
        subprocess.Popen(command, cwd=person, env=environment, stderr=subprocess.PIPE, text=True)
        for person in people
    ]
    said = [job.communicate()[1] for job in jobs]

    codes = [job.returncode for job in jobs]
    assert sorted(codes) == [0, 1], said
    loser = codes.index(1)
    assert "origin did not take it" in said[loser] or "is version 1.2.0 already" in said[loser]
    assert "versions    1.0.0, 1.1.0, 1.2.0" in keel(released, "deploy")
    there = must(released, "git", "ls-remote", "origin", "refs/tags/model@v1.2.0").split()[0]
    for person in people:
        must(person, "git", "fetch", "--quiet", "--tags", "origin")
        assert must(person, "git", "rev-parse", "refs/tags/model@v1.2.0").strip() == there


def test_a_version_that_is_not_what_it_says_is_found_out(released: Path) -> None:
    features = released / "src/flight_delay/features.py"
    edit(features, "arrival_minute.col / 60", "arrival_minute.col / 600 // 1")
    metrics = released / "reports/metrics.json"
    metrics.write_text(metrics.read_text().replace('"auc": 0.6', '"auc": 0.9', 1))
    must(released, "git", "commit", "--quiet", "--all", "--no-verify", "--message", "Cheat")
    must(released, "uv", "run", "gto", "register", "model", "--version", "v6.6.6")

    done = run(released, *KEEL, "reproduce", "6.6.6", **NOT_CI)

    assert done.returncode == 1
    assert "6.6.6 can't be built again as it was" in done.stdout
    for what in (
        "| model/model.txt |",
        "| champion/model.txt |",
        "| reports/metrics.json auc | 0.9",
    ):
        assert what in done.stdout
    assert "| data/checked/weather.parquet |" not in done.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_rebuild_that_is_stopped_leaves_nothing(released: Path, how: signal.Signals) -> None:
    before = beside(released)
    command = (*KEEL, "reproduce", "1.0.0")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    job = subprocess.Popen(
        command,
        cwd=released,
        env=environment | NOT_CI,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert job.stdout is not None
    assert "is built again in" in job.stdout.readline()
    assert beside(released) != before
    time.sleep(1)  # while packages are installed

    os.killpg(job.pid, how)
    said = job.communicate(timeout=120)

    assert job.returncode != 0
    assert beside(released) == before, said
    assert must(released, "git", "worktree", "list").count("\n") == 1
