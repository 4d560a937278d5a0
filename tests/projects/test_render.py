"""What is rendered, for sets of answers in which each two choices meet."""

import ast
import re
import sys
from collections.abc import Mapping
from functools import cache
from itertools import combinations, product
from pathlib import Path

import pytest
from rendering import TEMPLATE, Render, files, must, parse, questions, render, run

import keel.testing

CHOICES = {
    name: list(about["choices"].values())
    for name, about in questions().items()
    if "choices" in about
}
LONGEST = "a" * 40
# Where a project has templates of its own, which a run fills in.
OWN_TEMPLATES = re.compile(r"docs/(model-card|data-sheet)\.md|operation/rules\.yml")
DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
CI_FILES = {
    "github": {".github"},
    "gitlab": {".gitlab", ".gitlab-ci.yml"},
    "none": set(),
}


def pairs(answers: Mapping[str, str]) -> set[tuple[tuple[str, str], ...]]:
    return set(combinations(answers.items(), 2))


def pairwise(choices: Mapping[str, list[str]]) -> list[dict[str, str]]:
    """Few sets of answers in which each two choices of different questions meet."""
    every = [dict(zip(choices, answers, strict=True)) for answers in product(*choices.values())]
    missing = set().union(*map(pairs, every))
    sets = []
    while missing:
        best = max(every, key=lambda answers: len(missing & pairs(answers)))
        missing -= pairs(best)
        sets.append(best)
    return sets


@pytest.fixture(scope="session", params=pairwise(CHOICES), ids=lambda a: "-".join(a.values()))
def answers(request: pytest.FixtureRequest) -> dict[str, str]:
    chosen: dict[str, str] = request.param
    return chosen


@pytest.fixture(scope="session")
def folder(rendered: Render, answers: dict[str, str]) -> Path:
    return rendered(**answers)


@cache
def texts(folder: Path) -> dict[str, str]:
    return {path.as_posix(): (folder / path).read_bytes().decode("utf-8") for path in files(folder)}


def test_each_two_choices_meet() -> None:
    sets = pairwise(CHOICES)

    for one, other in combinations(CHOICES, 2):
        met = {(answers[one], answers[other]) for answers in sets}
        assert met == set(product(CHOICES[one], CHOICES[other]))


def test_all_files_parse(folder: Path) -> None:
    assert [parse(folder / path) for path in files(folder)]


def test_no_jinja_is_left_over(folder: Path) -> None:
    left = [
        path
        for path, text in texts(folder).items()
        if re.search(r"(?<!\$)\{\{-? |\{%|\{#", text) and not OWN_TEMPLATES.fullmatch(path)
    ]

    assert left == []


def test_no_path_is_left_over(folder: Path) -> None:
    assert [path for path in texts(folder) if re.search(r"[{}]|\.jinja$", path)] == []


def test_a_text_ends_with_one_newline_and_no_line_with_a_space(folder: Path) -> None:
    untidy = [
        path
        for path, text in texts(folder).items()
        if (text and not re.search(r"[^\n]\n\Z", text))
        or re.search(r"[ \t\r]+$", text, re.MULTILINE)
    ]

    assert untidy == []


def test_no_file_knows_the_machine_it_was_rendered_on(folder: Path) -> None:
    places = (str(TEMPLATE), str(folder.parent), f"{Path.home()}/")

    knowing = [path for path, text in texts(folder).items() if any(p in text for p in places)]

    # Where the template came from is an answer, and where its library is.
    assert knowing == [".copier-answers.yml", "pyproject.toml"]


def test_a_project_has_few_files(folder: Path, answers: dict[str, str]) -> None:
    most = {"proof-of-concept": 55, "product": 75}[answers["maturity"]]

    assert 40 < len(files(folder)) <= most


def test_only_the_files_of_the_chosen_ci_are_there(folder: Path, answers: dict[str, str]) -> None:
    present = {path.name for path in folder.iterdir()} & set().union(*CI_FILES.values())

    assert present == CI_FILES[answers["ci"]]


def test_a_licence_is_there_when_one_is_chosen(folder: Path, answers: dict[str, str]) -> None:
    about = parse(folder / "pyproject.toml")["project"]

    assert (folder / "LICENSE").exists() == (answers["licence"] != "none")
    assert about.get("license", "none") == answers["licence"]


def test_rendering_again_gives_the_same_bytes(rendered: Render, tmp_path: Path) -> None:
    once = texts(rendered())

    again = texts(render(tmp_path / "again"))

    assert without_commit(again) == without_commit(once)


def test_windows_takes_all_paths(rendered: Render) -> None:
    for folder in (rendered(ci="github"), rendered(ci="gitlab")):
        paths = [path.as_posix() for path in files(folder)]

        assert [path for path in paths if refused_by_windows(path)] == []
        assert len({path.lower() for path in paths}) == len(paths)


def test_windows_takes_the_paths_of_the_template_itself() -> None:
    tracked = must(TEMPLATE, "git", "ls-files", "-z", "-co", "--exclude-standard").split("\0")

    assert [path for path in tracked if refused_by_windows(path)] == []


def test_no_path_is_longer_than_120_characters(rendered: Render) -> None:
    paths = texts(rendered(package_name=LONGEST))

    assert [path for path in paths if len(path) > 120] == []


@pytest.mark.parametrize("package", ["a", "flight_delay", "zzz_sorted_last", "tests_1", LONGEST])
@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=lambda c: c[0])
def test_ruff_has_nothing_to_say(rendered: Render, package: str, command: tuple[str, ...]) -> None:
    folder = rendered(package_name=package)

    done = run(folder, sys.executable, "-m", "ruff", *command, "--no-cache")

    assert done.returncode == 0, done.stdout


def test_a_copy_by_command_says_what_to_type_next(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    copy = (sys.executable, "-m", "copier", "copy", "--defaults", "--vcs-ref", "HEAD")

    done = run(tmp_path, *copy, str(TEMPLATE), str(folder))

    assert done.returncode == 0
    assert re.findall("^  (.*?)(?: *#.*)?$", done.stderr.partition("next:")[2], re.MULTILINE) == [
        f"cd {folder}",
        "uv run keel run",
        "uv run keel check",
        "uv run keel start FILE --target COLUMN",
    ]


def refused_by_windows(path: str) -> bool:
    """Characters, device names, and endings that Windows does not take."""
    return re.search(r'[<>:"|?*\\\x00-\x1f]', path) is not None or any(
        DEVICES.match(part) or part.endswith((" ", ".")) for part in path.split("/")
    )


def without_commit(texts: dict[str, str]) -> dict[str, str]:
    """Changes that are not committed yet get a commit of their own at each copy."""
    known = texts[".copier-answers.yml"]
    return texts | {".copier-answers.yml": re.sub(r"^_commit: .*", "", known, flags=re.MULTILINE)}


def test_a_project_imports_of_keel_only_what_it_promises(folder: Path) -> None:
    doors = {"keel": set(keel.__all__), "keel.testing": set(keel.testing.__all__)}
    taken = {
        (node.module or "", name.name)
        for path in files(folder)
        if path.suffix == ".py"
        for node in ast.walk(parse(folder / path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "keel"
        for name in node.names
    }
    whole = {
        name.name
        for path in files(folder)
        if path.suffix == ".py"
        for node in ast.walk(parse(folder / path))
        if isinstance(node, ast.Import)
        for name in node.names
        if name.name.split(".")[0] == "keel"
    }

    assert taken
    assert [(door, name) for door, name in taken if name not in doors.get(door, ())] == []
    assert whole <= doors.keys()
