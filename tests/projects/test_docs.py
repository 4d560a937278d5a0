"""The how-tos do what they say, and what the docs name is there."""

import re
import shutil
from pathlib import Path

import pytest
from reading import DOCS, Reader, read
from rendering import TEMPLATE, Render, files, must, questions

from keel.cli.app import GROUPS, HIDDEN

PAGES = [*sorted(DOCS.rglob("*.md")), TEMPLATE / "CONTRIBUTING.md"]
VERBS = {name for verbs in GROUPS.values() for name in verbs} | set(HIDDEN)
FILE = re.compile(r"`((?:\.github|\.gitlab|conf|docs|src|tests|tools)/[\w./-]+\.\w+)`")
# Made by a verb that the page shows, or by a team when it needs it first.
MADE = re.compile(r"docs/(incidents/|decisions/0003-).*|conf/waivers\.yaml")


@pytest.fixture
def own(project: Path, tmp_path: Path) -> Path:
    """A project of the reader's own."""
    left_out = shutil.ignore_patterns(".venv", ".git")
    return shutil.copytree(project, tmp_path / "flight-delay", ignore=left_out)


def test_a_model_can_be_added_as_described(own: Path) -> None:
    Reader(own).follow(DOCS / "how-to/add-a-model.md")


def test_a_feature_can_be_added_as_the_project_describes(own: Path) -> None:
    Reader(own).write_files(own / "docs/how-to.md")

    assert "1 passed" in must(
        own, "uv", "run", "pytest", "tests/unit", "-k", "hour_of_the_week", "--verbose"
    )


def test_each_verb_in_the_docs_exists() -> None:
    named = {verb for page in PAGES for verb in re.findall(r"uv run keel ([a-z]+)", read(page))}

    assert named - VERBS == set()


def test_each_file_in_the_docs_exists(rendered: Render) -> None:
    folders = [rendered(ci=ci) for ci in questions()["ci"]["choices"].values()]
    there = {path.as_posix() for folder in folders for path in files(folder)}

    missing = [
        f"{page.name}: {name}"
        for page in PAGES
        for name in FILE.findall(read(page).replace("<package>", "flight_delay"))
        if name not in there
        and not MADE.fullmatch(name)
        and not (TEMPLATE / name).exists()
        and f'"{name}"' not in read(page)
    ]

    assert missing == []
