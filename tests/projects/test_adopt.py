"""A repository that was not made with Keel takes it in as the how-to says, and loses nothing."""

import re
from pathlib import Path

import pytest
from rendering import TEMPLATE, commit, must, run
from updates import NEXT, update, write

OWN = {
    "README.md": "# Ours\n\nWhat we have done so far.\n",
    "pyproject.toml": '[project]\nname = "flight-delay"\nversion = "3.1.4"\n',
    ".gitignore": "*.secret\n",
    "src/flight_delay/__init__.py": '"""Ours."""\n',
    "src/flight_delay/ours.py": "OURS = 1\n",
    "tests/test_ours.py": "def test_ours() -> None: ...\n",
    "notebooks/ours.ipynb": "{}\n",
}


def blocks() -> list[str]:
    page = (TEMPLATE / "docs/how-to/adopt.md").read_text("utf-8")
    return re.findall(r"^```bash\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def adopted(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of a team's own, after the first block of the page."""
    folder = tmp_path_factory.mktemp("adopted") / "repository"
    write(folder, OWN)
    commit(folder, "Ours")
    copy = f"copier copy --defaults --vcs-ref {NEXT} {clone}"
    typed = blocks()[0].replace("copier copy path/to/keel", copy)
    assert copy in typed
    done = run(folder, "bash", "-euc", typed)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_it_arrives_on_a_branch(adopted: Path) -> None:
    assert must(adopted, "git", "branch", "--show-current") == "keel\n"
    assert must(adopted, "git", "ls-tree", "-r", "--name-only", "main").split() == sorted(OWN)


def test_what_both_have_waits_for_a_decision(adopted: Path) -> None:
    status = must(adopted, "git", "status", "--porcelain").splitlines()

    both = {line[3:] for line in status if line.startswith("AA")}
    assert both == {"README.md", "pyproject.toml", ".gitignore", "src/flight_delay/__init__.py"}


def test_each_line_of_the_teams_is_there(adopted: Path) -> None:
    for name, text in OWN.items():
        assert set(text.splitlines()) <= set((adopted / name).read_text().splitlines()), name


def test_after_the_decisions_updates_work(adopted: Path) -> None:
    done = run(adopted, "bash", "-euc", blocks()[1])
    assert done.returncode == 0, done.stderr
    for name in ("pyproject.toml", "src/flight_delay/__init__.py"):
        must(adopted, "git", "checkout", "--theirs", name)
        must(adopted, "git", "add", name)
    must(adopted, "git", "commit", "--quiet", "--message", "Bring in Keel")

    done = update(adopted, "licence=none")

    assert done.returncode == 0, done.stdout + done.stderr
    assert not (adopted / "LICENSE").exists()
    assert (adopted / "README.md").read_text() == OWN["README.md"]
    assert (adopted / "src/flight_delay/ours.py").read_text() == OWN["src/flight_delay/ours.py"]
