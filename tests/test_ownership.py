"""Each file of a project has one owner and a purpose, as `ownership.yml` says."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from conftest import TEMPLATE, Render, files, parse, questions

PATTERNS = [
    (owner, pattern, purpose)
    for owner, patterns in parse(TEMPLATE / "ownership.yml").items()
    for pattern, purpose in patterns.items()
]
CODE = {".html", ".py", ".toml", ".yaml", ".yml"}
ANSWERS = ".copier-answers.yml"  # Copier writes its own first line


def entry(path: str) -> tuple[str | None, str | None, str | None]:
    """Class, pattern and purpose of a path: the first pattern that matches counts."""
    matching = (entry for entry in PATTERNS if fnmatch(path, entry[1]))
    return next(matching, (None, None, None))


def is_chassis(path: str) -> bool:
    return entry(path)[0] == "chassis"


def has_purpose(path: str, file: Path) -> bool:
    """Whether `ownership.yml` says what a file is for, or else its docstring."""
    return bool(entry(path)[2]) or (file.suffix == ".py" and bool(ast.get_docstring(parse(file))))


def says_that_keel_keeps_it(file: Path) -> bool:
    top = file.read_text("utf-8").splitlines()[:5]
    return bool(re.search(r"Keel keeps (this file|these files) up to date\.", "\n".join(top)))


@pytest.fixture(scope="module")
def paths(rendered: Render) -> dict[str, Path]:
    """Each path that a project may have, whatever the answers, and such a file."""
    projects = [rendered()] + [
        rendered(**{name: choice})
        for name, about in questions().items()
        for choice in about.get("choices", {}).values()
    ]
    return {path.as_posix(): folder / path for folder in projects for path in files(folder)}


def test_each_file_has_an_owner(paths: dict[str, Path]) -> None:
    assert [path for path in paths if entry(path)[0] is None] == []


def test_each_file_has_a_purpose(paths: dict[str, Path]) -> None:
    silent = [path for path in paths if not has_purpose(path, paths[path])]

    assert silent == []


def test_each_pattern_is_the_first_that_matches_some_file(paths: dict[str, Path]) -> None:
    used = {entry(path)[1] for path in paths}

    assert [pattern for _, pattern, _ in PATTERNS if pattern not in used] == []


def test_code_that_keel_keeps_up_to_date_says_so(paths: dict[str, Path]) -> None:
    code = [path for path in paths if is_chassis(path) and paths[path].suffix in CODE]

    silent = [path for path in code if not says_that_keel_keeps_it(paths[path])]

    assert silent == [ANSWERS]


def test_a_file_of_the_team_does_not_say_that_keel_keeps_it(paths: dict[str, Path]) -> None:
    assert [p for p in paths if not is_chassis(p) and says_that_keel_keeps_it(paths[p])] == []


def test_extension_points_are_never_touched_where_they_exist() -> None:
    points = [pattern for owner, pattern, _ in PATTERNS if owner == "extension point"]

    assert points == parse(TEMPLATE / "copier.yml")["_skip_if_exists"]
