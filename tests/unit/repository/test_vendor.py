import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from keel.project.errors import UserError
from keel.repository import source, vendor

PYPROJECT = """\
[project]
name = "empty"
version = "1"
requires-python = ">=3.11"

[tool.uv.sources.keel-ml]
git = "https://github.com/org/keel"
tag = "v0.5.0" # of the team's: a comment

[tool.uv.sources.other]
path = "other"
"""
WHEEL = 'path = "vendor/keel_ml-0.5.0-py3-none-any.whl"'


def installed(folder: Path) -> Distribution:
    """A library as an installer leaves it."""
    texts = {
        "keel/__init__.py": "VERSION = 1\n",
        "keel/page.html": "<p>\n",
        "keel/__pycache__/__init__.cpython-311.pyc": "compiled",
        "keel_ml-0.5.0.dist-info/METADATA": "Name: keel-ml\nVersion: 0.5.0\n",
        "keel_ml-0.5.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        "keel_ml-0.5.0.dist-info/entry_points.txt": "[console_scripts]\nkeel = keel.cli:main\n",
        "keel_ml-0.5.0.dist-info/INSTALLER": "uv",
        "keel_ml-0.5.0.dist-info/direct_url.json": "{}",
        "../bin/keel": "#!/bin/sh\n",
    }
    place = folder / "site-packages"
    for name, text in texts.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    info = place / "keel_ml-0.5.0.dist-info"
    names = [*texts, "keel_ml-0.5.0.dist-info/RECORD"]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in names))
    return Distribution.at(info)


def test_a_wheel_has_what_its_library_has_and_nothing_of_the_installer(tmp_path: Path) -> None:
    wheel = vendor.packed(installed(tmp_path), tmp_path)

    assert wheel.name == "keel_ml-0.5.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        info = "keel_ml-0.5.0.dist-info"
        files = ["METADATA", "WHEEL", "entry_points.txt", "RECORD"]
        code = ["keel/__init__.py", "keel/page.html"]
        assert archive.namelist() == [*code, *(f"{info}/{file}" for file in files)]
        assert f"{info}/RECORD,,\n" in archive.read(f"{info}/RECORD").decode()


def test_equal_libraries_make_equal_wheels(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    library = installed(tmp_path)

    first, second = vendor.packed(library, tmp_path), vendor.packed(library, tmp_path / "again")

    assert first.read_bytes() == second.read_bytes()


def test_pointing_elsewhere_and_back_leaves_each_byte_as_it_was() -> None:
    there = source.pointed(PYPROJECT, [WHEEL])

    assert source.elsewhere(there) == [WHEEL]
    assert '# tag = "v0.5.0" # of the team\'s: a comment\n' in there
    assert source.pointed_back(there) == PYPROJECT


def test_pointing_elsewhere_twice_remembers_the_template() -> None:
    twice = source.pointed(source.pointed(PYPROJECT, ['path = "/keel"']), [WHEEL])

    assert source.pointed_back(twice) == PYPROJECT


def test_the_template_itself_is_not_elsewhere() -> None:
    assert source.elsewhere(PYPROJECT) == []
    assert source.pointed_back(PYPROJECT) == PYPROJECT


def test_without_a_table_it_says_which_one() -> None:
    with pytest.raises(UserError, match=r"no table \[tool.uv.sources.keel-ml\]: put it back"):
        source.pointed("[project]\n", [WHEEL])


def test_what_can_not_be_locked_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = PYPROJECT.replace("[tool.uv.sources.other]", "[tool.uv]\nrequired-version = '<0.1'\n")
    (tmp_path / "pyproject.toml").write_text(broken)
    library = installed(tmp_path)
    monkeypatch.setattr(Distribution, "from_name", lambda _: library)

    with pytest.raises(UserError, match="nothing has changed"):
        vendor.vendor(tmp_path)

    assert (tmp_path / "pyproject.toml").read_text() == broken
    assert not (tmp_path / "vendor").exists()


def test_there_is_nothing_to_undo_where_nothing_was_done(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)

    with pytest.raises(UserError, match="there is nothing to undo"):
        vendor.undo(tmp_path)
