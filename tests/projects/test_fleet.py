"""Many projects are updated at a time, and one that fails stops no other."""

import os
import sys
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest
from rendering import TEMPLATE, commit, must
from updates import copy, small, write


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("small") / "template")


def fleet(folder: Path, *projects: object) -> CompletedProcess[str]:
    """Update the projects; the list has a comment and an empty line too."""
    (folder / "list.txt").write_text("# ours\n\n" + "".join(f"{project}\n" for project in projects))
    command = ("list.txt", "--no-check", f"--folder={folder / 'fleet'}")
    return run(
        [sys.executable, str(TEMPLATE / "scripts/fleet.py"), *command],
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_outcome_has_its_row(template: Path, tmp_path: Path) -> None:
    names = ("plain", "current", "torn", "dirty")
    plain, current, torn, dirty = (
        copy(template, "v1.1.0" if name == "current" else "v1.0.0", tmp_path / name)
        for name in names
    )
    write(torn, {"numbers.txt": "1\n2\n3\n4\nV\n6\n7\n8\n9\n"})
    commit(torn, "Ours")
    write(dirty, {"mine.txt": "Mine.\n"})

    done = fleet(tmp_path, plain, current, torn, dirty, tmp_path / "nowhere")

    assert done.returncode == 1, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "|" in line][2:]
    results = {Path(row[0]).name: row[1] for row in rows}
    assert results == {
        "plain": "updated",
        "current": "up to date",
        "torn": "needs a decision",
        "dirty": "failed",
        "nowhere": "failed",
    }
    whys = {Path(row[0]).name: row[2] for row in rows}
    assert whys["plain"] == "Update Keel from v1.0.0 to v1.1.0"
    assert whys["torn"].startswith("numbers.txt: ")
    assert "there are changes without a commit (mine.txt)" in whys["dirty"]
    assert "nowhere" in whys["nowhere"]


def test_a_project_is_left_on_its_branch(template: Path, tmp_path: Path) -> None:
    project = copy(template, "v1.0.0", tmp_path / "project")

    done = fleet(tmp_path, project)

    assert done.returncode == 0, done.stderr
    assert must(project, "git", "branch", "--show-current") == "main\n"
    assert must(project, "git", "show", "keel-update:new.txt") == "New.\n"
    assert not (project / "new.txt").exists()


def test_a_url_is_cloned(template: Path, tmp_path: Path) -> None:
    copy(template, "v1.0.0", tmp_path / "project")

    for week in ("first", "second"):  # in the second there is a clone
        write(tmp_path / "project", {f"{week}.txt": "Ours.\n"})
        commit(tmp_path / "project", "Ours")

        done = fleet(tmp_path, f"file://{tmp_path}/project")

        assert done.returncode == 0, done.stdout + done.stderr
        assert "| updated |" in done.stdout
        clone = next(path for path in (tmp_path / "fleet").iterdir() if path.is_dir())
        assert must(clone, "git", "show", f"keel-update:{week}.txt") == "Ours.\n"


def test_a_list_that_is_not_there_is_an_error() -> None:
    script = str(TEMPLATE / "scripts/fleet.py")

    done = run([sys.executable, script, "no.txt"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "there is no file no.txt" in done.stderr
