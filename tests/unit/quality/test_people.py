from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from keel.quality.change import gather as change
from keel.quality.change import people
from keel.quality.change.people import Team
from keel.quality.records.figures import Figure, State
from keel.quality.records.settings import People

TODAY = date(2026, 11, 23)
TEAM: dict[str, Any] = {
    "people": {"ada": "Ada", "ben": "Ben"},
    "areas": {
        "rest": {"paths": ["*"], "experts": ["ada", "ben"]},
        "model": {"paths": ["/src/*/models/"], "experts": ["ada"]},
    },
    "tasks": {
        "train": {
            "what": "Train again",
            "runbook": "docs/how-to.md#train",
            "experts": ["ada"],
            "can": {"ada": "2026-11-20", "ben": "2026-10-01"},
        }
    },
}


def team(**parts: Any) -> Team:
    return Team.model_validate({**TEAM, **parts})


def task(**can: str | None) -> Team:
    return team(tasks={"train": {**TEAM["tasks"]["train"], "can": can}})


def figure(name: str, asked: Team) -> Figure:
    found = people.figures(asked, TODAY, People())
    return next(one for one in found if one.name == name)


def problems(root: Path, today: date = TODAY) -> list[str]:
    return change.problems(change.gather(root, today))


def project(root: Path, **parts: Any) -> Path:
    for name in ("docs/how-to.md", "src/ml/models/a.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / "docs/quality").mkdir()
    (root / people.FILE).write_text(yaml.safe_dump({**TEAM, **parts}, sort_keys=False))
    return root


def test_an_area_with_one_expert_is_watched() -> None:
    found = figure("people.experts", team())

    assert (found.value, found.events, found.state) == (1, 2, State.WATCH)
    assert found.details == ["model: 1 expert"]


def test_where_nobody_is_named_nothing_is_known() -> None:
    found = figure("people.experts", team(areas={"all": {"paths": ["*"], "experts": []}}))

    assert found.state == State.UNKNOWN


def test_a_task_that_somebody_else_did_lately_is_fine() -> None:
    found = figure("people.tasks", task(ada="2026-11-20", ben="2026-10-01"))

    assert found.state == State.GOOD
    assert "last done by somebody else 2026-10-01; docs/how-to.md#train" in found.details[0]


@pytest.mark.parametrize(
    "can",
    [
        {"ada": "2026-11-20"},
        {"ada": "2026-11-20", "ben": None},
        {"ada": "2026-11-20", "ben": "2026-08-24"},  # 91 days ago
    ],
)
def test_a_task_that_nobody_else_did_lately_is_watched(can: dict[str, str | None]) -> None:
    assert figure("people.tasks", task(**can)).state == State.WATCH


def test_a_file_as_it_should_be_has_no_problem(tmp_path: Path) -> None:
    root = project(tmp_path)

    assert problems(root) == []


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"areas": {"a": {"paths": ["*"], "experts": ["cy"]}}}, "areas.a.experts names 'cy'"),
        ({"areas": {"a": {"paths": ["/no/"], "experts": []}}}, "areas.a.paths fit no file: /no/"),
        ({"areas": {"a": {"paths": [], "experts": []}}}, "areas.a.paths is []"),
        ({"people": {"ada": ""}}, "people.ada is ''"),
        ({"tasks": {"t": {"what": "x", "experts": [], "can": {}}}}, "tasks.t.runbook is missing"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, parts: dict[str, Any], said: str) -> None:
    found = problems(project(tmp_path, **parts))

    assert said in "\n".join(found)


def test_a_runbook_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "docs/how-to.md").unlink()

    assert "tasks.train.runbook is docs/how-to.md#train" in problems(root)[0]


def test_a_task_that_was_done_in_the_future_is_a_problem(tmp_path: Path) -> None:
    found = problems(project(tmp_path), date(2026, 11, 1))

    assert "tasks.train.can.ada is '2026-11-20': that is still to come" in found[0]


def test_of_the_tasks_those_are_counted_that_others_can_do() -> None:
    tasks = {"a": TEAM["tasks"]["train"], "b": {**TEAM["tasks"]["train"], "can": {"ada": None}}}

    assert figure("people.tasks", team(tasks=tasks)).text == "1 of 2 tasks"


@pytest.mark.parametrize(("owner", "known"), [("Ada", True), ("ben", True), ("Eve", False)])
def test_an_owner_whom_nobody_knows_is_named(owner: str, known: bool) -> None:
    said = list(people.strangers(team(), [("debt.yaml: x.owner", owner)]))

    assert (said == []) == known
    assert list(people.strangers(team(people={}), [("debt.yaml: x.owner", owner)])) == []
