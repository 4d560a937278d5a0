"""What a run does about facts that are others than those of the last accepted one."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import PROJECT
from repositories import Repository

from keel.data.store import Store
from keel.pipeline import configuration
from keel.pipeline.run import stop_at_unusual, warn_of_unusual
from keel.project.errors import RefusedError, UserError

TODAY = date(2026, 3, 1)
FILE, CHAMPION = "reports/facts.json", "champion/facts.json"
WAIVER = "since.visits: {why: they moved, owner: the lead, until: 2026-03-31}\n"


def facts(rows: int, **changes: Any) -> str:
    table = {"rows": rows, "set_aside": 0, "key": [], "columns": {}}
    label: dict[str, Any] = {"rows": rows, "means": {}, "months": {}}
    whole = {"form": 1, "data": {}, "tables": {"visits": table}, "label": label, "scores": {}}
    return json.dumps({**whole, **changes})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One whose last commit has a run on 1,000 rows."""
    made = Repository(tmp_path)
    made.file(FILE, facts(1000))
    made.git("add", FILE)
    made.commit(TODAY)
    return made


def test_facts_as_they_were_are_not_spoken_of(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    stop_at_unusual(repository.root, TODAY)

    assert not capsys.readouterr().out


def test_usual_news_are_one_line(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.file(FILE, facts(1100))

    stop_at_unusual(repository.root, TODAY)

    assert capsys.readouterr().out == "\nSince the last commit: visits 1,000 → 1,100.\n"


def test_unusual_ones_refuse_the_model(repository: Repository) -> None:
    repository.file(FILE, facts(800))

    with pytest.raises(RefusedError, match=r"since\.visits: 1,000 → 800 rows, 20% fewer"):
        stop_at_unusual(repository.root, TODAY)


def test_they_are_waived_by_name_until_a_day(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.file(FILE, facts(800))
    repository.file("conf/waivers.yaml", WAIVER)

    stop_at_unusual(repository.root, TODAY)

    assert "since.visits, waived until 2026-03-31" in capsys.readouterr().out
    with pytest.raises(RefusedError):
        stop_at_unusual(repository.root, date(2026, 4, 1))


def test_the_champion_was_accepted_and_not_the_last_commit(repository: Repository) -> None:
    repository.file(CHAMPION, facts(2000))

    with pytest.raises(RefusedError, match="2,000 → 1,000 rows"):
        stop_at_unusual(repository.root, TODAY)


@pytest.mark.parametrize("changes", [{"data": {"visits": 500}}, {"form": 0}])
def test_a_run_on_another_part_of_the_data_is_not_compared(
    repository: Repository, changes: dict[str, Any]
) -> None:
    repository.file(FILE, facts(500, **changes))

    stop_at_unusual(repository.root, TODAY)


def test_a_file_that_a_merge_broke_is_named_with_the_cure(repository: Repository) -> None:
    repository.file(FILE, "<<<<<<< HEAD\n{}\n")

    with pytest.raises(UserError, match=r"force evaluate` writes it anew: reports/facts\.json"):
        stop_at_unusual(repository.root, TODAY)


def test_a_broken_one_that_was_accepted_is_no_obstacle(repository: Repository) -> None:
    repository.file(CHAMPION, "{")

    stop_at_unusual(repository.root, TODAY)


def test_without_an_accepted_run_there_is_nothing_to_say(tmp_path: Path) -> None:
    stop_at_unusual(tmp_path, TODAY)
    Repository(tmp_path).file(FILE, facts(10))

    stop_at_unusual(tmp_path, TODAY)


def test_rows_that_are_lost_are_warned_of_before_a_model_is_trained(
    run_copy: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = configuration.load(run_copy)
    facts = run_copy.report("facts.json")
    run_copy.write_text(run_copy.champion("facts.json"), facts.read_text("utf-8"))

    warn_of_unusual(run_copy, PROJECT, settings, TODAY)
    assert capsys.readouterr().err == ""

    half = run_copy.read_table(run_copy.examples).collect()[::2]
    run_copy.write_table(run_copy.examples, half)
    warn_of_unusual(run_copy, PROJECT, settings, TODAY)

    assert "warning: since.examples: 200 → 100 rows, 50% fewer" in capsys.readouterr().err
