"""`uv run keel vendor`: the project needs Keel's repository no more."""

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from rendering import must, run
from updates import NEXT, copy


@pytest.fixture(scope="module")
def folder(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with Keel's wheel, beside the template that it was made from."""
    folder = tmp_path_factory.mktemp("vendor")
    template = Path(shutil.copytree(clone, folder / "template"))
    project = copy(template, NEXT, folder / "project", maturity="proof-of-concept")
    must(project, "uv", "lock", "--quiet")
    (project / "uv.lock").rename(folder / "uv.lock")
    shutil.copy(folder / "uv.lock", project / "uv.lock")
    shutil.copy(project / "pyproject.toml", folder / "pyproject.toml")
    must(project, "uv", "run", "--quiet", "keel", "vendor")
    return folder


def library(project: Path) -> dict[str, Any]:
    """What the lock file says of Keel."""
    packages = tomllib.loads((project / "uv.lock").read_text("utf-8"))["package"]
    return next(package for package in packages if package["name"] == "keel-ml")


def test_the_lock_has_the_hash_of_the_wheel(folder: Path) -> None:
    (wheel,) = library(folder / "project")["wheels"]

    assert wheel["hash"].startswith("sha256:")
    assert (folder / "project/vendor" / wheel["filename"]).is_file()


def test_a_clone_of_it_works_offline_and_without_the_template(folder: Path) -> None:
    away = folder / "away"
    shutil.copytree(folder / "project", away, ignore=shutil.ignore_patterns(".venv"))
    (folder / "template").rename(folder / "hidden")

    done = run(away, "uv", "sync", "--offline", "--frozen", "--quiet")

    (folder / "hidden").rename(folder / "template")
    assert done.returncode == 0, done.stderr
    assert "keel, version" in must(away, "uv", "run", "--offline", "--frozen", "keel", "--version")


def test_it_goes_back_to_what_it_was(folder: Path) -> None:
    project = Path(shutil.copytree(folder / "project", folder / "back"))

    must(project, "uv", "run", "--quiet", "keel", "vendor", "--undo")

    assert not (project / "vendor").exists()
    for name in ("pyproject.toml", "uv.lock"):
        assert (project / name).read_text("utf-8") == (folder / name).read_text("utf-8")
