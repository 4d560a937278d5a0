"""The tutorials do what they say: somebody follows them word by word, one after the other."""

from pathlib import Path

import pytest
from reading import DOCS, Reader

TUTORIALS = ("tutorial.md", "tutorial-own-table.md", "tutorial-budget.md")


@pytest.fixture(scope="module")
def home(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a reader keeps projects, through all tutorials."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "path/to").mkdir(parents=True)
    (folder / "path/to/keel").symlink_to(release)
    return folder


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_tutorials_work(home: Path, name: str) -> None:
    Reader(home).follow(DOCS / name)
