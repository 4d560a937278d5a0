"""The public door, and the floors behind it."""

import re
import subprocess
import sys
from pathlib import Path

import keel

SOURCE = Path(keel.__file__).parent
REPOSITORY = SOURCE.parents[1]
HEAVY = {"polars", "numpy", "pydantic", "dataframely", "sklearn", "lightgbm", "hydra", "dvc"}
LARGEST = 12  # modules of a folder: as many as one sees at a glance


def imported_by(code: str) -> set[str]:
    """The packages that Python has imported after some code."""
    program = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_public_door_is_what_is_promised() -> None:
    assert keel.__all__ == [
        "EstimatorSettings",
        "Features",
        "Known",
        "Learner",
        "Linear",
        "Logistic",
        "Metric",
        "Model",
        "Progress",
        "Project",
        "Run",
        "Section",
        "Tables",
        "UserError",
        "afterwards",
        "ahead",
        "categories",
        "measured",
        "metric",
        "to_utc",
    ]
    assert all(getattr(keel, name) for name in keel.__all__)


def test_the_public_door_imports_nothing_heavy() -> None:
    assert imported_by("import keel") & HEAVY == set()


def test_the_command_s_help_imports_nothing_heavy() -> None:
    assert imported_by("from keel.cli.app import app") & HEAVY == set()


def test_the_public_door_says_what_it_has_not() -> None:
    assert not hasattr(keel, "Nothing")


def test_each_floor_imports_only_what_lies_below() -> None:
    done = subprocess.run(
        ["lint-imports", "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_no_folder_has_more_modules_than_one_sees() -> None:
    modules = {
        folder.relative_to(SOURCE).as_posix(): [
            file.name for file in folder.glob("*.py") if file.name != "__init__.py"
        ]
        for folder in SOURCE.rglob("*")
        if folder.is_dir()
    }

    assert {name: len(files) for name, files in modules.items() if len(files) > LARGEST} == {}


def test_no_file_is_read_as_a_pattern() -> None:
    """Polars takes brackets in a folder's name for one, unless it is told."""
    reads = re.compile(r"pl\.(?:scan|read)_(?:parquet|csv)\w*\((?:[^()]|\([^()]*\))*\)")
    calls = [
        call for file in SOURCE.rglob("*.py") for call in reads.findall(file.read_text("utf-8"))
    ]

    assert len(calls) > 10
    assert [call for call in calls if "glob=" not in call] == []
