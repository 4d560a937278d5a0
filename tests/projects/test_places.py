"""Where people work: a folder of any name, another user's container, other hooks, a proxy."""

import os
import shutil
from pathlib import Path

from rendering import commit, must

FOLDER = "müller [1] *? #1 50% & o'neil;x"
PLACE = {
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "HOME": "/dev/null/home",  # nobody can write there, also not root
    "PRE_COMMIT_HOME": "",
    "PYTHONIOENCODING": "ascii",
}


def test_all_of_it_at_once_stops_neither_a_run_nor_an_experiment(
    project: Path, tmp_path: Path
) -> None:
    folder, disk, tools = tmp_path / FOLDER, tmp_path / "other disk", project / ".venv/bin"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns(".venv", ".git"))
    (folder / "conf/overrides.yaml").write_text("choose: {data: quick}\nset: {}\n")
    disk.mkdir()
    (folder / "model").symlink_to(disk)
    commit(folder, "A project of few rows")
    must(folder, "git", "config", "core.hooksPath", "hooks of ours")
    environment = {**PLACE, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    first = must(folder, str(tools / "keel"), "run", **environment)
    commit(folder, "A run")
    again = must(folder, str(tools / "keel"), "run", **environment)
    tried = must(folder, str(tools / "keel"), "exp", "model.trees=5", **environment)

    assert "The report:" in first
    assert "Nothing has changed" in again
    assert "model.trees=5" in tried
    assert must(folder, "git", "ls-files", "--", "model") == ""
    assert not list(folder.glob("~*"))  # what a library makes of a home that it does not find
