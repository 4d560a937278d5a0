"""Git repositories with commits of any day and person, for tests of what Git knows."""

import os
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import jinja2
from flights import TEMPLATE

ADA, BEN = "Ada <ada@example.com>", "Ben <ben@example.com>"


class Repository:
    """A repository in a folder; commits say their day and who made them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *command: str, **environment: str) -> str:
        nowhere = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        name = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Ada")
        address = dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "ada@example.com")
        return subprocess.run(
            ["git", *command],
            cwd=self.root,
            env={**os.environ, **nowhere, **name, **address, **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def write(self, **files: str) -> None:
        """Files by name; `__` stands for a slash, and a name without a dot is Python."""
        for name, text in files.items():
            self.file(name.replace("__", "/") + ("" if "." in name else ".py"), text)

    def file(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(
        self,
        day: date | str,
        message: str = "Change it",
        who: str = ADA,
        files: dict[str, str] | None = None,
        committed: date | str | None = None,
    ) -> str:
        """Commit these files, and all that changed, at noon of a day; returns the hash."""
        for name, text in (files or {}).items():
            self.file(name, text)
        name, _, address = who.rstrip(">").partition(" <")
        self.git("add", "--all")
        self.git(
            *("commit", "--quiet", "--allow-empty", "--message", message),
            GIT_AUTHOR_NAME=name,
            GIT_AUTHOR_EMAIL=address,
            GIT_AUTHOR_DATE=_noon(day),
            GIT_COMMITTER_DATE=_noon(committed or day),
        )
        return self.git("rev-parse", "HEAD")


def _noon(day: date | str) -> str:
    return f"{day}T12:00:00+00:00"


PYPROJECT = """\
[project]
name = "flight-delay"
description = "Which flights will be late"
dependencies = ["polars>=1"]

[tool.keel]
project = "flight_delay.project:PROJECT"
maturity = "product"
"""
CONDITION = re.compile(r"\{% if [^%]+ %\}(.*?)\{% endif %\}")
ANSWERS = {"package_name": "flight_delay", "maturity": "product", "ci": "github"}


def new_project(root: Path, day: date | str = "2026-11-01") -> Repository:
    """The docs of a new product, its code and its packages, in one commit."""
    filled = jinja2.Environment(  # noqa: S701 -- it renders no HTML
        undefined=jinja2.ChainableUndefined, keep_trailing_newline=True
    )
    repository = Repository(root)
    for folder in ("docs", "conf", "tests", "src"):
        for file in (TEMPLATE / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                name = CONDITION.sub(r"\1", file.relative_to(TEMPLATE).as_posix())
                name = name.replace("{{package_name}}", ANSWERS["package_name"])
                text = file.read_text(encoding="utf-8")
                if name.endswith(".jinja"):
                    text = filled.from_string(text).render(ANSWERS)
                repository.file(name.removesuffix(".jinja"), text)
    for name in ("README.md", "CONTRIBUTING.md"):
        repository.file(name, f"# {name}\n")
    repository.file("pyproject.toml", PYPROJECT)
    shutil.copy(TEMPLATE.parent / "uv.lock", root)
    repository.commit(day, "first")
    return repository
