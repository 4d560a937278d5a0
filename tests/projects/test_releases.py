"""What holds from each release to what stands here: the paths, the answers, and no trust."""

import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from copier import run_update
from rendering import TEMPLATE, commit, must, parse
from test_ownership import PATTERNS, entry
from test_render import CHOICES, pairwise
from updates import ANSWERS, NEXT, content, copy, releases, update, write

from keel.repository.conflicts import conflicts

TRUSTED = {"_tasks", "_migrations", "_jinja_extensions"}  # what Copier asks --trust for


def settings(template: Path, release: str) -> dict[str, Any]:
    """What `copier.yml` of a release says."""
    content: dict[str, Any] = yaml.safe_load(must(template, "git", "show", f"{release}:copier.yml"))
    return content


@pytest.fixture(scope="session")
def old(clone: Path) -> list[str]:
    """The releases before what stands here."""
    return [release for release in releases(clone) if release != NEXT]


# A few sets of answers, and the defaults for older releases; `nox -s updates` tries all of both.
ALL = "EXAMPLES" in os.environ
FEW = pairwise(CHOICES)[:: 1 if ALL else 8]


@pytest.fixture(scope="session", params=FEW, ids=lambda a: "-".join(a.values()))
def answers(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(request.param)


@pytest.fixture(scope="session")
def fresh(clone: Path, answers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy(clone, NEXT, tmp_path_factory.mktemp("fresh") / "project", **answers)


@pytest.fixture(scope="session")
def last(
    clone: Path, old: list[str], answers: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return copy(clone, old[-1], tmp_path_factory.mktemp("last") / "project", **answers)


# --- Updates ----------------------------------------------------------------------------------


def test_there_are_releases(old: list[str]) -> None:
    assert old[0] == "v0.4.0"


def test_a_project_of_the_last_release_becomes_a_new_one(
    last: Path, fresh: Path, answers: dict[str, str], tmp_path: Path
) -> None:
    project = Path(shutil.copytree(last, tmp_path / "project"))
    asked = parse(project / ANSWERS)
    new = [f"{name}={answer}" for name, answer in answers.items() if name not in asked]

    done = update(project, "--to", NEXT, *new)

    assert done.returncode == 0, done.stdout + done.stderr
    assert frame(project) == frame(fresh)
    assert seeds(project) == seeds(last)


@pytest.mark.parametrize("chosen", FEW if ALL else [{"licence": "MIT"}], ids=str)
def test_a_project_of_each_older_release_becomes_a_new_one(
    clone: Path, old: list[str], tmp_path: Path, chosen: dict[str, str]
) -> None:
    fresh = copy(clone, NEXT, tmp_path / "fresh", package_name="flights", **chosen)
    for release in old[:-1]:
        project = copy(clone, release, tmp_path / release, package_name="flights", **chosen)

        done = update(project)

        assert done.returncode == 0, done.stdout + done.stderr
        assert frame(project) == frame(fresh), release


def test_copiers_own_update_is_as_safe(clone: Path, old: list[str], tmp_path: Path) -> None:
    project = copy(clone, old[-1], tmp_path / "project")
    before = seeds(project)

    run_update(project, vcs_ref=NEXT, defaults=True, overwrite=True, quiet=True)

    assert frame(project) == frame(copy(clone, NEXT, tmp_path / "fresh"))
    assert seeds(project) == before


@pytest.mark.parametrize("conflict", ["inline", "rej"])
def test_a_conflict_of_copiers_own_update_stops_the_checks(
    clone: Path, old: list[str], tmp_path: Path, conflict: Literal["inline", "rej"]
) -> None:
    project = copy(clone, old[-1], tmp_path / "project")
    text = (project / "pyproject.toml").read_text("utf-8")
    ours = text.replace(f'tag = "{old[-1]}"', 'branch = "main"')
    assert ours != text
    write(project, {"pyproject.toml": ours})
    commit(project, "Ours")

    run_update(project, vcs_ref=NEXT, defaults=True, overwrite=True, quiet=True, conflict=conflict)

    places = " ".join(conflicts(project))
    assert ("pyproject.toml.rej" if conflict == "rej" else "pyproject.toml:") in places


def test_nothing_that_a_merge_cannot_merge_is_shipped(fresh: Path) -> None:
    shipped = content(fresh)

    assert "uv.lock" not in shipped
    assert [path for path, text in shipped.items() if b"\0" in text] == []


OTHERS = [  # of maturity, other tests tell
    {"ci": "gitlab", "licence": "Apache-2.0", "storage": "s3", "storage_s3": "s3://ours/data"},
    {"ci": "none", "licence": "none", "project_name": "Another name", "purpose": "For others."},
]


@pytest.mark.parametrize("changed", OTHERS, ids=str)
def test_another_answer_makes_what_a_new_project_has(
    clone: Path, tmp_path: Path, changed: dict[str, str]
) -> None:
    package = {"package_name": "flights"}
    project = copy(clone, NEXT, tmp_path / "project", **package)
    (project / "docs/ours.md").write_text("# Ours\n")
    must(project, "git", "add", "--all")
    must(project, "git", "commit", "--quiet", "--message", "Ours")

    done = update(project, *(f"{name}={value}" for name, value in changed.items()))

    assert done.returncode == 0, done.stdout + done.stderr
    fresh = content(copy(clone, NEXT, tmp_path / "fresh", **package, **changed))
    assert content(project) == fresh | {"docs/ours.md": b"# Ours\n"}


def frame(project: Path) -> dict[str, bytes]:
    return {path: text for path, text in content(project).items() if entry(path)[0] == "frame"}


def seeds(project: Path) -> dict[str, bytes]:
    return {path: text for path, text in content(project).items() if entry(path)[0] == "seed"}


# --- Paths ------------------------------------------------------------------------------------


def test_no_path_of_the_frame_is_renamed_or_dropped(last: Path, fresh: Path) -> None:
    """Copier would delete it, with the team's edits: exclude it from updates instead."""
    (excluded,) = parse(TEMPLATE / "copier.yml")["_exclude"]

    gone = frame(last).keys() - frame(fresh).keys()

    assert [path for path in gone if f"/{path}\n" not in excluded] == []


def test_a_changed_seed_is_in_the_changelog(last: Path, fresh: Path) -> None:
    """No update brings it, so a team has to be told."""
    old, new = seeds(last), seeds(fresh)
    changed = [path for path in old.keys() | new.keys() if old.get(path) != new.get(path)]

    assert [path for path in changed if re.sub("^src/[^/]*/", "", path) not in news()] == []


def news() -> str:
    """What the changelog says of what is not released yet."""
    text = (TEMPLATE / "CHANGELOG.md").read_text("utf-8")
    found = re.search(r"^## Unreleased\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("path", [pattern for owner, pattern, _ in PATTERNS if owner == "frame"])
def test_the_end_of_a_shared_file_stays(last: Path, fresh: Path, path: str) -> None:
    old, new = (
        (project / path).read_text("utf-8").splitlines() if (project / path).exists() else None
        for project in (last, fresh)
    )

    assert not old or not new or new[-1] == old[-1] or path in news()


def test_the_teams_lists_of_packages_stay(last: Path, fresh: Path) -> None:
    old, new = (parse(project / "pyproject.toml") for project in (last, fresh))

    assert new["project"]["dependencies"] == old["project"]["dependencies"]
    assert new["dependency-groups"]["dev"] == old["dependency-groups"]["dev"]
    assert new["tool"]["uv"]["sources"].keys() == {"keel-ml"}


# --- Questions --------------------------------------------------------------------------------


def test_each_choice_that_was_ever_offered_is_still_accepted(clone: Path, old: list[str]) -> None:
    now = settings(clone, NEXT)
    for release in old:
        for name, about in settings(clone, release).items():
            if not name.startswith("_") and "choices" in about:
                offered = set(about["choices"].values())
                assert offered <= set(now[name]["choices"].values()), (release, name)


def test_each_question_that_was_ever_asked_is_still_there(clone: Path, old: list[str]) -> None:
    now = settings(clone, NEXT)
    for release in old:
        asked = settings(clone, release).items()
        for name, about in asked:
            if not name.startswith("_") and about.get("when") is not False:
                assert now[name]["type"] == about["type"], (release, name)


def test_no_release_needs_trust(clone: Path, old: list[str]) -> None:
    for release in [*old, NEXT]:
        assert TRUSTED.isdisjoint(settings(clone, release)), release


def test_each_release_has_its_version_and_an_entry_in_the_changelog(
    clone: Path, old: list[str]
) -> None:
    for release in old:
        project = tomllib.loads(must(clone, "git", "show", f"{release}:pyproject.toml"))
        changelog = must(clone, "git", "show", f"{release}:CHANGELOG.md")

        assert f"v{project['project']['version']}" == release
        assert re.search(rf"^## {re.escape(release[1:])} \(", changelog, re.MULTILINE), release
