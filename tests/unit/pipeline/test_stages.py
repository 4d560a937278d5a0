import ast
import importlib
import inspect
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from builders import PROJECT, REPOSITORY, content_of, stage, with_feature

from keel.data.store import Store
from keel.pipeline.stages import STAGES
from keel.project.description import Tables
from keel.project.errors import UserError
from keel.project.settings import Data, Settings

SOURCE = REPOSITORY / "src/flight_delay"
PIPELINE: dict[str, dict[str, Any]] = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())[
    "stages"
]
# Where the parts of the project stand that a stage uses; the others use all of it.
USES = {"ingest": ["tables"], "validate": ["tables"], "prepare": ["examples"]}


def imported(file: Path) -> set[Path]:
    """The files of the package that a file imports, anywhere in it, and those that they do."""
    modules = {
        file.parent / f"{node.module}.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
    }
    return {file}.union(*map(imported, filter(Path.is_file, modules)))


def sections(stage: str) -> set[str]:
    """The sections of the settings that a stage is given."""
    parameters = inspect.signature(importlib.import_module(f"keel.pipeline.{stage}").run).parameters
    every = set(Settings.model_fields) - {"code"}
    return every - {"interval"} if "settings" in parameters else every & set(parameters)


def named(stage: str) -> list[str]:
    """The settings that DVC compares with the last run."""
    return [key for part in PIPELINE[stage].get("params", []) for key in part["settings.yaml"]]


def covered(stage: str) -> list[Path]:
    return [REPOSITORY / place for place in PIPELINE[stage]["deps"]]


def test_the_pipeline_has_the_stages_of_the_flow() -> None:
    assert list(PIPELINE) == ["configure", *STAGES]


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_is_run_by_its_name(stage: str) -> None:
    assert PIPELINE[stage]["cmd"] == f"keel stage {stage}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_again_when_a_setting_changes_that_it_is_given(stage: str) -> None:
    assert {key.partition(".")[0] for key in named(stage)} == {"code", *sections(stage)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_again_when_keel_s_code_behind_it_changes(stage: str) -> None:
    assert [key for key in named(stage) if key.startswith("code")] == [f"code.{stage}"]


def test_each_setting_of_the_data_makes_a_stage_run_again() -> None:
    keys = {key for stage in STAGES for key in named(stage) if key.startswith("data.")}

    assert keys == {f"data.{name}" for name in Data.model_fields}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_again_when_ml_code_changes_that_it_uses(stage: str) -> None:
    parts = [SOURCE / f"{name}.py" for name in USES.get(stage, ["project"])]
    places = set(covered(stage))

    files = set().union(*map(imported, parts))
    assert {file for file in files if not {file, *file.parents} & places} == set()


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_depends_on_nothing_that_is_not_there(stage: str) -> None:
    outputs = {
        REPOSITORY / (name if isinstance(name, str) else next(iter(name)))
        for about in PIPELINE.values()
        for name in [*about.get("outs", []), *about.get("metrics", [])]
    }

    assert [path for path in covered(stage) if path not in outputs and not path.exists()] == []


def test_all_that_a_run_writes_belongs_to_a_stage(season_run: Store) -> None:
    outputs = [
        next(iter(out))
        for about in PIPELINE.values()
        for kind in ("outs", "metrics", "plots")
        for out in about.get(kind, [])
    ]

    written = set(content_of(season_run.root))
    assert [
        name for name in written if not any(f"{name}/".startswith(f"{out}/") for out in outputs)
    ] == []
    assert [
        out for out in outputs if not any(f"{name}/".startswith(f"{out}/") for name in written)
    ] == []


@pytest.mark.parametrize("stage", PIPELINE)
def test_what_a_stage_made_stays_until_the_new_one_is_whole(stage: str) -> None:
    kinds = (PIPELINE[stage].get(kind, []) for kind in ("outs", "metrics", "plots"))

    assert all(options["persist"] for outs in kinds for out in outs for options in out.values())


# --- A mistake in the project's own code --------------------------------------------------------


def test_an_error_of_the_project_s_own_code_is_named_with_its_place(run_copy: Store) -> None:
    def build(tables: Tables) -> pl.LazyFrame:
        return PROJECT.build({name: tables[name] for name in ("flights", "weather")})

    with pytest.raises(UserError) as error:
        stage("prepare", run_copy, project=replace(PROJECT, build=build))

    line = line_of("examples.py", 'tables["planes"]')
    assert (
        str(error.value)
        == f"prepare: src/flight_delay/examples.py, line {line}: KeyError: 'planes'"
    )


def test_an_error_in_what_build_returned_is_named_with_the_function(run_copy: Store) -> None:
    (run_copy.checked("planes")).write_bytes(parquet(pl.DataFrame({"tailnum": ["N1"]})))

    with pytest.raises(UserError) as error:
        stage("prepare", run_copy)

    line = line_of("examples.py", "def build(")
    assert str(error.value).startswith(
        f"src/flight_delay/examples.py, line {line}: what `build` made can't be worked out: "
    )
    assert "year" in str(error.value)


def test_a_feature_that_can_not_be_worked_out_is_named(run_copy: Store) -> None:
    project = with_feature("gate", pl.col("carrier").str.to_datetime("%Y").dt.year())

    with pytest.raises(UserError, match=r"builders\.py, line \d+: the feature gate can't"):
        stage("train", run_copy, project=project)


@pytest.mark.parametrize(
    ("expression", "dtype"),
    [
        (pl.col("carrier").str.split("A"), r"List\(String\)"),
        (pl.col("decision_time").dt.date(), "Date"),
    ],
)
def test_a_feature_of_a_type_that_no_model_takes_is_named(
    run_copy: Store, expression: pl.Expr, dtype: str
) -> None:
    project = with_feature("words", expression)

    with pytest.raises(UserError, match=rf"line \d+: the feature words is {dtype}: make it a num"):
        stage("train", run_copy, project=project)


def test_a_feature_that_looks_at_other_rows_is_named(run_copy: Store) -> None:
    project = with_feature("windier", pl.col("wind_speed") - pl.col("wind_speed").mean())

    with pytest.raises(
        UserError, match=r"let a feature read its own row only, .*\n  windier, .*line \d+"
    ):
        stage("train", run_copy, project=project)


def test_an_error_of_other_code_keeps_its_trace(run_copy: Store) -> None:
    def build(_: Tables) -> pl.LazyFrame:
        raise ZeroDivisionError  # here, and not in the project's folder

    with pytest.raises(ZeroDivisionError):
        stage("prepare", run_copy, project=replace(PROJECT, build=build))


def line_of(file: str, text: str) -> int:
    lines = (SOURCE / file).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()
