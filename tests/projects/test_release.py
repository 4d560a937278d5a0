"""`nox -s release`: version, changelog, commit and tag, or an error and nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from rendering import TEMPLATE, commit, must
from updates import write

NEWS = "# Changelog\n\n## Unreleased\n\n- Something new.\n\n## 1.0.0 (2026-01-01)\n\n- The first.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with something to release."""
    script = (TEMPLATE / "scripts/release.py").read_text("utf-8")
    version = '[project]\nname = "x"\nversion = "1.0.0"\n'
    write(
        tmp_path / "keel",
        {"scripts/release.py": script, "CHANGELOG.md": NEWS, "pyproject.toml": version},
    )
    commit(tmp_path / "keel", "Start")
    return tmp_path / "keel"


def release(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/release.py", version]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_release_is_a_version_an_entry_a_commit_and_a_tag(folder: Path) -> None:
    done = release(folder, "1.1.0")

    assert done.returncode == 0, done.stderr
    assert "git push origin HEAD v1.1.0" in done.stdout
    assert 'version = "1.1.0"' in must(folder, "git", "show", "v1.1.0:pyproject.toml")
    assert "\n## 1.1.0 (20" in must(folder, "git", "show", "v1.1.0:CHANGELOG.md")
    assert must(folder, "git", "log", "-1", "--format=%s") == "Release 1.1.0\n"
    assert must(folder, "git", "status", "--porcelain") == ""


@pytest.mark.parametrize("version", ["", "1.1", "v1.1.0", "1.0.0", "0.9.9"])
def test_a_version_that_is_none_or_not_newer_is_refused(folder: Path, version: str) -> None:
    done = release(folder, version)

    assert done.returncode == 1
    assert "version" in done.stderr
    assert must(folder, "git", "tag") == ""


def test_what_has_no_entry_is_not_released(folder: Path) -> None:
    write(folder, {"CHANGELOG.md": NEWS.replace("- Something new.\n", "")})
    commit(folder, "No news")

    done = release(folder, "1.1.0")

    assert done.returncode == 1
    assert 'error: "## Unreleased" in CHANGELOG.md does not say' in done.stderr


def test_changes_without_a_commit_are_not_released(folder: Path) -> None:
    write(folder, {"new.txt": "New.\n"})

    done = release(folder, "1.1.0")

    assert done.returncode == 1
    assert "there are changes without a commit" in done.stderr
