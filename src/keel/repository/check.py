"""All checks of a project, layer by layer, as `[tool.keel.check]` in `pyproject.toml` names them.

The first layer may fix files and runs alone; the others run side by side, cheapest first.
"""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import yaml
from annotated_types import MinLen
from pydantic import TypeAdapter, ValidationError

from keel.project.about import own_settings
from keel.project.cpus import cpus
from keel.project.errors import UserError
from keel.repository.conflicts import told

LAYERS = TypeAdapter(Annotated[dict[str, list[str]], MinLen(1)])
OPEN = Path("docs/decisions/open.yaml")
SHORT = "--tb=short --show-capture=no -rN --maxfail=5"  # pytest's options; five tell enough
REPORTS = Path("reports/tests")  # what the tests said, for the ML Test Score


@dataclass(frozen=True)
class Layer:
    """The commands of a layer, which run one after the other until one fails."""

    name: str
    commands: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Outcome:
    """What came of a layer: how long it took, and what it printed if it failed."""

    layer: str
    seconds: float
    failure: str = ""  # nothing if all is well
    code: int = 0  # the exit code

    def __str__(self) -> str:
        return f"{self.layer:<12} {'FAILED' if self.failure else 'fine':<7} {self.seconds:5.1f} s"


def layers(root: Path) -> list[Layer]:
    """The layers in their order. Raises UserError if they are not written as they should be."""
    try:
        named = LAYERS.validate_python(own_settings(root).get("check"))
    except ValidationError as error:
        raise UserError(
            "[tool.keel.check] in pyproject.toml names the layers of checks, each with a list of "
            f'commands, such as unit = ["pytest tests/unit"]; {error.errors()[0]["input"]!r} is '
            "none; run this in the project's folder"
        ) from error
    return [Layer(name, [shlex.split(text) for text in named[name]]) for name in named]


def chosen(root: Path, names: Sequence[str]) -> list[Layer]:
    """The layers of these names, or all. Raises UserError for a name that is none."""
    every = layers(root)
    unknown = [name for name in names if name not in {layer.name for layer in every}]
    if unknown:
        raise UserError(
            f"{unknown[0]!r} is no layer of checks: they are "
            f"{', '.join(layer.name for layer in every)}"
        )
    return [layer for layer in every if not names or layer.name in names]


def check(root: Path, report: Callable[[str], None]) -> list[Outcome]:
    """Run all layers; `report` gets a line for each when it is done."""
    shutil.rmtree(root / REPORTS, ignore_errors=True)

    def reported(layer: Layer) -> Outcome:
        outcome = run(root, layer)
        report(str(outcome))
        return outcome

    first, *rest = layers(root)
    outcomes = [reported(first)]
    with ThreadPoolExecutor(cpus()) as pool:
        return [*outcomes, *pool.map(reported, rest)]


def run(root: Path, layer: Layer, *, watched: bool = False) -> Outcome:
    """Run a layer, and keep what it prints in case it fails, unless somebody watches it."""
    started = time.perf_counter()
    kept = None if watched else subprocess.PIPE
    for command in layer.commands:
        if shutil.which(command[0]) is None:
            raise UserError(
                f"`uv sync` installs what the checks need: {command[0]} is missing, which "
                f"[tool.keel.check] {layer.name} calls"
            )
        done = subprocess.run(
            command,
            cwd=root,
            env=environment(layer, watched=watched),
            stdout=kept,
            stderr=kept and subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            failure = (
                f"$ {shlex.join(command)}\n{(done.stdout or '').strip() or 'it printed nothing'}"
            )
            return Outcome(layer.name, time.perf_counter() - started, failure, done.returncode)
    return Outcome(layer.name, time.perf_counter() - started)


def environment(layer: Layer, *, watched: bool = False) -> dict[str, str]:
    """As it is here, but on one thread, since small models fit faster so; tests leave a report.

    Beside other layers a test says only what failed and where; who watches one sees all.
    """
    tests = f"--junit-xml={REPORTS / layer.name}.xml"
    short = "" if watched else SHORT
    options = " ".join(filter(None, [os.environ.get("PYTEST_ADDOPTS"), tests, short]))
    return {"OMP_NUM_THREADS": "1", **os.environ, "PYTEST_ADDOPTS": options}


def undecided(root: Path) -> list[str]:
    """The decisions that the project still has to take, by the names that its list has for them.

    None where there is no such list; what is wrong with one is said by `keel documents`.
    """
    try:
        listed = yaml.safe_load((root / OPEN).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return []
    entries = listed.items() if isinstance(listed, dict) else ()
    return [name for name, entry in entries if not (isinstance(entry, dict) and "decided" in entry)]


def stop_at_conflicts(root: Path) -> None:
    """Raise UserError if a merge left markers or rejected parts: no tool would name them."""
    if left := told(root):
        raise UserError(left)
