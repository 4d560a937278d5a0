import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from repositories import Repository, new_project

from keel.quality.change import attributes, decisions
from keel.quality.change import gather as change
from keel.quality.change.attributes import Attributes
from keel.quality.records.figures import Figure, State
from keel.quality.records.settings import Data, Quality

TODAY = date(2026, 11, 23)
LATER = date(2027, 2, 1)  # half a year after the file came
SPEED = Figure("service.latency", "product", "Speed").shown(0.1, "0.1 seconds", State.GOOD, 10)
SCENARIO = {
    "quality": "performance efficiency",
    "source": "A passenger",
    "stimulus": "asks",
    "artefact": "the service",
    "environment": "on a busy day",
    "response": "answers",
    "measure": "within 0.2 seconds",
    "figure": "service.latency",
}


def asked(review: date | None = None, **figures: str) -> Attributes:
    scenarios = {name: {**SCENARIO, "figure": figure} for name, figure in figures.items()}
    return Attributes.model_validate({"review": review, "scenarios": scenarios})


def measured(attributes_: Attributes) -> Figure:
    return attributes.figure(attributes_, [SPEED], LATER, TODAY)


def problems(root: Path) -> list[str]:
    return change.problems(change.gather(root, TODAY))


def wrong(root: Path, **fields: Any) -> list[str]:
    (root / "docs/quality").mkdir(parents=True)
    scenario = {name: value for name, value in {**SCENARIO, **fields}.items() if value}
    (root / attributes.FILE).write_text(yaml.safe_dump({"scenarios": {"speed": scenario}}))
    return problems(root)


def figures(root: Path, today: date = TODAY) -> dict[str, Figure]:
    written = change.gather(root, today)
    found = change.figures(written, Quality())
    return {one.name: one for one in found}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_project(tmp_path_factory.mktemp("made") / "project").root


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Repository:
    return Repository(Path(shutil.copytree(made, tmp_path / "project")))


def test_a_scenario_is_shown_by_the_figure_that_it_names() -> None:
    found = measured(asked(speed="service.latency"))

    assert (found.value, found.state) == (1, State.GOOD)
    assert found.details[0].startswith("1. speed (performance efficiency): A passenger asks")
    assert found.details[0].endswith("0.1 seconds (good)")


def test_what_is_not_measured_is_watched_and_said() -> None:
    found = measured(asked(speed="service.latency", safety="not measured"))

    assert (found.value, found.state) == (0.5, State.WATCH)
    assert found.details[1].endswith("not measured")


def test_a_figure_without_a_value_measures_nothing_yet() -> None:
    attributes_ = asked(speed="service.latency")
    speed = Figure("service.latency", "product", "Speed").unknown("no use")

    found = attributes.figure(attributes_, [speed], LATER, TODAY)

    assert found.text == "1 of 1 scenario, 1 without a value yet"
    assert found.details[0].endswith("not enough data yet: no use")


def test_a_figure_that_is_not_on_the_page_is_named() -> None:
    found = measured(asked(speed="service.speed"))

    assert found.notes == [
        "speed: service.speed is no figure of this page: did you mean service.latency?"
    ]


@pytest.mark.parametrize("word", ["Availability", "changeability", "time behaviour", "security"])
def test_the_standards_words_and_peoples_are_accepted(word: str) -> None:
    assert attributes.known_quality(word) == word


@pytest.mark.parametrize(
    ("check", "word", "said"),
    [
        (attributes.known_quality, "maintanability", "did you mean maintainability?"),
        (attributes.known_quality, "beauty", "such as functional suitability"),
        (attributes.known_figure, "latency", "name a figure such as model.score"),
    ],
)
def test_a_misspelt_word_is_refused_with_what_was_meant(
    check: Callable[[str], str], word: str, said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check(word)


@pytest.mark.parametrize(
    ("review", "state"),
    [
        (date(2026, 11, 22), State.WATCH),
        (date(2026, 11, 23), State.GOOD),
        (None, State.GOOD),
    ],
)
def test_past_its_review_the_ranking_is_watched(review: date | None, state: State) -> None:
    assert measured(asked(review, speed="service.latency")).state == state


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"stimulus": None}, "scenarios.speed.stimulus is missing"),
        ({"quality": "beauty"}, "scenarios.speed.quality is 'beauty'"),
        ({"figure": "fast"}, "scenarios.speed.figure is 'fast'"),
        ({"rank": 1}, "scenarios.speed.rank is not known"),
    ],
)
def test_a_wrong_scenario_is_named(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    [found] = wrong(tmp_path, **fields)

    assert found.startswith(attributes.FILE)
    assert said in found


def test_a_new_project_has_no_problem(project: Repository) -> None:
    assert problems(project.root) == []


def test_a_new_project_claims_nothing_that_it_can_not_know(project: Repository) -> None:
    found = figures(project.root, date(2026, 11, 2))

    known = {name for name, figure in found.items() if figure.value is not None}
    assert not {"code.hotspots", "debt.paid", "people.tasks"} & known
    assert {"code.complexity", "debt.interest", "decisions.open"} <= known
    assert all(figure.state != State.BAD for figure in found.values())


def test_days_that_no_file_says_count_from_the_first_commit(project: Repository) -> None:
    assert figures(project.root, date(2026, 11, 15))["decisions.open"].state == State.GOOD
    assert figures(project.root, date(2026, 11, 16))["decisions.open"].state == State.BAD


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        (attributes.FILE, {"attributes.measured"}),
        ("docs/quality/debt.yaml", {"debt.interest", "debt.age", "debt.paid"}),
        ("docs/quality/people.yaml", {"people.experts", "people.tasks"}),
        (decisions.OPEN, {"decisions.open"}),
    ],
)
@pytest.mark.parametrize("content", [None, b"a: b: c\n", b"\xff\xfe", b"- 1\n", b""])
def test_a_broken_file_takes_away_its_own_figures_only(
    project: Repository, name: str, lost: set[str], content: bytes | None
) -> None:
    file = project.root / name
    file.unlink() if content is None else file.write_bytes(content)

    found = figures(project.root)

    assert len(found) == 13
    assert all(found[one].value is None for one in lost)
    assert found["code.complexity"].value is not None


def test_a_clone_without_its_history_does_not_guess(project: Repository, tmp_path: Path) -> None:
    project.commit("2026-11-02", files={"a.py": ""})
    url = f"file://{project.root}"
    project.git("clone", "--quiet", "--depth", "1", url, str(tmp_path / "clone"))

    found = figures(tmp_path / "clone")

    assert "fetch-depth: 0" in found["code.hotspots"].text


def test_a_project_without_git_still_has_its_figures(project: Repository) -> None:
    shutil.rmtree(project.root / ".git")

    assert figures(project.root)["code.complexity"].value == 0


@pytest.mark.parametrize(
    ("name", "pair", "said"),
    [
        ("missing_share", (0.2, 0.05), r"write missing_share as \[0.05, 0.2\].*less is better"),
        ("valid_share", (0.9, 0.99), r"write valid_share as \[0.99, 0.9\].*more is better"),
    ],
)
def test_limits_in_the_wrong_order_are_refused(
    name: str, pair: tuple[float, float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Data.model_validate({name: pair})
    Data.model_validate({name: pair[::-1]})
