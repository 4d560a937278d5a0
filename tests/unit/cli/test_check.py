"""`keel check --accept` takes what the quick data give as meant, and says what has changed."""

import json
import shutil
from pathlib import Path

import pytest

from keel.cli import run
from keel.testing.accepted import FILE


@pytest.fixture
def small(repository: Path) -> Path:
    """A project with few quick data, of which nothing was accepted."""
    shutil.copyfile(repository / "conf/data/season.yaml", repository / "conf/data/quick.yaml")
    (repository / FILE).unlink(missing_ok=True)
    with (repository / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[tool.keel.check]\nformat = ["ruff --version"]\n')
    return repository


def test_what_the_quick_data_give_is_written_and_a_change_is_named(
    small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--accept", "format"]) == 0
    accepted = (small / FILE).read_text("utf-8")
    assert f"{FILE} is written: commit it." in capfd.readouterr().out

    (small / FILE).write_text(accepted.replace('"nulls": 0', '"nulls": 7', 1), "utf-8")

    assert run(["check", "--accept", "format"]) == 0
    assert "unknown in 7 → 0" in capfd.readouterr().out
    assert (small / FILE).read_text("utf-8") == accepted


def test_a_model_that_was_refused_is_named_though_all_checks_pass(
    small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    verdict = {"gate": "floor.auc", "sentence": "-", "passed": False, "waiver": None}
    (small / "reports").mkdir(exist_ok=True)
    (small / "reports/gates.json").write_text(json.dumps([verdict]), "utf-8")

    run(["check"])

    assert "refused: floor.auc" in " ".join(capfd.readouterr().out.split())
