"""`uv run poe update` in a whole project: packages are locked, and all checks run."""

import shutil
from pathlib import Path

import pytest
from conftest import commit, must, run
from updates import NEXT, copy

GOOD, BAD = "v9999.1.0", "v9999.2.0"


@pytest.fixture(scope="module")
def project(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that works, of a template with a later release that works and one that does not."""
    folder = tmp_path_factory.mktemp("whole")
    template = Path(shutil.copytree(clone, folder / "template"))
    pyproject = template / "template/pyproject.toml.jinja"
    text = pyproject.read_text("utf-8")
    pyproject.write_text(text.replace('    "tqdm>=', '    "tabulate>=0.9",\n    "tqdm>='), "utf-8")
    commit(template, "A later release")
    must(template, "git", "tag", GOOD)
    (template / "template/src/{{package_name}}/chassis/errors.py").write_text("import nothing\n")
    commit(template, "One with an error")
    must(template, "git", "tag", BAD)
    project = copy(template, NEXT, folder / "project")
    must(project, "uv", "run", "--quiet", "poe", "setup")
    must(project, "git", "add", "--all")
    # The hooks would run all that the update runs next.
    must(project, "git", "commit", "--quiet", "--no-verify", "--message", "Packages")
    return project


def test_it_locks_checks_and_commits(project: Path) -> None:
    done = run(project, "uv", "run", "poe", "update", "--to", GOOD)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Checks: pass." in must(project, "git", "log", "-1", "--format=%B")
    assert 'name = "tabulate"' in must(project, "git", "show", "HEAD:uv.lock")
    assert must(project, "git", "status", "--porcelain") == ""
    must(project, "git", "switch", "--quiet", "main")
    must(project, "git", "merge", "--quiet", "keel-update")
    must(project, "git", "branch", "--delete", "keel-update")


def test_checks_that_fail_wait_for_a_decision(project: Path) -> None:
    head = must(project, "git", "rev-parse", "HEAD")

    done = run(project, "uv", "run", "poe", "update", "--to", BAD)

    assert done.returncode == 2, done.stdout + done.stderr
    assert "the checks fail: see above" in done.stdout
    # The chassis is broken, and so are its own verbs: it says how Git alone goes back.
    assert run(project, "uv", "run", "poe", "update", "--abort").returncode != 0
    assert "git switch --discard-changes main" in done.stdout
    must(project, "git", "switch", "--quiet", "--discard-changes", "main")
    assert must(project, "git", "rev-parse", "HEAD") == head
    assert must(project, "git", "status", "--porcelain") == ""
