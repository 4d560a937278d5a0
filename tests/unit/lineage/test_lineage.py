"""`keel lineage` in folders that Git and DVC really look after."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from builders import PROJECT, REPOSITORY, TODAY, content
from dvc.repo import Repo  # type: ignore[import-untyped]  # DVC has no types

from keel.cli import run
from keel.data.store import Store, sha256
from keel.lineage.trace import trace
from keel.pipeline.flow import flow
from keel.project.errors import UserError

OUTPUTS = ("settings.yaml", "data", "model", "reports", "dvc.lock")


def call(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def pipeline() -> dict[str, Any]:
    """The project's pipeline, as far as it is about data."""
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text("utf-8"))["stages"]
    made = {next(iter(out)) for about in stages.values() for out in about["outs"]}
    made |= {next(iter(out)) for about in stages.values() for out in about.get("metrics", [])}
    for about in stages.values():
        about["deps"] = [dep for dep in about["deps"] if dep in made]
    return {"stages": {name: about for name, about in stages.items() if name != "configure"}}


def record(run: Store, folder: Path, message: str) -> None:
    """Put the files of a run into a folder, and record them as a team does."""
    for name in OUTPUTS:
        if (run.root / name).is_dir():
            shutil.rmtree(folder / name, ignore_errors=True)
            shutil.copytree(run.root / name, folder / name)
        elif (run.root / name).exists():
            shutil.copy(run.root / name, folder / name)
    with Repo(folder) as repo:
        repo.commit(force=True)
    call(folder, "git", "add", "--all")
    call(folder, "git", "commit", "--quiet", "--message", message)


@pytest.fixture(scope="module")
def recorded(
    season_run: Store, source: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str]:
    """A project of two runs, each committed, and the digits of their two models."""
    folder = tmp_path_factory.mktemp("project")
    call(folder, "git", "init", "--quiet", "--initial-branch", "main")
    for name, value in (("user.name", "Somebody"), ("user.email", "somebody@example.com")):
        call(folder, "git", "config", name, value)
    Repo.init(folder).close()
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline()), "utf-8")
    (folder / ".gitignore").write_text("/data/\n/model/\n/reports/\n/champion/\n", "utf-8")
    record(season_run, folder, "One")
    other = Store(REPOSITORY, tmp_path_factory.mktemp("other"))
    flow(PROJECT, content(source, {"model.trees": 3}), other, TODAY)
    record(other, folder, "Two")
    return folder, sha256(season_run.model)[:12], sha256(other.model)[:12]


@pytest.fixture
def project(recorded: tuple[Path, str, str], tmp_path: Path) -> Path:
    """A copy of that project, to change."""
    return Path(shutil.copytree(recorded[0], tmp_path / "project"))


@pytest.fixture
def first(recorded: tuple[Path, str, str]) -> str:
    """The digits of the model that has been replaced since."""
    return recorded[1]


@pytest.fixture
def second(recorded: tuple[Path, str, str]) -> str:
    return recorded[2]


def drawn(project: Path, request: str | None = None) -> str:
    """What the verb prints."""
    return "\n".join(trace(Store(project, project), PROJECT.key, request)) + "\n"


def predicted(
    project: Path,
    model: str,
    answer: Mapping[str, Any] = MappingProxyType({"probability": 0.25}),
    request: str = "one",
    **changes: Any,
) -> None:
    """A line in the log of predictions."""
    example = {"scheduled_departure": "2013-07-01T12:00:00Z", "carrier": "UA", "flight_number": 7}
    row = {
        "at": "2013-07-01T09:59:00.123Z",
        "request": request,
        "row": 0,
        "model": model,
        **answer,
        "unseen": [],
        "example": example,
    } | changes
    log = project / "served/predictions/2013-07-01.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row) + "\n")


def test_the_model_in_use_leads_back_to_its_source(project: Path, second: str) -> None:
    text = drawn(project)

    assert text.startswith(f"model {second}\n")
    order = ["by train", "data/examples.parquet", "by prepare", "data/checked", "by validate"]
    places = [text.index(part) for part in [*order, "data/raw", "by ingest", "data.source: "]]
    assert places == sorted(places)
    assert "trees 3" in text
    assert "?" not in text


def test_each_table_is_told_with_its_rows_and_its_hash(project: Path) -> None:
    text = drawn(project)

    locked = yaml.safe_load((project / "dvc.lock").read_text("utf-8"))["stages"]
    assert f"data/raw  {locked['ingest']['outs'][0]['md5'][:12]}" in text
    assert f"data/examples.parquet  {locked['prepare']['outs'][0]['md5'][:12]}  200 rows" in text
    assert re.search(r"data/raw/weather\.parquet  [0-9a-f]{12}  960 rows", text)


def test_the_champion_is_the_model_in_use(project: Path, season_run: Store, first: str) -> None:
    shutil.copytree(season_run.root / "model", project / "champion")
    (project / "champion.dvc").write_text("")

    text = drawn(project)

    assert text.startswith(f"model {first}\n")
    assert "recorded by the dvc.lock of commit" in text


def test_a_prediction_of_a_model_that_was_replaced_leads_back_too(
    project: Path, first: str
) -> None:
    predicted(project, first, request="abc-1", unseen=["carrier"])

    text = drawn(project, "abc-1")

    assert "request abc-1, answered 2013-07-01 09:59:00 UTC" in text
    assert (
        "0.2500, for scheduled_departure 2013-07-01T12:00:00Z, carrier UA, flight_number 7" in text
    )
    assert "carrier: a value that training did not see" in text
    assert f"model {first}" in text
    assert "trees 5" in text
    assert "by ingest" in text


ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "yes or no": ({"probability": 0.25}, "row 0: 0.2500, for"),
    "a number": ({"prediction": -178.25}, "row 0: -178.2500, for"),
    "one of several": (
        {"prediction": "box", "probabilities": {"home": 0.25, "box": 0.75}},
        "row 0: box (0.7500), for",
    ),
}


@pytest.mark.parametrize(("answer", "text"), ANSWERS.values(), ids=ANSWERS)
def test_a_prediction_is_told_as_the_task_has_it(
    project: Path, first: str, answer: dict[str, Any], text: str
) -> None:
    predicted(project, first, answer)

    assert text in drawn(project, "one")


def test_a_model_without_a_time_is_told_without_days(project: Path) -> None:
    passport = project / "model/passport.json"
    described = json.loads(passport.read_text())
    described["training"] |= {"from": None, "to": None}
    passport.write_text(json.dumps(described))
    shutil.rmtree(project / ".git")
    (project / "dvc.lock").unlink()

    assert re.search(r"learnt from [\d,]+ rows$", drawn(project), re.MULTILINE)


def test_a_request_of_many_rows_is_told_short(project: Path, first: str) -> None:
    for row in range(30):
        predicted(project, first, row=row)

    text = drawn(project, "one")

    assert "and 18 more" in text
    assert text.count(f"model {first}") == 1


def test_what_nothing_knows_is_said_and_not_invented(project: Path, first: str) -> None:
    shutil.rmtree(project / ".dvc/cache")
    predicted(project, first)

    text = drawn(project, "one")

    assert f"model {first}" in text
    assert "? how it was made" in text
    assert "by train" not in text


def test_data_that_changed_since_are_not_taken_for_those_of_the_model(project: Path) -> None:
    lock = project / "dvc.lock"
    locked = yaml.safe_load(lock.read_text("utf-8"))
    locked["stages"]["ingest"]["outs"][0]["md5"] = "0" * 32 + ".dir"  # as when only ingest ran
    lock.write_text(yaml.safe_dump(locked), "utf-8")

    text = drawn(project)

    assert "recorded by dvc.lock, which is not committed" in text
    assert "? what made data/raw: another version of it is in dvc.lock, which is not" in text


def test_a_model_that_no_lock_records_has_its_passport(project: Path, second: str) -> None:
    call(project, "git", "rm", "--quiet", "--cached", "dvc.lock")
    shutil.rmtree(project / ".git")
    (project / "dvc.lock").unlink()

    text = drawn(project)

    assert text.startswith(f"model {second}\n")
    assert "learnt from" in text
    assert "? which data it was made from" in text


def test_a_request_that_was_not_answered_here_is_named(project: Path) -> None:
    with pytest.raises(UserError, match="served/predictions has no request 'nothing': the service"):
        drawn(project, "nothing")


def test_a_project_without_a_model_says_what_makes_one(project: Path) -> None:
    shutil.rmtree(project / "model")

    with pytest.raises(UserError, match=r"model/model.txt is missing: `uv run keel run` makes it"):
        drawn(project)


def test_it_takes_the_id_of_one_request() -> None:
    assert run(["lineage", "one", "two"]) == 1
