from datetime import date
from pathlib import Path

import pytest

from keel.cli import run
from keel.project.errors import UserError
from keel.repository import upgrade

PYPROJECT = """\
[project]
name = "empty"
version = "1"
requires-python = ">=3.11"

[tool.uv]
exclude-newer = "2026-01-01T00:00:00Z"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


def test_the_day_moves_on_and_the_packages_are_locked(project: Path) -> None:
    assert upgrade.upgrade(project, date(2026, 2, 1)) == "2026-02-01T00:00:00Z"

    assert (project / "pyproject.toml").read_text() == PYPROJECT.replace("2026-01-01", "2026-02-01")
    assert "2026-02-01" in (project / "uv.lock").read_text()


def test_in_a_workspace_the_day_of_its_root_moves(project: Path) -> None:
    member = project / "services/flight [1]"
    member.mkdir(parents=True)
    outer = PYPROJECT + '\n[tool.uv.workspace]\nmembers = ["services/*"]\n'
    (project / "pyproject.toml").write_text(outer)
    inner = PYPROJECT.replace("empty", "member")
    (member / "pyproject.toml").write_text(inner)

    upgrade.upgrade(member, date(2026, 2, 1))

    assert (project / "pyproject.toml").read_text() == outer.replace("2026-01-01", "2026-02-01")
    assert (member / "pyproject.toml").read_text() == inner


def test_what_is_no_day_is_named_and_changes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)

    assert run(["upgrade", "someday"]) != 0

    assert "'someday' does not match the format '%Y-%m-%d'" in capsys.readouterr().err
    assert (project / "pyproject.toml").read_text() == PYPROJECT


def test_packages_that_do_not_fit_together_change_nothing(project: Path) -> None:
    impossible = PYPROJECT + 'required-version = "<0.1"\n'
    (project / "pyproject.toml").write_text(impossible)

    with pytest.raises(UserError, match="don't fit together: nothing has changed"):
        upgrade.upgrade(project, date(2026, 2, 1))

    assert (project / "pyproject.toml").read_text() == impossible


def test_without_uv_nothing_changes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    monkeypatch.setattr(upgrade, "UV", "uv")  # and `uv run` has not said where it is

    with pytest.raises(UserError, match=r"uv is not installed, or not on the PATH"):
        upgrade.upgrade(project, date(2026, 2, 1))

    assert (project / "pyproject.toml").read_text() == PYPROJECT


def test_a_project_without_a_day_is_told_to_write_one(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project]\n")

    with pytest.raises(UserError, match=r"add a line `exclude-newer = .*` below"):
        upgrade.upgrade(project, date(2026, 2, 1))
