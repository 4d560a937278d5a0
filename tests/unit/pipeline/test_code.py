"""A stage runs again when the part of Keel changes that it uses, and only then."""

import ast
import shutil
from pathlib import Path

import pytest

from keel.pipeline.code import KEEL, ROOMS, STAGES, digests

NOTES = {"lineage", "show"}  # what only notes or shows how a stage goes
CHANGES: dict[str, set[str]] = {
    "pipeline/ingest.py": {"ingest"},
    "data/store.py": {*STAGES},
    "project/description.py": {*STAGES},
    "model/linear.py": {"train", "evaluate"},
    "judge/staleness.py": {"evaluate"},
    "judge/report.html": {"evaluate"},
    "show/charts.py": {"evaluate"},
    "pipeline/promote.py": set(),
    "lineage/events.py": set(),
    "serving/app.py": set(),
}


@pytest.mark.parametrize(("name", "stages"), CHANGES.items(), ids=CHANGES)
def test_a_change_of_a_file_runs_again_what_uses_it(
    tmp_path: Path, name: str, stages: set[str]
) -> None:
    keel = tmp_path / "keel"
    shutil.copytree(KEEL, keel, ignore=shutil.ignore_patterns("__pycache__"))
    before = digests(keel)

    (keel / name).write_text((keel / name).read_text() + "\n")

    after = digests(keel)
    assert {stage for stage in STAGES if before[stage] != after[stage]} == stages
    assert digests(keel) == after


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_uses_no_other_room(stage: str) -> None:
    tree = ast.parse((KEEL / f"pipeline/{stage}.py").read_text())
    imported = {
        node.module.split(".")[1]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("keel.")
    }

    assert imported - NOTES <= set(ROOMS[stage])
