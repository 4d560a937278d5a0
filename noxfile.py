"""What can be run here: `nox -l` lists it, plain `nox` runs all tests."""

import os
import re
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["lint", "tests", "projects", "profiles", "docs"]

BUILD = Path("build")
SIDE_BY_SIDE = ("--quiet", "--numprocesses=2", "--dist=loadfile")
# A rendered project has an environment of its own, and keeps its byte code.
CLEAN = {"VIRTUAL_ENV": None, "UV_PROJECT_ENVIRONMENT": None, "PYTHONDONTWRITEBYTECODE": None}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

PROFILES = {
    "defaults": {"package_name": "flight_delay"},
    "proof of concept, gitlab, s3, no licence": {
        "package_name": "churn",
        "ci": "gitlab",
        "storage": "s3",
        "licence": "none",
        "maturity": "proof-of-concept",
    },
    "no ci, special characters": {
        "package_name": "a_package_with_a_name_of_forty_character",
        "project_name": """Ünïcode "quotes" 'q' {{ braces }} ${x} {y}: # % \\ <b> & 🚀""",
        "purpose": 'yes: 1e3 "{{ it }}" & <i>so on</i> \\ 予測 🚀',
        "user_name": "Zoë 'Z' O\"Neil: #1",
        "ci": "none",
        "storage": "ssh",
        "licence": "Apache-2.0",
    },
}


def oldest_copier() -> str:
    """The oldest version of Copier that the template lets itself be rendered by."""
    settings = Path("copier.yml").read_text(encoding="utf-8")
    (oldest,) = re.findall(r'^_min_copier_version: "(.+)"', settings, re.MULTILINE)
    return str(oldest)


def render(session: nox.Session, folder: Path, **answers: str) -> None:
    """Render the template as it stands, also over an earlier rendering.

    A proof of concept comes by the oldest Copier that is allowed, all else by the newest.
    """
    oldest = answers.get("maturity") == "proof-of-concept"
    copier = f"copier=={oldest_copier()}.*" if oldest else "copier"
    data = [f"--data={name}={value}" for name, value in answers.items()]
    copy = (
        "--from",
        copier,
        "copier",
        "copy",
        "--vcs-ref=HEAD",
        "--defaults",
        "--overwrite",
        "--quiet",
    )
    template = str(Path.cwd())  # so that the project can be updated from it
    quiet = CLEAN | {"PYTHONWARNINGS": "ignore"}  # of answers that are not there yet
    session.run("uvx", *copy, *data, template, str(folder), env=quiet, external=True)


def install(session: nox.Session, *groups: str) -> None:
    """Install the library as it stands here, and dependency groups of `pyproject.toml`."""
    session.run_install(
        *("uv", "sync", "--quiet", "--no-default-groups"),
        *(f"--group={group}" for group in groups),
        env={**CLEAN, "UV_PROJECT_ENVIRONMENT": session.virtualenv.location},
        external=True,
    )


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """Make a project with the default answers, train its model, and say where the report is."""
    render(session, BUILD / "demo")
    with session.chdir(BUILD / "demo"):
        session.run("uv", "run", "keel", "run", *session.posargs, env=CLEAN, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style and the types of this repository's own code."""
    install(session, "test", "types", "docs", "fleet")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")


@nox.session(venv_backend="none")
@nox.parametrize("profile", [nox.param(name, id=name) for name in PROFILES])
def profiles(session: nox.Session, profile: str) -> None:
    """Make projects with several answers, and check and run each on a Python of its own.

    Those are the Pythons that the other sessions don't run on, if they are here or uv can get them.
    """
    answers = PROFILES[profile]
    python, place = another_python(session, list(PROFILES).index(profile))
    folder = BUILD / "profiles" / answers["package_name"]
    render(session, folder, **answers)
    types = {"MYPY_CACHE_DIR": str((BUILD / "mypy").resolve())}  # which are those of one library
    here = {**CLEAN, **types, **({"UV_PYTHON": place} if place else {})}
    with session.chdir(folder):
        session.run("uv", "run", "keel", "check", env=here, external=True)
        session.run("uv", "run", "keel", "run", "data=quick", env=here, external=True)
    if python and not place:
        session.skip(f"it is fine here, and NOT TRIED on Python {python}: uv can't get that")


def another_python(session: nox.Session, number: int) -> tuple[str, str]:
    """One of the Pythons that the other sessions don't run on, and its path if it can be had.

    Neither if somebody has said which one to take, as on GitHub, where each has a job.
    """
    if "UV_PYTHON" in os.environ:
        return "", ""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = [version for version in PYTHONS if version != here][number]
    switched_on = ":".join(path.name for path in Path.home().glob(".pyenv/versions/3.1*"))
    for command in ("find", "install", "find"):
        said = session.run(
            *("uv", "python", command, python),
            env={"PYENV_VERSION": switched_on, "UV_HTTP_RETRIES": "0"},
            external=True,
            silent=True,
            log=False,
            success_codes=range(256),
        )
        lines = str(said).splitlines()
        if lines and Path(lines[-1]).is_file():
            return python, lines[-1]
    return python, ""


@nox.session
def tests(session: nox.Session) -> None:
    """Test the library, on small projects in memory; two minutes."""
    install(session, "test")
    session.run(
        "pytest", *(session.posargs or SIDE_BY_SIDE), "tests/unit", "tests/acceptance", env=CLEAN
    )


@nox.session
def recipes(session: nox.Session) -> None:
    """Test the recipes for models with the packages that they need, which are large."""
    install(session, "test", "recipes")
    options = session.posargs or ("--quiet",)
    session.run("pytest", *options, "tests/unit/model/test_recipes.py", env=CLEAN)


@nox.session
def projects(session: nox.Session) -> None:
    """Render the template with many answers, and test what comes out, updates too."""
    install(session, "test", "fleet")
    in_order = () if session.posargs else ("--no-loadscope-reorder",)  # as tests/projects says
    options = session.posargs or SIDE_BY_SIDE
    session.run("pytest", *options, *in_order, "tests/projects", env=CLEAN)


@nox.session
def updates(session: nox.Session) -> None:
    """Try many more edits and all releases, and say how many lines were lost; ten minutes."""
    install(session, "test", "fleet")
    session.run("python", "benchmarks/updating.py", *session.posargs, env=CLEAN)


@nox.session
def silent(session: nox.Session) -> None:
    """Break projects in many ways that raise no error, and say what notices; ten minutes."""
    install(session, "test", "silent")
    session.run("python", "tests/silent/breaking.py", *session.posargs, env=CLEAN)


@nox.session
def fleet(session: nox.Session) -> None:
    """Update many projects, each on a branch of its own: `nox -s fleet -- LIST.txt`."""
    install(session, "fleet")
    session.install("click>=8.3")  # what the verb needs of Keel's packages
    session.run("python", "scripts/fleet.py", *session.posargs, env=CLEAN)


@nox.session
def release(session: nox.Session) -> None:
    """Check and make a release: `nox -s release -- 1.2.3`."""
    install(session, "test")
    session.run("pytest", "tests/projects/test_releases.py", env=CLEAN)
    session.run("python", "scripts/release.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the docs into `site/`; a broken link is an error."""
    install(session, "docs")
    session.run("python", "docs/pages.py", env=CLEAN)
    session.run("zensical", "build", "--clean", "--strict", *session.posargs, env=CLEAN)
    # For machines: each page also as Markdown, where `llms.txt` says.
    shutil.copytree(BUILD / "docs", "site", dirs_exist_ok=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the goals and print them as a table; takes up to ten minutes, never fails a build."""
    install(session, "test")
    session.run("python", "benchmarks/run.py", *session.posargs, env=CLEAN)
