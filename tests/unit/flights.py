"""The worked example: the template's own seeds in a small repository, made once for all tests."""

import atexit
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jinja2

TEMPLATE = Path(__file__).parents[2] / "template"
PACKAGE = "flight_delay"
ANSWERS = {"package_name": PACKAGE, "maturity": "product"}
PARTS = ("conf", "docs", "notebooks", "src", "dvc.yaml.jinja", ".gitignore", ".dvcignore")
WHO = ("NAME", "EMAIL")
PYPROJECT = f"""\
[project]
name = "flight-delay"
version = "0.1.0"
description = "Whether a flight arrives late, two hours before it departs"

[tool.keel]
title = "Flight Delay"
project = "{PACKAGE}.project:PROJECT"
"""


def make_repository(folder: Path) -> Path:
    """What runs and stages need of a project, as the template renders it, and a commit of it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    for part in PARTS:
        place = TEMPLATE / part
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file() and "__pycache__" not in file.parts:
                _render(file, folder)
    author = {f"GIT_{role}_{what}": "Ada" for role in ("AUTHOR", "COMMITTER") for what in WHO}
    nowhere = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for command in ("init -q -b main", "add --all", "commit -q -m First"):
        subprocess.run(
            ["git", *command.split()], cwd=folder, env=os.environ | author | nowhere, check=True
        )
    return folder


def _render(file: Path, folder: Path) -> None:
    """The file with the answers in its name and, where it is a template, in its text."""
    name = jinja2.Template(file.relative_to(TEMPLATE).as_posix()).render(ANSWERS)
    target = folder / name.removesuffix(".jinja")
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".jinja":
        text = jinja2.Template(file.read_text("utf-8"), keep_trailing_newline=True).render(ANSWERS)
        target.write_text(text, "utf-8")
    else:
        shutil.copyfile(file, target)


REPOSITORY = make_repository(Path(tempfile.mkdtemp(prefix="keel-")) / "flight-delay")
atexit.register(shutil.rmtree, REPOSITORY.parent)
sys.path.insert(0, str(REPOSITORY / "src"))
os.environ["OMP_NUM_THREADS"] = "1"  # so few rows; it counts when LightGBM is loaded
PROJECT = importlib.import_module(f"{PACKAGE}.project").PROJECT
