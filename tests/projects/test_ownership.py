"""Each file of a project has one owner and a purpose, as `ownership.yml` says."""

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest
from rendering import TEMPLATE, Render, files, parse, questions

PATTERNS = [
    (owner, pattern, purpose)
    for owner, patterns in parse(TEMPLATE / "ownership.yml").items()
    for pattern, purpose in patterns.items()
]


def entry(path: str) -> tuple[str | None, str | None, str | None]:
    """Class, pattern and purpose of a path: the first pattern that matches counts."""
    matching = (entry for entry in PATTERNS if fnmatch(path, entry[1]))
    return next(matching, (None, None, None))


def has_purpose(path: str, file: Path) -> bool:
    """Whether `ownership.yml` says what a file is for, or else its docstring."""
    return bool(entry(path)[2]) or (file.suffix == ".py" and bool(ast.get_docstring(parse(file))))


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


def test_an_update_leaves_out_the_seeds_and_nothing_else(paths: dict[str, Path]) -> None:
    (text,) = parse(TEMPLATE / "copier.yml")["_exclude"]
    excluded = [line for line in text.split() if line.startswith("/")]

    left_out = {path for path in paths if any(f"/{path}/".startswith(f"{e}/") for e in excluded)}

    assert left_out == {path for path in paths if entry(path)[0] == "seed"}
