"""Library and frame may be a release apart: a project works with a newer library, untouched."""

from pathlib import Path

import pytest
from rendering import TEMPLATE, run
from updates import NEXT, copy, releases


@pytest.fixture(scope="module")
def older(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the release before this, with the library as it stands here."""
    *_, release, newest = releases(clone)
    assert newest == NEXT
    folder = tmp_path_factory.mktemp("older") / "project"
    return copy(clone, release, folder, keel_source=str(TEMPLATE))


def test_it_runs_and_passes_its_checks(older: Path) -> None:
    for verb in (("run", "data=quick"), ("check",)):
        done = run(older, "uv", "run", "--quiet", "keel", *verb)

        assert done.returncode == 0, done.stdout + done.stderr
