"""A stage runs again when the part of Keel changes that it uses, and only then."""

import shutil
from pathlib import Path

import pytest

from keel.pipeline.code import ALSO, KEEL, STAGES, digests, files

JUDGE = {"evaluate"}
MODELS = {"train", "evaluate"}
CHANGES: dict[str, set[str]] = {
    "pipeline/ingest.py": {"ingest"},
    "data/validation.py": {"validate"},
    "data/store.py": {*STAGES},
    "project/description.py": {*STAGES},  # by a relative import
    "judge/staleness.py": JUDGE,
    "judge/report.html": JUDGE,  # beside the module that fills it in
    "show/charts.py": JUDGE,
    "model/passport.py": MODELS,
    "model/logistic.py": MODELS,  # which the project imports
    "project/commands.py": MODELS,  # through two others
    "pipeline/promote.py": set(),
    "pipeline/run.py": set(),
    "lineage/events.py": set(),
    "serving/app.py": set(),
    "serving/log.py": set(),
    "cli/app.py": set(),
}


@pytest.fixture(scope="module")
def keel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of Keel's code, to change."""
    folder = tmp_path_factory.mktemp("code") / "keel"
    shutil.copytree(KEEL, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize(("name", "stages"), CHANGES.items(), ids=CHANGES)
def test_a_change_of_a_file_runs_again_what_uses_it(
    keel: Path, name: str, stages: set[str]
) -> None:
    before, file = digests(keel), keel / name
    text = file.read_text()

    file.write_text(f"{text}\n")
    after = digests(keel)
    file.write_text(text)

    assert {stage for stage in STAGES if before[stage] != after[stage]} == stages


def test_what_is_imported_within_a_function_counts_too(keel: Path) -> None:
    file = keel / "pipeline/ingest.py"
    text = file.read_text()
    file.write_text(f"{text}\n\ndef later():\n    from keel.data import hindsight\n")

    with_it = files(keel, "keel.pipeline.ingest")
    file.write_text(text)

    assert keel / "data/hindsight.py" in with_it
    assert keel / "data/hindsight.py" not in files(keel, "keel.pipeline.ingest")


def test_what_is_imported_for_the_types_alone_does_not_count(keel: Path) -> None:
    assert keel / "project/metric.py" not in files(keel, "keel.project.description")


def test_each_stage_has_a_digest_and_the_same_one_each_time() -> None:
    assert list(digests()) == list(STAGES)
    assert digests() == digests()
    assert set(ALSO) <= set(STAGES)
