"""The tutorials do what they say: somebody follows them word by word."""

import shutil
from pathlib import Path

import pytest
from reading import DOCS, Reader
from rendering import commit, must

# How many flights there are, in place of 336,776. The other one tells of days of the whole year.
FEWER = {"tutorial.md": 60_000}


@pytest.mark.parametrize("name", ["tutorial.md", "tutorial-budget.md"])
def test_the_tutorials_work(release: Path, tmp_path: Path, name: str) -> None:
    keel = Path(shutil.copytree(release, tmp_path / "path/to/keel"))
    if name in FEWER:
        full = keel / "template/conf/data/full.yaml"
        text = full.read_text(encoding="utf-8")
        assert "\nrows: {}" in text
        fewer = text.replace("\nrows: {}", f"\nrows: {{flights: {FEWER[name]}}}")
        full.write_text(fewer, encoding="utf-8")
        commit(keel, "Fewer flights")
        must(keel, "git", "tag", "v1.0.1")

    Reader(tmp_path).follow(DOCS / name)
