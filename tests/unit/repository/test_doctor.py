from pathlib import Path

import pytest
from repositories import Repository

from keel.repository.doctor import examine, versions


@pytest.mark.parametrize(
    ("release", "library"),
    [("v0.4.0", "0.4.2"), ("v0.4.0", "0.5.0"), ("v0.5.0-3-gabc1234", "0.4.0"), ("v1.2.0", "1.1.9")],
)
def test_library_and_frame_may_be_a_release_apart(release: str, library: str) -> None:
    (finding,) = versions({"_commit": release}, library)

    assert not finding.cure


@pytest.mark.parametrize(
    ("release", "library", "cure"),
    [
        ("v0.4.0", "0.6.0", "uv run keel update"),
        ("v0.9.0", "1.0.0", "uv run keel update"),
        ("v0.6.0", "0.4.9", "uv lock --upgrade-package keel-ml"),
    ],
)
def test_further_apart_is_told_with_the_cure(release: str, library: str, cure: str) -> None:
    (finding,) = versions({"_commit": release}, library)

    assert finding.what == (
        f"Keel {library}, in a project of {release}: they fit when one release apart"
    )
    assert finding.cure.startswith(cure)


@pytest.mark.parametrize("answers", [{}, {"_commit": "83dc9b7"}])
def test_of_what_is_no_release_nothing_is_said(answers: dict[str, str]) -> None:
    assert list(versions(answers, "0.4.0")) == []


@pytest.mark.parametrize("name", ["big disk", "o'neil & co (default)", "müller  x"])
def test_data_are_shared_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.mkdir()
    project = Repository(tmp_path / "project")
    config = f"""[core]
    remote = storage
['remote "other"']
    url = https://example.com/other
['remote "storage"']
    url = {place}
"""
    project.file(".dvc/config", config)

    assert f"data are shared in {place}" in [found.what for found in examine(project.root)]


@pytest.mark.parametrize(("branch", "told"), [("main", False), ("trunk", False), ("live", True)])
def test_a_default_branch_that_ci_does_not_know_is_told(
    tmp_path: Path, branch: str, *, told: bool
) -> None:
    project = Repository(tmp_path)
    project.file(".github/workflows/checks.yml", "on:\n  push:\n    branches: [main, trunk] # x\n")
    project.git("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{branch}")

    sentence = f"no push to your default branch {branch} is checked"
    assert (sentence in [found.what for found in examine(project.root)]) is told
