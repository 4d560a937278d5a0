"""`uv run keel update` in a whole project: packages are locked, and its checks run."""

import re
import shutil
from pathlib import Path

import pytest
from rendering import commit, must, run
from updates import NEXT, copy

GOOD, BAD = "v9999.1.0", "v9999.2.0"


@pytest.fixture(scope="module")
def project(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that works, of a template with a later release that works and one that does not."""
    folder = tmp_path_factory.mktemp("whole")
    template = Path(shutil.copytree(clone, folder / "template"))
    later(
        template,
        GOOD,
        "pyproject.toml",
        "dependencies = [",
        'dependencies = [\n    "tabulate>=0.9",',
    )
    later(template, BAD, "src/keel/__init__.py", '"""', 'import nothing\n"""')
    project = copy(template, NEXT, folder / "project", maturity="proof-of-concept")
    settings = project / "pyproject.toml"  # other layers take long, and are run elsewhere
    layers = re.compile("^(types|checks|integration|behaviour|acceptance) = .*\n", re.MULTILINE)
    settings.write_text(layers.sub("", settings.read_text("utf-8")), "utf-8")
    must(project, "uv", "run", "--quiet", "keel", "setup")
    must(project, "git", "add", "--all")
    # The hooks would run all that the update runs next.
    must(project, "git", "commit", "--quiet", "--no-verify", "--message", "Packages")
    return project


def later(template: Path, release: str, path: str, old: str, new: str) -> None:
    """Release the template with a change to a file of the library."""
    file = template / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    commit(template, release)
    must(template, "git", "tag", release)


def test_it_locks_checks_and_commits(project: Path) -> None:
    done = run(project, "uv", "run", "keel", "update", "--to", GOOD)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Checks: pass." in must(project, "git", "log", "-1", "--format=%B")
    lock = must(project, "git", "show", "HEAD:uv.lock")
    assert 'name = "tabulate"' in lock
    assert f"?tag={GOOD}#" in lock
    assert must(project, "git", "status", "--porcelain") == ""
    must(project, "git", "switch", "--quiet", "main")
    must(project, "git", "merge", "--quiet", "keel-update")
    must(project, "git", "branch", "--delete", "keel-update")


def test_checks_that_fail_wait_for_a_decision(project: Path) -> None:
    head = must(project, "git", "rev-parse", "HEAD")

    done = run(project, "uv", "run", "keel", "update", "--to", BAD)

    assert done.returncode == 2, done.stdout + done.stderr
    assert "the checks fail: see above" in done.stdout
    # The library is broken, and so are its own verbs: it says how Git alone goes back.
    assert run(project, "uv", "run", "keel", "update", "--abort").returncode != 0
    assert "git switch --discard-changes main" in done.stdout
    must(project, "git", "switch", "--quiet", "--discard-changes", "main")
    assert must(project, "git", "rev-parse", "HEAD") == head
    assert must(project, "git", "status", "--porcelain") == ""
