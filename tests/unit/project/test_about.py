"""What `pyproject.toml` says, and how a project is loaded."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keel import UserError
from keel.project.about import about, load, package

TABLE = '[project]\nname = "shop"\ndescription = "Who buys"\n[tool.keel]\nproject = {place!r}\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a package `shop`, which is forgotten after the test."""
    (tmp_path / "src/shop").mkdir(parents=True)
    (tmp_path / "src/shop/__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text(TABLE.format(place="shop.project:PROJECT"))
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


def code(root: Path, text: str) -> None:
    (root / "src/shop/project.py").write_text(text)


WHOLE = "from small import small_project\nPROJECT = small_project()\n"


def test_a_project_is_the_object_that_is_named(root: Path) -> None:
    code(root, WHOLE)

    assert load(root).label == "bought"
    assert about(root) == {"name": "shop", "purpose": "Who buys"}
    assert package(root) == "shop"


def test_a_package_that_another_one_hides_is_named(root: Path) -> None:
    (root / "src/shop").rename(root / "src/json")
    (root / "pyproject.toml").write_text(TABLE.format(place="json.project:PROJECT"))

    with pytest.raises(
        UserError, match=r"Rename src/json, in imports and pyproject.toml too, such"
    ):
        load(root)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "[tool.keel] in pyproject.toml has project = None: write it as"),
        (TABLE.format(place="shop.project"), "has project = 'shop.project': write it as \"my_pack"),
        ("[tool.keel]\nproject = 5\n", "has project = 5: write it as"),
        ("[tool", "pyproject.toml is not TOML: "),
        (
            TABLE.format(place="shp.project:PROJECT"),
            "shp.project can't be imported: ModuleNotFoundError: No module named 'shp'",
        ),
        (
            TABLE.format(place="shop.project:PROJCET"),
            "shop.project has no PROJCET that is a keel.Project: [tool.keel] names it",
        ),
    ],
)
def test_a_wrong_name_is_named(root: Path, text: str, sentence: str) -> None:
    code(root, WHOLE)
    (root / "pyproject.toml").write_text(text)

    with pytest.raises(UserError, match=re.escape(sentence)):
        load(root)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("PROJECT = 5\n", "shop.project has no PROJECT that is a keel.Project"),
        ("\n\n1 / 0\n", "src/shop/project.py, line 3: ZeroDivisionError: division by zero"),
        ("\nimport shop.nothing\n", "src/shop/project.py, line 2: ModuleNotFoundError: No module"),
        ("\nx = (\n", "src/shop/project.py, line 2: SyntaxError: '(' was never closed"),
        ("def f():\n    raise LookupError\n\nf()\n", "src/shop/project.py, line 2: LookupError"),
        (f"{WHOLE}\nsmall_project(label='x')\n", "Project(label='x'): Visits has no such column"),
    ],
)
def test_a_mistake_in_the_project_s_own_code_is_named_with_its_place(
    root: Path, text: str, sentence: str
) -> None:
    code(root, text)

    with pytest.raises(UserError, match=re.escape(sentence)):
        load(root)


def test_a_mac_without_openmp_is_told_what_to_install(root: Path) -> None:
    """What the loader of macOS says when LightGBM is imported."""
    code(
        root, "raise OSError('dlopen(lib_lightgbm.dylib): Library not loaded: @rpath/libomp.dylib')"
    )

    with pytest.raises(UserError, match=r"project\.py, line 1: brew install libomp: LightGBM"):
        load(root)


def test_who_leaves_the_debugger_in_the_project_s_code_stops(root: Path) -> None:
    code(root, "import bdb\nraise bdb.BdbQuit\n")

    with pytest.raises(KeyboardInterrupt):
        load(root)
