"""The questions that the template asks."""

import ast
import keyword
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from rendering import TEMPLATE, Render, must, parse, questions

QUESTIONS = questions()
ASKED = {name: about for name, about in QUESTIONS.items() if about.get("when") is not False}
TEXTS = [name for name, about in ASKED.items() if "choices" not in about]
CHOICES = [name for name, about in ASKED.items() if "choices" in about]
REMOTES = {
    "local": "storage_folder",
    "s3": "storage_s3",
    "gs": "storage_gs",
    "azure": "storage_azure",
    "ssh": "storage_ssh",
}


@pytest.mark.parametrize("name", ASKED)
def test_a_question_is_a_sentence_with_a_type_and_a_default(name: str) -> None:
    question: dict[str, Any] = ASKED[name]

    assert {"type", "help", "default"} <= question.keys()
    assert "?" in question["help"]


@pytest.mark.parametrize("name", ASKED)
def test_a_question_fits_a_terminal_of_80_columns(name: str) -> None:
    question: dict[str, Any] = ASKED[name]

    # What Copier puts before the question, the hint and each choice has three columns.
    texts = [question["help"], question.get("placeholder", ""), *question.get("choices", {})]
    assert [text for text in texts if len(text) > 80 - 3] == []


def test_the_purpose_is_asked_last() -> None:
    assert list(ASKED)[-1] == "purpose"


@pytest.mark.parametrize("name", ["project_name", "user_name", "user_email", "purpose"])
def test_nothing_has_to_be_deleted_where_each_has_an_answer_of_their_own(name: str) -> None:
    assert ASKED[name]["default"] == ""
    assert ASKED[name]["placeholder"]


@pytest.mark.parametrize("name", sorted(QUESTIONS.keys() - ASKED.keys()))
def test_what_is_asked_of_nobody_has_a_type_and_a_default(name: str) -> None:
    assert {"type", "default"} <= QUESTIONS[name].keys()


@pytest.mark.parametrize("name", TEXTS)
def test_a_question_for_a_text_has_a_validator(name: str) -> None:
    assert ASKED[name]["validator"]


@pytest.mark.parametrize("name", CHOICES)
def test_the_default_of_a_choice_is_one_of_its_choices(name: str) -> None:
    assert ASKED[name]["default"] in ASKED[name]["choices"].values()


def test_each_kind_of_storage_has_a_question_of_its_own() -> None:
    assert set(ASKED["storage"]["choices"].values()) == set(REMOTES)
    assert {name for name in ASKED if name.startswith("storage_")} == set(REMOTES.values())


@pytest.mark.parametrize(("storage", "question"), REMOTES.items())
def test_only_the_chosen_storage_is_asked_for_its_place(
    rendered: Render, storage: str, question: str
) -> None:
    answers = parse(rendered(storage=storage) / ".copier-answers.yml")

    assert [name for name in answers if name.startswith("storage_")] == [question]


def test_what_is_said_after_a_copy_fits_a_terminal() -> None:
    message = parse(TEMPLATE / "copier.yml")["_message_after_copy"]

    assert [line for line in message.splitlines() if len(line) > 80] == []


def test_nothing_needs_trust() -> None:
    settings = parse(TEMPLATE / "copier.yml")

    assert not {"_tasks", "_jinja_extensions", "_migrations"} & settings.keys()


def test_a_package_can_not_hide_a_module_of_python() -> None:
    public = {name for name in sys.stdlib_module_names if name.islower() and name[0] != "_"}

    assert public - reserved() == set()


def test_a_package_can_not_have_a_keyword_as_its_name() -> None:
    keywords = {name.lower() for name in [*keyword.kwlist, *keyword.softkwlist]} - {"_"}

    assert keywords - reserved() == set()


def test_a_package_can_not_hide_a_library_that_the_project_or_keel_imports(
    rendered: Render,
) -> None:
    own = {"flight_delay", "tests"}

    imported = {
        name
        for folder in (rendered(), TEMPLATE / "src")
        for file in folder.rglob("*.py")
        for name in top_level_imports(file)
    }

    assert imported - own - sys.stdlib_module_names - reserved() == set()


def test_a_package_can_not_have_the_name_of_a_library_that_a_project_can_have() -> None:
    assert libraries() - reserved() == set()


def test_a_package_can_not_hide_what_such_a_library_is_imported_as() -> None:
    imported = {
        name.lower()
        for name, owners in packages_distributions().items()
        if name[0] != "_"
        and name.isidentifier()
        and {plain(owner) for owner in owners} & libraries()
    }

    assert imported - reserved() == set()


def test_a_package_can_not_have_the_name_of_a_folder_of_the_project(rendered: Render) -> None:
    folders = {path.name for path in rendered().iterdir() if path.is_dir()}

    assert {name for name in folders if name[0] != "."} - reserved() == set()


def test_a_package_can_not_have_a_name_that_windows_keeps_for_a_device() -> None:
    devices = {"aux", "con", "nul", "prn"} | {
        f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)
    }

    assert devices - reserved() == set()


def reserved() -> set[str]:
    words = (TEMPLATE / "includes/reserved.txt").read_text("utf-8")
    return set(re.sub(r"\{#.*?#\}", "", words).split())


@cache
def libraries() -> set[str]:
    """All that is installed with Keel, whichever extras are asked for, on whatever system."""
    options = (
        "--all-extras",
        "--no-default-groups",
        "--group=library",
        "--no-hashes",
        "--no-header",
    )
    locked = must(
        TEMPLATE, "uv", "export", "--quiet", "--no-annotate", "--no-emit-project", *options
    )
    return {plain(line.partition("==")[0]) for line in locked.splitlines()} | {"keel_ml"}


def plain(distribution: str) -> str:
    """The name of a distribution as Python would write it: the index sees no difference."""
    return re.sub(r"[-_.]+", "_", distribution).lower()


def top_level_imports(file: Path) -> set[str]:
    nodes = list(ast.walk(parse(file)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules = [
        node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module
    ]
    return {name.partition(".")[0] for name in names + modules}
