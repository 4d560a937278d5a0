"""The template's questions, and projects rendered from it."""

import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from copier import run_copy

TEMPLATE = Path(__file__).parents[2]
PROJECTS = TemporaryDirectory(prefix="keel-docs-")


@cache
def questions() -> dict[str, dict[str, Any]]:
    """What `copier.yml` asks, by name; values that it computes are left out."""
    content = yaml.safe_load((TEMPLATE / "copier.yml").read_text("utf-8"))
    return {
        name: question
        for name, question in content.items()
        if not name.startswith("_") and question.get("when") is not False
    }


@cache
def project(**answers: str) -> Path:
    """A project with the default answers but for those given."""
    folder = Path(PROJECTS.name, *itertools.chain.from_iterable(answers.items()), "project")
    run_copy(str(TEMPLATE), folder, answers, vcs_ref="HEAD", defaults=True, quiet=True)
    return folder


def projects() -> Iterator[tuple[str, Path]]:
    """The default project, then one for each other choice, with what was answered."""
    yield "", project()
    for name, question in questions().items():
        for choice in question.get("choices", {}).values():
            if choice != question["default"]:
                yield f"{name}: {choice}", project(**{name: choice})
