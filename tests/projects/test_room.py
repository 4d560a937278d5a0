"""Where teams add things, later releases don't collide with them, whatever they change nearby."""

import os
import shutil
from pathlib import Path

import pytest
from rendering import commit, must, parse
from updates import NEXT, copy, update

# What a later release changes next to each place, in the files of the template.
LATER = {
    "pyproject.toml.jinja": [
        ('keel = ["keel-ml[pipeline', 'keel = ["keel-ml[mutation,pipeline'),
        ('default-groups = ["dev", "keel"]', 'default-groups = ["dev", "keel", "mutation"]'),
        ('types = ["mypy"]', 'types = ["mypy --pretty"]'),
        ('    "INP001", # folders', '    "INP",    # folders'),
        ('files = ["src", "tests"]', 'files = ["src", "tests", "tools"]'),
        ("strict = true\nfilterwarnings", 'strict = true\nminversion = "9"\nfilterwarnings'),
    ],
    "dvc.yaml.jinja": [
        ("stages:\n", "# More of it.\nstages:\n"),
        ("      - reports/slices.csv:", "      - more.csv\n      - reports/slices.csv:"),
    ],
    ".gitignore": [("# Secrets\n", "*.log\n\n# Keys\n")],
    ".pre-commit-config.yaml": [
        ("name: no merge conflict markers", "name: no markers of conflicts")
    ],
    "{% if ci == 'gitlab' %}.gitlab-ci.yml{% endif %}.jinja": [("python:3.13", "python:3.14")],
}

# The file, and what a team replaces by what; None is the end of the file.
PACKAGE = '    "dataframely>=3.1",\n'
EXCEPTIONS = "`assert` is how a test speaks\n]\n"
SOURCE = "[tool.uv.sources.keel-ml]\n"
LAYER = 'acceptance = ["python -m behave"]\n'
ROOM = {
    "a package": ("pyproject.toml", PACKAGE, PACKAGE + '    "duckdb>=1",\n'),
    "a tool": ("pyproject.toml", "dev = []", 'dev = [\n    "ipython>=9",\n]'),
    "a source, as `uv add` writes it": (
        "pyproject.toml",
        SOURCE,
        f'[tool.uv.sources]\nours = {{ path = "ours" }}\n\n{SOURCE}',
    ),
    "a layer of checks": ("pyproject.toml", LAYER, LAYER + 'ours = ["true"]\n'),
    "a lint exception": ("pyproject.toml", EXCEPTIONS, EXCEPTIONS + '"ours/**" = ["ERA"]\n'),
    "the settings of a tool": ("pyproject.toml", None, "\n[tool.ours]\nx = 1\n"),
    "a hook": (".pre-commit-config.yaml", None, "  - repo: meta\n    hooks: [{id: identity}]\n"),
    "a stage": ("dvc.yaml", None, "\n  ours:\n    cmd: echo ours\n"),
    "an ignored file": (".gitignore", None, "/ours/\n"),
    "a section of the README": ("README.md", None, "\n## Ours\n\nOurs.\n"),
    "a setting": ("conf/config.yaml", None, "\nours: 1\n"),
    "a job on GitHub": (".github/workflows/ours.yml", None, "on: push\n"),
    "a job on GitLab": (".gitlab/team.yml", None, "ours:\n  script: [echo ours]\n"),
}


def add(project: Path, path: str, old: str | None, new: str) -> None:
    file = project / path
    file.parent.mkdir(parents=True, exist_ok=True)
    text = file.read_text("utf-8") if file.exists() else ""
    assert old is None or text.count(old) == 1
    file.write_text(text.replace(old, new) if old else text + new, "utf-8")


@pytest.fixture(scope="module")
def template(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with a later release, which changes the lines next to each place."""
    folder = Path(shutil.copytree(clone, tmp_path_factory.mktemp("later") / "template"))
    for name, changes in LATER.items():
        file = folder / "template" / name
        text = file.read_text("utf-8")
        for old, new in changes:
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        file.write_text(text, "utf-8")
    commit(folder, "A later release")
    must(folder, "git", "tag", "v9999.1.0")
    return folder


# All of it together; `nox -s updates` tries each by itself too.
ALONE = [("gitlab" if ".gitlab/" in ROOM[name][0] else "github", [name]) for name in ROOM]
SETS = [(ci, list(ROOM)) for ci in ("github", "gitlab")] + ALONE * ("EXAMPLES" in os.environ)


@pytest.mark.parametrize(("ci", "names"), SETS)
def test_what_a_team_adds_does_not_collide(
    template: Path, tmp_path: Path, ci: str, names: list[str]
) -> None:
    project = copy(template, NEXT, tmp_path / "project", ci=ci, package_name="flight_delay")
    for path, old, new in (ROOM[name] for name in names):
        add(project, path, old, new)
    commit(project, "Ours")

    done = update(project)

    assert done.returncode == 0, done.stdout + done.stderr
    for path, _, new in (ROOM[name] for name in names):
        assert new in (project / path).read_text("utf-8")
        assert parse(project / path)
    assert "--pretty" in (project / "pyproject.toml").read_text("utf-8")
    assert 'tag = "v9999.1.0"' in (project / "pyproject.toml").read_text("utf-8")
