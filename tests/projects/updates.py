"""Releases of this template in a clone, projects made from them, and their updates."""

import os
import re
import shutil
import subprocess
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path

from copier import run_copy
from rendering import TEMPLATE, TOOLS, commit, files, must

KEEL = TOOLS / "keel"
NEXT = "v9999.0.0"  # the template as it stands
ANSWERS = ".copier-answers.yml"


def clone(folder: Path) -> Path:
    """A clone of this repository with a tag for each release, and one for what stands here.

    The releases are the commits that changed the version, since the first one with the library.
    """
    must(TEMPLATE, "git", "clone", "--quiet", str(TEMPLATE), str(folder))
    tags = must(folder, "git", "tag").split()
    if tags:
        must(folder, "git", "tag", "--delete", *tags)
    for commit_, version in released(folder):
        must(folder, "git", "tag", f"v{version}", commit_)
    for file in must(folder, "git", "ls-files", "-z").split("\0")[:-1]:
        (folder / file).unlink()
    for name in must(TEMPLATE, "git", "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
        if (TEMPLATE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, folder / name)
    must(folder, "git", "add", "--all")
    must(folder, "git", "commit", "--quiet", "--allow-empty", "--message", "What stands here")
    must(folder, "git", "tag", NEXT)
    return folder


def released(folder: Path) -> list[tuple[str, str]]:
    """The commits of releases in a clone, oldest first, each with its version."""
    history = must(
        folder, "git", "log", "--reverse", "-G^version = ", "--format=%H", "pyproject.toml"
    )
    commits: dict[str, str] = {}
    for commit_ in history.split():
        text = must(folder, "git", "show", f"{commit_}:pyproject.toml")
        version = tomllib.loads(text).get("project", {}).get("version", "")
        parts = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version)
        if parts and tuple(map(int, parts.groups())) >= (0, 4, 0):
            commits.setdefault(version, commit_)
    return [(commit_, version) for version, commit_ in commits.items()]


def releases(template: Path) -> list[str]:
    """The releases of a clone, oldest first, with what stands here as the last one."""
    return must(template, "git", "tag", "--sort=version:refname", "--list", "v*").split()


GIVEN = {  # so that it is no matter what a release takes where nobody answers
    "project_name": "Flight delay",
    "user_name": "The project's authors",
    "user_email": "authors@example.com",
}


def copy(template: Path, release: str, folder: Path, **answers: str) -> Path:
    """A project as a release makes it, committed."""
    run_copy(
        str(template), folder, {**GIVEN, **answers}, vcs_ref=release, defaults=True, quiet=True
    )
    commit(folder, "Start")
    return folder


def update(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `uv run keel update` does, without the checks, which other tests run."""
    if not {"--abort", "--help"} & set(arguments):
        arguments = ("--no-check", *arguments)
    return subprocess.run(
        (KEEL, "update", *arguments),
        cwd=project,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def content(project: Path) -> dict[str, bytes]:
    """What stands in a project, less what Git and Copier note for themselves."""
    return {
        path.as_posix(): (project / path).read_bytes()
        for path in files(project)
        if path.parts[0] != ".git" and path.name != ANSWERS
    }


PYPROJECT = """\
[tool.uv]
exclude-newer = "{day}T00:00:00Z"

{% include 'includes/source.jinja' %}

[tool.keel]
maturity = "product"
"""


NUMBERS = [f"template/{name}.txt" for name in ("numbers", "renamed", "run", "windows")]


def small(folder: Path) -> Path:
    """A template with two releases that are quick to render, v1.0.0 and v1.1.0."""
    shutil.copytree(TEMPLATE / "includes", folder / "includes")
    answers = "template/{{_copier_conf.answers_file}}.jinja"
    write(
        folder,
        {
            "copier.yml": """\
                _subdirectory: template
                _exclude: ["{% if _copier_operation == 'update' %}seed*{% endif %}"]
                package_name: {type: str, default: demo}
                ci: {type: str, default: github, choices: [github, none]}
                keel_source: {type: str, when: false, default: ""}
            """,
            "CHANGELOG.md": "# Changelog\n\n## 1.0.0\n\n- The first.\n",
            "template/src/{{package_name}}/__init__.py": "",
            **dict.fromkeys(NUMBERS, "1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
            "template/goes.txt": "It goes.\n",
            "template/deleted.txt": "Somebody deletes this.\n",
            "template/seed.txt": "A first version.\n",
            "template/seed_that_goes.txt": "A first version.\n",
            "template/{% if ci == 'github' %}seed_of_ci.txt{% endif %}": "Of CI.\n",
            "template/seed_on_ci.txt.jinja": "It runs on {{ ci }}.\n",
            "template/.gitattributes": "* text=auto eol=lf\n",
            "template/pyproject.toml.jinja": PYPROJECT.replace("{day}", "2026-01-01"),
            "template/{% if ci == 'github' %}.github{% endif %}/checks.yml": "on: push\n",
            answers: (TEMPLATE / answers).read_bytes(),
        },
    )
    commit(folder, "Release 1.0.0")
    must(folder, "git", "tag", "v1.0.0")
    (folder / "template/goes.txt").unlink()
    (folder / "template/seed_that_goes.txt").unlink()
    write(
        folder,
        {
            "copier.yml": (folder / "copier.yml").read_text()
            + "colour: {type: str, default: green}\n",
            "CHANGELOG.md": "# Changelog\n\n## 1.1.0\n\n- Five is 5.\n\n## 1.0.0\n\n- The first.\n",
            **dict.fromkeys(NUMBERS, "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "template/deleted.txt": "Somebody deleted this.\n",
            "template/seed.txt": "A better version.\n",
            "template/seed_that_is_new.txt": "A first version.\n",
            "template/new.txt": "New.\n",
            "template/pyproject.toml.jinja": PYPROJECT.replace("{day}", "2026-02-02"),
        },
    )
    commit(folder, "Release 1.1.0")
    must(folder, "git", "tag", "v1.1.0")
    return folder


def write(folder: Path, texts: Mapping[str, str | bytes]) -> None:
    """Write files; the indentation of a text is taken out."""
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
