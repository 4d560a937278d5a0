"""`uv run keel setup`: a Git repository and hooks where they are missing, and nothing else."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest
from rendering import commit, keel, must, run

HOOK = Path(".git/hooks/pre-commit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a project: to `setup` any folder will do."""
    folder = tmp_path / "outer" / "project"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("A project.\n")
    return folder


def set_up(project: Path, folder: Path, **environment: str) -> CompletedProcess[str]:
    """What `uv run keel setup` does in a folder, with the packages of the project."""
    return run(folder, *keel(project), "setup", **environment)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_without_a_repository_gets_one_with_hooks(project: Path, folder: Path) -> None:
    done = set_up(project, folder)

    assert done.stdout == "Made a Git repository.\nInstalled the Git hooks.\n"
    assert must(folder, "git", "branch", "--show-current") == "main\n"
    assert (folder / HOOK).stat().st_mode & 0o100


def test_a_repository_without_hooks_gets_them(project: Path, folder: Path) -> None:
    commit(folder, "A project")

    done = set_up(project, folder)

    assert done.stdout == "Installed the Git hooks.\n"
    assert (folder / HOOK).exists()


def test_setting_up_again_changes_nothing(project: Path, folder: Path) -> None:
    set_up(project, folder)
    before = state(folder)

    done = set_up(project, folder)

    assert done.stdout == "Everything is set up.\n"
    assert state(folder) == before


def test_a_folder_of_another_repository_is_left_in_it(project: Path, folder: Path) -> None:
    commit(folder.parent, "A repository of several projects")
    before = state(folder.parent)

    done = set_up(project, folder)

    assert done.returncode == 0
    assert state(folder.parent) == before


def test_a_folder_that_the_other_repository_ignores_gets_its_own(
    project: Path, folder: Path
) -> None:
    (folder.parent / ".gitignore").write_text("/project/\n")
    commit(folder.parent, "A repository that builds a project")

    set_up(project, folder)

    assert (folder / HOOK).exists()
    assert not (folder.parent / HOOK).exists()


def test_a_person_whose_hooks_come_from_elsewhere_keeps_them(
    project: Path, folder: Path, tmp_path: Path
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {hooks}\n")

    done = set_up(project, folder, GIT_CONFIG_GLOBAL=str(settings))

    assert done.stdout == "Made a Git repository.\n"
    assert list(hooks.iterdir()) == []
    assert not (folder / HOOK).exists()


def test_a_worktree_shares_the_hooks_of_its_repository(
    project: Path, folder: Path, tmp_path: Path
) -> None:
    commit(folder, "A project")
    set_up(project, folder)
    must(folder, "git", "worktree", "add", "--quiet", str(tmp_path / "worktree"))
    before = state(tmp_path)

    done = set_up(project, tmp_path / "worktree")

    assert done.stdout == "Everything is set up.\n"
    assert state(tmp_path) == before


def test_without_git_it_says_what_is_missing(project: Path, folder: Path) -> None:
    done = run(
        folder,
        str(project / ".venv/bin/python"),
        *("-m", "keel", "setup"),
        PATH=str(project / ".venv/bin"),
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error: git is not installed")
