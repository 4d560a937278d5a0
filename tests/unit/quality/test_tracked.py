from datetime import date
from pathlib import Path

import pytest
from repositories import Repository

from keel.quality.records.history import added, changes, files, is_cut_off

TODAY = date(2026, 11, 23)
YEAR_AGO = date(2025, 11, 23)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


def test_a_change_has_its_files(repository: Repository) -> None:
    repository.commit("2026-03-01", "Add a\n\nBecause of b.", files={"a.py": "1", "ö ü.txt": "2"})

    [change] = changes(repository.root, YEAR_AGO)

    assert sorted(change) == ["a.py", "ö ü.txt"]


def test_what_is_older_than_the_window_is_left_out(repository: Repository) -> None:
    repository.commit("2025-01-01", files={"a.py": "1"})
    repository.commit("2026-01-01", files={"a.py": "2"})

    assert len(changes(repository.root, YEAR_AGO)) == 1


def test_a_clock_that_was_wrong_hides_no_other_change(repository: Repository) -> None:
    repository.commit("2026-01-01", files={"a.py": "1"})
    repository.commit("1971-01-01", files={"a.py": "2"})
    repository.commit("2031-01-01", files={"a.py": "3"})

    found = changes(repository.root, YEAR_AGO)

    assert found == [("a.py",), ("a.py",)]


def test_a_merge_is_no_change_of_its_own(repository: Repository) -> None:
    repository.commit("2026-01-01", files={"a.py": "1"})
    repository.git("switch", "--quiet", "--create", "branch")
    repository.commit("2026-01-02", files={"b.py": "1"})
    repository.git("switch", "--quiet", "main")
    repository.commit("2026-01-03", files={"c.py": "1"})
    repository.git("merge", "--quiet", "--no-ff", "branch", "--message", "Merge")

    found = changes(repository.root, YEAR_AGO)

    assert sorted(found) == [("a.py",), ("b.py",), ("c.py",)]


def test_a_project_in_a_folder_has_the_changes_of_that_folder(repository: Repository) -> None:
    repository.commit("2026-01-01", files={"ml/a.py": "1", "other/b.py": "1"})
    repository.commit("2026-01-02", files={"other/b.py": "2"})

    found = changes(repository.root / "ml", YEAR_AGO)

    assert found == [("a.py",)]


def test_without_commits_or_without_git_there_are_no_changes(
    repository: Repository, tmp_path: Path
) -> None:
    assert changes(repository.root, YEAR_AGO) == []
    assert changes(tmp_path, YEAR_AGO) == []


def test_a_file_is_there_since_the_commit_that_added_it(repository: Repository) -> None:
    repository.commit("2026-01-01", files={"docs/a.md": "1"})
    repository.commit("2026-02-01", files={"docs/a.md": "2", "docs/b.md": "1"})
    repository.file("docs/c.md", "not committed")

    found = added(repository.root, TODAY, "docs", "docs/c.md")

    assert found["docs/a.md"] == date(2026, 1, 1)
    assert found["docs/b.md"] == date(2026, 2, 1)
    assert found["docs/c.md"] == TODAY


def test_a_clone_without_its_history_says_so(repository: Repository, tmp_path: Path) -> None:
    repository.commit("2026-01-01", files={"a.py": "1"})
    repository.commit("2026-01-02", files={"a.py": "2"})
    url = f"file://{repository.root}"
    repository.git("clone", "--quiet", "--depth", "1", url, str(tmp_path / "clone"))

    assert is_cut_off(tmp_path / "clone")
    assert not is_cut_off(repository.root)


def test_the_files_are_those_that_git_does_not_ignore(repository: Repository) -> None:
    repository.file(".gitignore", "data/\n")
    repository.file("data/a.py", "")
    repository.commit("2026-01-01", files={"a.py": "", "gone.py": ""})
    repository.file("new.py", "")
    (repository.root / "gone.py").unlink()

    assert files(repository.root) == [".gitignore", "a.py", "new.py"]
