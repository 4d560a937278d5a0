"""Renders projects from this template, and runs commands in them as a person would."""

import ast
import configparser
import json
import os
import subprocess
import sysconfig
import tomllib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import yaml
from copier import run_copy

TEMPLATE = Path(__file__).parents[2]
TOOLS = Path(sysconfig.get_path("scripts"))  # of the environment that the tests run in
Render = Callable[..., Path]


def render(folder: Path, **answers: Any) -> Path:
    """Render the template as it stands, with the defaults but for `answers`."""
    run_copy(
        str(TEMPLATE),
        folder,
        {"keel_source": str(TEMPLATE), **answers},
        vcs_ref="HEAD",
        defaults=True,
        overwrite=True,
        quiet=True,
    )
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a project as a person would, in an environment without ours."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONDONTWRITEBYTECODE")
    }
    if uv := inherited.get("UV"):  # `python -m uv` may be the only way to reach it
        inherited["PATH"] += f"{os.pathsep}{Path(uv).parent}"
    return subprocess.run(
        command,
        cwd=folder,
        env=inherited | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def must(folder: Path, *command: str, **environment: str) -> str:
    """Run a command that has to succeed; returns what it prints."""
    done = run(folder, *command, **environment)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def keel(project: Path) -> tuple[str, ...]:
    """The command, with the packages of a project, on the code of the folder that it runs in."""
    return ("uv", "run", "--quiet", "--no-sync", "--project", str(project), "keel")


def files(folder: Path) -> list[Path]:
    """The files that a folder has from the template, relative to it."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def put_customers(folder: Path, rows: int = 900) -> Path:
    """A made-up table of customers as CSV: those leave who pay much, and are not there for long."""
    chance = Random(1)  # noqa: S311 -- nothing is kept secret by it
    lines = ["customer_id,email,religion,contract,Monthly Charges,years,signed,churned"]
    for number in range(rows):
        charge, years = chance.uniform(18, 118), chance.randrange(12)
        leaves = charge / 50 - years / 4 + chance.gauss(0, 0.5) > 0
        cells = (
            *(f"C{number:05}", f"c{number}@mail.example"),
            *(chance.choice(["none", "catholic", "muslim"]), chance.choice(["month", "year"])),
            *("" if chance.random() < 0.03 else f"{charge:.2f}", str(years)),
            *(f"{1 + number % 28:02}.{1 + number % 12:02}.{2013 + number % 9}",),
            *("yes" if leaves else "no",),
        )
        lines.append(",".join(cells))
    file = folder / "customers.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _ini(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


PARSERS: dict[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".py": ast.parse,
    ".toml": tomllib.loads,
    ".yaml": yaml.safe_load,
    ".yml": yaml.safe_load,
    "config": _ini,  # DVC's
}


def parse(file: Path) -> Any:
    """The content of a file by its kind, or else its text. Raises the parser's own error."""
    try:
        return PARSERS.get(file.suffix or file.name, str)(file.read_text(encoding="utf-8"))
    except Exception as error:
        error.add_note(f"in {file}")
        raise


def questions() -> dict[str, dict[str, Any]]:
    """The questions of the template, and the answers that it computes."""
    return {
        name: about
        for name, about in parse(TEMPLATE / "copier.yml").items()
        if not name.startswith("_")
    }


def commit(folder: Path, message: str, *options: str) -> None:
    """Commit all that a folder holds, in a repository of its own."""
    must(folder, "git", "init", "--quiet", "--initial-branch", "main")
    must(folder, "git", "add", "--all")
    must(folder, "git", "commit", "--quiet", "--message", message, *options)
