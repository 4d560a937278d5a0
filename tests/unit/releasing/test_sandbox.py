"""A sandbox runs the whole flow within its limits, and nothing outside of it changes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
from builders import REPOSITORY, content_of

from keel.cli import run as keel
from keel.project.errors import UserError
from keel.releasing import sandbox
from keel.releasing.sandbox import rows, seconds
from keel.serving.settings import Sandbox

TABLES = ("flights", "planes")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's settings in a repository of its own, on a branch of anna's."""
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    shutil.copytree(REPOSITORY / "docs", tmp_path / "docs")
    shutil.copytree(REPOSITORY / "src", tmp_path / "src")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # to which the project adds its own
    git(tmp_path, "init", "--quiet", "--initial-branch", "wind")
    git(tmp_path, "config", "user.email", "anna@example.com")
    return tmp_path


@pytest.fixture
def quick(place: Path, source: str) -> Path:
    """The same, on the season's tables, with a small model and without gates."""
    data = {"source": source, "nulls": [], "rows": {}, "tolerated": 0.01}
    (place / "conf/data/full.yaml").write_text(yaml.safe_dump(data))
    config = yaml.safe_load((place / "conf/config.yaml").read_text())
    config["gates"] = dict.fromkeys(config["gates"])
    config["evaluation"] |= {"floors": {}, "slice_floors": {}, "smallest_slice": 20}
    (place / "conf/config.yaml").write_text(yaml.safe_dump(config))
    return place


def limit(place: Path, **limits: float) -> None:
    (place / "conf/service.yaml").write_text(yaml.safe_dump({"sandbox": limits}))


def own(place: Path) -> Path:
    return place / "outputs/sandbox/anna.example.com-wind"


# Limits


def test_a_run_may_take_the_minutes_that_are_set() -> None:
    assert seconds(Sandbox(minutes=10, price_per_hour=0.6, cost=5), spent=1) == 600


def test_a_run_may_take_no_longer_than_the_budget_lasts() -> None:
    assert seconds(Sandbox(minutes=10, price_per_hour=1.2, cost=5), spent=4.9) == pytest.approx(300)


def test_a_machine_that_costs_nothing_uses_up_no_budget() -> None:
    assert seconds(Sandbox(price_per_hour=0, cost=0), spent=0) == 600


def test_a_budget_that_is_used_up_is_said_with_the_cure() -> None:
    with pytest.raises(UserError, match=r"5.00 of sandbox.cost = 5.00. Agree on more"):
        seconds(Sandbox(price_per_hour=1, cost=5), spent=5)


def test_fewer_rows_may_be_asked_for() -> None:
    asked = rows(Sandbox(rows=1000), TABLES, {"flights": 20})

    assert asked == {"flights": 20, "planes": 500}


def test_more_rows_may_not_be_asked_for() -> None:
    with pytest.raises(UserError, match=r"data.rows.flights = 1001 is more than .* = 1000"):
        rows(Sandbox(rows=1000), TABLES, {"flights": 1001})


@pytest.mark.parametrize("length", [99, 100, 101, 149, 150, 199, 200, 1000, 1999])
def test_no_table_has_more_rows_than_the_limit(length: int) -> None:
    asked = rows(Sandbox(rows=100), ["flights"], {})["flights"]

    taken = pl.int_range(length, eager=True).gather_every(max(1, length // asked))  # as ingest does

    assert min(50, length) <= len(taken) <= 100


@pytest.mark.parametrize(
    "change", ["hydra.run.dir=elsewhere", "++hydra.run.dir=x", "--multirun", "-cd=x", "hydra/a=b"]
)
def test_where_a_run_writes_is_not_a_persons_choice(
    place: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keel(["sandbox", "run", change]) == 1
    assert "the sandbox decides" in capsys.readouterr().err

    assert not (place / "outputs").exists()


def test_a_wrong_setting_costs_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keel(["sandbox", "run", "model.tres=1"]) == 1
    assert "model.tres is not a setting" in capsys.readouterr().err

    assert not (place / "outputs").exists()


# Names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("anna@example.com", "main"), ("ben@example.com", "main")),
        (("anna@example.com", "main"), ("anna@example.com", "wind")),
        (("anna@a.com", "b-c"), ("anna@a.com-b", "c")),
    ],
)
def test_each_person_and_branch_has_a_sandbox(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert sandbox.name(*one) != sandbox.name(*other)


def test_a_name_is_no_path() -> None:
    assert sandbox.name("../Anna@x", "feature/../../wind") == "anna.x-feature-wind"


def test_a_person_that_git_does_not_know_has_none(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git(place, "config", "--unset", "user.email")

    assert keel(["sandbox"]) == 1
    assert "Git does not know you" in capsys.readouterr().err


# Runs


def test_a_run_writes_below_its_own_folder_and_nowhere_else(
    quick: Path, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = quick / "outputs/sandbox/ben.example.com-wind"
    other.mkdir(parents=True)
    (quick / "model").mkdir()
    (quick / "model/model.txt").write_text("the project's")
    before, sources = content_of(quick), content_of(Path(source).parent)

    code = keel(["sandbox", "run", "model.trees=5", "model.rows_per_leaf=5"])

    assert code == 0
    after = content_of(quick)
    assert {name: after[name] for name in before} == before
    assert content_of(Path(source).parent) == sources
    made = after.keys() - before.keys()
    assert made
    assert all(name.startswith("outputs/sandbox/anna.example.com-wind/") for name in made)
    assert (own(quick) / "1/reports/report.html").is_file()
    assert "Run 1 finished after" in capsys.readouterr().out


def test_a_run_that_takes_too_long_is_stopped(
    quick: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    limit(quick, minutes=0.005, price_per_hour=3600, cost=10)

    code = keel(["sandbox", "run"])

    said = capfd.readouterr()
    assert code == 1
    assert "the time is up: sandbox.minutes and sandbox.cost in conf/service.yaml" in said.err
    assert "Run 1 stopped after 0." in said.out
    (run_,) = sandbox.Space(quick, own(quick).name).runs
    assert run_["ended"] == "stopped"
    assert 0.3 <= run_["cost"] < 5  # one a second
    assert not (own(quick) / "1/reports/report.html").exists()


def test_a_run_that_fails_is_written_down_and_the_next_has_another_folder(quick: Path) -> None:
    for _ in range(2):
        assert keel(["sandbox", "run", "data.source=nowhere.parquet"]) == 1

    found = sandbox.Space(quick, own(quick).name).runs
    assert [(each["run"], each["ended"]) for each in found] == [(1, "failed"), (2, "failed")]


def test_a_sandbox_can_not_share_data(place: Path) -> None:
    from dvc.config import NoRemoteError  # type: ignore[import-untyped]  # DVC has no types
    from dvc.repo import Repo  # type: ignore[import-untyped]

    limit(place, minutes=0.001)
    keel(["sandbox", "run"])

    with Repo(str(own(place) / "1")) as found, pytest.raises(NoRemoteError):
        found.push()


@pytest.mark.usefixtures("place")
def test_in_production_there_is_no_sandbox(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    assert keel(["sandbox", "run"]) == 1
    assert "unset the variable ENVIRONMENT" in capsys.readouterr().err


# Cleaning


def test_a_sandbox_is_removed_whole(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limit(place, minutes=0.001)
    keel(["sandbox", "run"])

    keel(["sandbox", "clean"])

    assert not own(place).exists()
    keel(["sandbox"])
    assert "Nothing yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ben.example.com-main", "is not yours: yours begin with anna.example.com"),
        ("../..", "is not yours"),
        ("../../conf", "outputs/sandbox/conf is not yours"),
        ("anna.example.com-main", "there is no sandbox"),
    ],
)
def test_nobody_elses_sandbox_is_removed(
    place: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = place / "outputs/sandbox/ben.example.com-main"
    other.mkdir(parents=True)
    before = content_of(place)

    assert keel(["sandbox", "clean", name]) == 1
    assert said in capsys.readouterr().err

    assert content_of(place) == before


@pytest.mark.parametrize("arguments", [["runn"], ["clean", "a", "b"], ["show"]])
@pytest.mark.usefixtures("place")
def test_what_a_sandbox_can_not_do_is_said(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert keel(["sandbox", *arguments]) == 1
    assert arguments[-1] in capsys.readouterr().err


def test_the_runs_are_shown(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(place).mkdir(parents=True)
    lines = [
        {
            "run": 1,
            "changes": ["model=logistic"],
            "seconds": 12.5,
            "cost": 0.25,
            "ended": "finished",
        },
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (own(place) / "ledger.jsonl").write_text(text)

    keel(["sandbox"])

    said = capsys.readouterr().out
    assert "| 1 | model=logistic | 12.5 | 0.2500 | finished |" in said
    assert "4.75 of 5.00 are left" in said
