import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import REPOSITORY, content_of

from keel.data.store import Store
from keel.pipeline.stages import STAGES, load

SOURCE = REPOSITORY / "src/flight_delay"
PIPELINE: dict[str, dict[str, Any]] = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())[
    "stages"
]

# Values of settings come from settings.yaml, so their types need no mention. Of `tables`, training
# and judging only take marks of columns, which say nothing that is not in the examples.
BESIDE = {"settings", "__init__"}
BY_EXAMPLES = {"train": {"tables"}, "evaluate": {"tables"}}


def imported(file: Path) -> set[Path]:
    """The files of the package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for place in (folder, *(folder / alias.name for alias in node.names)):
                found |= {place.with_suffix(".py"), place / "__init__.py"}
    return {path for path in found if path.is_file()}


def needed(stage: str) -> set[Path]:
    """The files of the package that a stage runs, its own and those they import."""
    found, waiting = set(), {SOURCE / "chassis" / f"{stage}.py"}
    while waiting:
        found |= waiting
        waiting = {path for file in waiting for path in imported(file)} - found
    return found


def covered(stage: str) -> list[Path]:
    return [REPOSITORY / place for place in PIPELINE[stage]["deps"]]


def test_the_pipeline_has_the_stages_of_the_flow() -> None:
    assert list(PIPELINE) == ["configure", *STAGES]


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_is_run_by_its_name(stage: str) -> None:
    assert PIPELINE[stage]["cmd"] == f"python -m flight_delay.chassis {stage}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_again_when_a_setting_changes_that_it_is_given(stage: str) -> None:
    _, sections = load(stage)

    named = [key for part in PIPELINE[stage].get("params", []) for key in part["settings.yaml"]]
    assert {key.partition(".")[0] for key in named} == set(sections)


def test_each_setting_of_the_data_makes_a_stage_run_again() -> None:
    named = [
        key
        for stage in STAGES
        for part in PIPELINE[stage].get("params", [])
        for key in part["settings.yaml"]
    ]

    assert {key for key in named if key.startswith("data.")} == {
        "data.source",
        "data.nulls",
        "data.rows",
        "data.tolerated",
    }


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_again_when_ml_code_changes_that_it_uses(stage: str) -> None:
    of_the_ml = {
        path
        for path in needed(stage)
        if "chassis" not in path.parts and path.stem not in BESIDE | BY_EXAMPLES.get(stage, set())
    }

    places = covered(stage)
    assert {path for path in of_the_ml if not {path, *path.parents} & set(places)} == set()


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
        for out in [*about.get("outs", []), *about.get("metrics", [])]
    ]

    written = set(content_of(season_run.root)) - {"reports/lineage.jsonl"}  # of all of them
    assert [
        name for name in written if not any(f"{name}/".startswith(f"{out}/") for out in outputs)
    ] == []
    assert [
        out for out in outputs if not any(f"{name}/".startswith(f"{out}/") for name in written)
    ] == []


@pytest.mark.parametrize("stage", PIPELINE)
def test_what_a_stage_made_stays_until_the_new_one_is_whole(stage: str) -> None:
    outs = [*PIPELINE[stage].get("outs", []), *PIPELINE[stage].get("metrics", [])]

    assert all(options["persist"] for out in outs for options in out.values())
