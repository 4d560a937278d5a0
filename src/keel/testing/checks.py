"""What holds for every correct project, as checks that are applied in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keel.project.about import root_of
from keel.project.description import Project
from keel.project.errors import UserError
from keel.testing import about_learners, about_quick_data, about_service, accepted, notebooks
from keel.testing.about_learners import Subject
from keel.testing.asked import Asked
from keel.testing.by_hand import ByHand, HandWork
from keel.testing.failing import sentence
from keel.testing.pipeline import Quick, quick

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
    project: Project,
    *,
    by_hand: Sequence[ByHand] = (),
    usual: Mapping[str, Mapping[str, Any]] = {},
    root: Path | None = None,
    without: Mapping[str, str] = {},
) -> pytest.MarkDecorator:
    """Give a test, by its argument `check`, each check for the project; its sentence is the id.

    `by_hand` are rows that a person has worked out, and `usual` an ordinary row of each raw table
    for the rest of them. What only a person can say and nobody did is skipped, and `keel check`
    asks for it. Some checks need a model: it is trained once on the quick data, in seconds. `root`
    is the project's folder, by default the one here or above whose pyproject.toml has [tool.keel].
    `without` names the checks that don't hold in this project, each with the reason: they are
    skipped. Raises UserError if one of them is no check.
    """
    import pytest

    work = HandWork(project, by_hand, usual)
    own = [*work.checks(), *Asked(work).checks()]
    every = [*(Check(*each) for each in own), *all_checks(project, root_of(root))]
    checks = {check.sentence: check for check in every}
    if unknown := set(without) - set(checks):
        raise UserError(f"without={sorted(unknown)}: the checks are {', '.join(checks)}")
    skipped = {name: [pytest.mark.skip(reason=reason)] for name, reason in without.items()}
    cases = [pytest.param(c, id=name, marks=skipped.get(name, ())) for name, c in checks.items()]
    return pytest.mark.parametrize("check", cases)


def all_checks(project: Project, root: Path) -> Iterator[Check]:
    """Each check, the cheap ones first."""
    for of_schemas in about_quick_data.OF_SCHEMAS:
        yield Check(sentence(of_schemas), partial(of_schemas, project))
    for name, factory in project.models.items():
        if not factory.__module__.startswith("keel."):  # Keel's own tests check its own models
            yield from _of_model(Subject(project, root, name))
    of_quick_data = {
        sentence(holds): holds for holds in (*accepted.CHECKS, *about_quick_data.CHECKS)
    }
    if (root / "conf/service.yaml").is_file():
        of_quick_data |= about_service.CHECKS
    for name in project.models:
        learns = partial(about_quick_data.learns, model=name)
        of_quick_data[f"{name} learns from the quick data and is saved whole"] = learns
    for file in notebooks.of(root):
        runs = partial(notebooks.runs, file=file)
        of_quick_data[f"{file.relative_to(root).as_posix()} runs"] = runs
    for says, holds in of_quick_data.items():
        yield Check(says, partial(_on_quick_data, holds, project, root))


def _of_model(subject: Subject) -> Iterator[Check]:
    for says, holds in about_learners.checks_of(subject.project.task).items():
        yield Check(f"{subject.name} {says}", partial(holds, subject))
    for setting in about_learners.numeric(subject.project.models[subject.name]):
        if setting not in NOT_TO_MATTER:
            matters = partial(about_learners.matters, subject, setting)
            yield Check(f"{setting} of {subject.name} changes what it learns", matters)


def _on_quick_data(holds: Callable[[Quick], None], project: Project, root: Path) -> None:
    holds(quick(project, root))
