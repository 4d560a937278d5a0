"""Files as they were at a commit."""

import json
from datetime import date
from pathlib import Path

import pytest
from repositories import Repository

from keel.repository.recorded import Recorded

FOLDER = [
    {"relpath": "a.svg", "md5": "cc3333"},
    {"relpath": "b.svg", "md5": "dd4444"},  # which is not on this machine
]
LOCK = """\
stages:
  evaluate:
    outs:
    - {path: data/predictions.parquet, md5: aa1111}
    - {path: reports/charts, md5: bb2222.dir}
    - {path: model, md5: ee5555.dir}
"""


@pytest.fixture(params=["", "services/ours/"], ids=["alone", "in a monorepo"])
def recorded(tmp_path: Path, request: pytest.FixtureRequest) -> Recorded:
    """The last commit of a project whose files have changed since."""
    made, at = Repository(tmp_path), request.param
    made.file(f"{at}.dvc/config", "[core]\n    analytics = false\n")
    made.file(f"{at}.gitignore", "/.dvc/cache\n")
    made.file(f"{at}dvc.lock", LOCK)
    made.file(f"{at}reports/facts.json", "{}")
    made.commit(date(2026, 3, 1))
    made.file(f"{at}dvc.lock", "stages: {}\n")
    made.file(f"{at}reports/facts.json", "other")
    kept = {"aa/1111": "rows", "bb/2222.dir": json.dumps(FOLDER), "cc/3333": "<svg>"}
    for name, text in kept.items():
        made.file(f"{at}.dvc/cache/files/md5/{name}", text)
    return Recorded(tmp_path / at, "HEAD")


def test_what_git_keeps_is_as_it_was(recorded: Recorded) -> None:
    assert recorded.text("reports/facts.json") == "{}"
    assert recorded.text("reports/none.json") is None


def test_what_dvc_keeps_is_as_it_was(recorded: Recorded) -> None:
    file = recorded.file("data/predictions.parquet")

    assert file is not None
    assert file.read_text() == "rows"
    assert recorded.file("data/none.parquet") is None


def test_of_a_folder_what_is_on_this_machine(recorded: Recorded) -> None:
    assert {name: file.read_text() for name, file in recorded.folder("reports/charts").items()} == {
        "a.svg": "<svg>"
    }
    assert recorded.folder("model") == {}
