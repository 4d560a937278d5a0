"""What holds for every correct project, as checks that are applied in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keel.project.description import Project
from keel.project.errors import UserError
from keel.testing import about_examples, about_learners, about_models, about_schemas, about_service
from keel.testing.about_learners import Subject
from keel.testing.runs import Run, quick, root_of

if TYPE_CHECKING:
    import pytest

NOT_TO_MATTER = ("seed",)  # where nothing is drawn, it changes nothing


@dataclass(frozen=True)
class Check:
    """Something that holds for every correct project: a sentence, and how to find out.

    Called, it returns nothing. Raises AssertionError, or UserError if the pipeline does, with the
    place, the value and the cure.
    """

    sentence: str
    run: Callable[[], None]

    def __call__(self) -> None:
        __tracebackhide__ = True  # the test that failed and the message are all that counts
        try:
            self.run()
        except (AssertionError, UserError) as error:
            raise error.with_traceback(None) from None


def parametrize_with_checks(
    project: Project, *, root: Path | None = None, without: Mapping[str, str] = {}
) -> pytest.MarkDecorator:
    """Give a test, by its argument `check`, each check for the project; its sentence is the id.

    Some need a model: it is trained once on the quick data, in seconds. `root` is the project's
    folder, by default the one here or above whose pyproject.toml has [tool.keel]. `without` names
    the checks that don't hold in this project, each with the reason: they are skipped. Raises
    UserError if one of them is no check.
    """
    import pytest

    checks = {check.sentence: check for check in all_checks(project, root_of(root))}
    if unknown := set(without) - set(checks):
        raise UserError(f"without={sorted(unknown)}: the checks are {', '.join(checks)}")
    return pytest.mark.parametrize(
        "check",
        [
            pytest.param(check, id=name, marks=_skipped(without.get(name)))
            for name, check in checks.items()
        ],
    )


def all_checks(project: Project, root: Path) -> Iterator[Check]:
    """Each check, the cheap ones first."""
    for says in about_schemas.CHECKS:
        yield Check(sentence(says), partial(says, project))
    for name, factory in project.models.items():
        if not factory.__module__.startswith("keel."):  # Keel's own tests check its own models
            yield from _of_model(project, root, name)
    served = about_service.CHECKS if (root / "conf/service.yaml").is_file() else ()
    for holds in (*about_examples.CHECKS, *about_models.CHECKS, *served):
        yield Check(sentence(holds), partial(_on_quick_data, holds, project, root))
    for name in project.models:
        yield Check(
            f"{name} learns from the quick data and is saved whole",
            partial(_on_quick_data, partial(about_models.learns, model=name), project, root),
        )


def sentence(holds: Callable[[Any], None]) -> str:
    """The name of a check as people read it."""
    return holds.__name__.replace("_", " ")


def _of_model(project: Project, root: Path, name: str) -> Iterator[Check]:
    learner = partial(about_learners.subject, project, root, name)
    for holds in about_learners.CHECKS:
        yield Check(f"{name} {sentence(holds)}", partial(_on_rows, holds, learner))
    for setting in about_learners.numbers(project.models[name]):
        if setting not in NOT_TO_MATTER:
            matters = partial(about_learners.matters, setting=setting)
            yield Check(
                f"{setting} of {name} changes what it learns", partial(_on_rows, matters, learner)
            )


def _on_rows(holds: Callable[[Subject], None], learner: Callable[[], Subject]) -> None:
    holds(learner())


def _on_quick_data(holds: Callable[[Run], None], project: Project, root: Path) -> None:
    holds(quick(project, root))


def _skipped(reason: str | None) -> tuple[pytest.MarkDecorator, ...]:
    import pytest

    return () if reason is None else (pytest.mark.skip(reason=reason),)
