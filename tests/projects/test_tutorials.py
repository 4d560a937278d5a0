"""The tutorials do what they say: somebody follows them word by word."""

from pathlib import Path

import pytest
from reading import DOCS, Reader


@pytest.mark.parametrize("name", ["tutorial.md", "tutorial-budget.md"])
def test_the_tutorials_work(release: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "path/to").mkdir(parents=True)
    (tmp_path / "path/to/keel").symlink_to(release)

    Reader(tmp_path).follow(DOCS / name)
