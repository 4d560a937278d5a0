"""A few days replayed for real: a trained model, and the service that answers with it."""

import json
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


def state(folder: Path) -> dict[str, float]:
    """When each file of the project was last written, but for what replays and imports make."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime
        for path in folder.rglob("*")
        if path.is_file() and "outputs" not in path.parts and "__pycache__" not in path.parts
    }
