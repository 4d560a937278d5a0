"""Files of incidents: what counts, what is refused, and with which words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import REPOSITORY

from keel.cli import run
from keel.project.errors import UserError
from keel.quality.delivery.incidents import (
    Action,
    Incident,
    Incidents,
    begun,
    figure,
    flaws,
    mended_by,
    page,
    read,
    start,
)
from keel.quality.records.figures import State
from keel.quality.records.history import Deployment
from keel.quality.records.settings import Budgets

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEVENTH = Deployment("model#production#7", "0" * 40, NOW - 48 * HOUR)
EIGHTH = Deployment("model#production#8", "1" * 40, NOW - 24 * HOUR)
FACTS = """\
title: The weather was stale
started: 2026-11-21T14:00:00+01:00
detected: 2026-11-21T14:30:00+01:00
restored: 2026-11-22T14:00:00+01:00
caused_by: model#production#7
cost: {freshness: 0.1}
"""


def written(folder: Path, facts: str, name: str = "2026-11-21-stale.md") -> Incidents:
    """What is read of a file with these facts."""
    file = folder / "docs/incidents" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"---\n{facts}---\n\n# What happened\n", encoding="utf-8")
    return read(folder, NOW)


def told(incident: Incident, deployments: Sequence[Deployment] = (SEVENTH, EIGHTH)) -> list[str]:
    return list(flaws({"it": incident}, deployments))


def an_incident(**facts: object) -> Incident:
    return Incident.model_validate({"title": "Stale", "started": NOW - 47 * HOUR, **facts})


def test_an_incident_is_read_with_its_times(tmp_path: Path) -> None:
    found = written(tmp_path, FACTS)

    incident = found.good["docs/incidents/2026-11-21-stale.md"]
    assert found.problems == []
    assert incident.restored is not None
    assert incident.restored - incident.started == 24 * HOUR
    assert incident.caused_by == "model#production#7"


def test_a_title_is_the_least_beside_a_start(tmp_path: Path) -> None:
    found = written(tmp_path, "title: Down\nstarted: 2026-11-21T14:00Z\nrestored:\ncaused_by:\n")

    assert list(found.good.values()) == [
        Incident(title="Down", started=datetime(2026, 11, 21, 14, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: The weather was stale\n", "", "title is missing"),
        ("title: The weather was stale", "title: [", ":4: it is not YAML"),
        ("cost", "costs", "costs is not known"),
        ("0.1", "-0.1", "cost.freshness is -0.1: input should be greater than or equal to 0"),
        ("0.1", "much", "cost.freshness is 'much'"),
        (
            "14:00:00+01:00\ndet",
            "14:00:00\ndet",
            "started is 2026-11-21 14:00:00: input should",
        ),
        (
            "2026-11-21T14:00:00+01:00",
            "2026-11-21",
            "started is 2026-11-21: input should",
        ),
        ("2026-11-21T14:00:00+01:00", "yesterday", "started is 'yesterday'"),
        (
            "2026-11-22T14:00",
            "2026-11-24T14:00",
            "restored is 2026-11-24 14:00:00+01:00: that is still",
        ),
        (
            "2026-11-22T14:00",
            "2027-11-22T14:00",
            "restored is 2027-11-22 14:00:00+01:00: that is still",
        ),
        (
            "2026-11-21T14:30",
            "2026-11-21T13:30",
            "detected is 2026-11-21 13:30:00+01:00, before st",
        ),
        ("2026-11-22T14:00", "2026-11-21T14:10", "restored is 2026-11-21 14:10:00+01:00, before d"),
        ("2026-11-22", "2026-11-31", "not YAML (day is out of range"),
        ("title:", "title: again\ntitle:", "'title' comes twice"),
    ],
)
def test_a_wrong_fact_is_named_and_the_file_not_counted(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    found = written(tmp_path, FACTS.replace(old, new, 1))

    assert found.good == {}
    assert found.problems[0].startswith("docs/incidents/2026-11-21-stale.md")
    assert said in found.problems[0]


def test_a_file_without_front_matter_is_named(tmp_path: Path) -> None:
    written(tmp_path, FACTS)
    (tmp_path / "docs/incidents/2026-11-22-other.md").write_text("# It was down\n")

    found = read(tmp_path, NOW)

    assert len(found.good) == 1
    assert (
        "docs/incidents/2026-11-22-other.md:1: it starts without front matter" in found.problems[0]
    )


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    written(tmp_path, FACTS)
    (tmp_path / "docs/incidents/2026-11-22-other.md").write_bytes(b"---\n\xff\xfe\n---\n")

    assert "is not text in UTF-8" in read(tmp_path, NOW).problems[0]


def test_a_page_about_the_folder_is_no_incident(tmp_path: Path) -> None:
    assert written(tmp_path, "", "README.md") == Incidents()


def test_time_zones_are_compared_as_they_are(tmp_path: Path) -> None:
    east = FACTS.replace("2026-11-21T14:30:00+01:00", "2026-11-21T22:15:00+09:00")  # 14:15 there

    assert written(tmp_path, east).problems == []


def test_clocks_may_differ_by_minutes() -> None:
    assert begun("Stale", {"detected": str(NOW + timedelta(minutes=5))}, NOW)


def test_a_deployment_that_is_not_known_is_named() -> None:
    assert (
        "it: caused_by is 'model#production#9', and there is no such deployment"
        in (told(an_incident(caused_by="model#production#9"))[0])
    )
    assert "it: restored_by is 'v1.2.0'" in told(an_incident(restored_by="v1.2.0"))[0]


def test_where_tags_are_not_known_deployments_are_not_looked_up() -> None:
    incident = an_incident(caused_by="model#production#9")

    assert list(flaws({"it": incident}, None)) == []


def test_a_dear_incident_needs_an_action_with_owner_and_date() -> None:
    action = Action.model_validate({"what": "Ask", "owner": "Ada", "due": "2026-12-01"})

    assert (
        "it: it cost 21% of the error budget of quality"
        in (told(an_incident(cost={"quality": 0.21, "latency": 0.1}, restored=NOW))[0])
    )
    assert told(an_incident(cost={"quality": 0.2}, restored=NOW)) == []
    assert told(an_incident(cost={"quality": 0.21}, restored=None)) == []  # it goes on
    assert told(an_incident(cost={"quality": 0.21}, restored=NOW, actions=[action])) == []


@pytest.mark.parametrize(("day", "problems"), [("2026-11-22", 0), ("2026-11-25", 1)])
def test_a_review_has_been_held(tmp_path: Path, day: str, problems: int) -> None:
    found = written(tmp_path, FACTS + f"reviewed: {day}\n")

    assert len(found.problems) == problems
    assert all("reviewed is 2026-11-25: that is still to come" in each for each in found.problems)


def test_a_dear_incident_without_an_action_is_not_done_with() -> None:
    dear = Incidents({"it": an_incident(cost={"quality": 0.21}, restored=NOW, reviewed=NOW.date())})

    found = figure(dear, NOW)

    assert (found.state, found.text) == (State.WATCH, "none goes on; still to be done: 1 thing")
    assert "it: it cost 21% of the error budget of quality" in found.details[0]


@pytest.mark.parametrize("lacking", ["what", "owner", "due"])
def test_an_action_says_what_and_who_and_when(tmp_path: Path, lacking: str) -> None:
    action = {"what": "Ask", "owner": "Ada", "due": "2026-12-01"}
    told = ", ".join(f"{key}: {value}" for key, value in action.items() if key != lacking)

    found = written(tmp_path, FACTS + f"actions: [{{{told}}}]\n")

    assert f"actions.0.{lacking} is missing" in found.problems[0]


def test_the_last_deployment_while_it_was_known_ended_it() -> None:
    over = an_incident(restored=NOW - 20 * HOUR)

    assert mended_by(over, [SEVENTH, EIGHTH]) == "model#production#8"
    assert (
        mended_by(over.model_copy(update={"restored": NOW - 30 * HOUR}), [SEVENTH, EIGHTH]) is None
    )
    assert mended_by(an_incident(), [SEVENTH, EIGHTH]) is None


def test_a_new_file_can_be_read_and_has_the_questions(tmp_path: Path) -> None:
    incident = an_incident(title='"Größe": 100 % wrong # really', detected=NOW)

    path = start(tmp_path, incident, Budgets(), NOW)

    assert path.name == "2026-11-21-groe-100-wrong-really.md"
    assert read(tmp_path, NOW) == Incidents({f"docs/incidents/{path.name}": incident})
    assert "Ask for the process and not for the person" in path.read_text("utf-8")


def test_a_new_file_proposes_the_deployment_before_it() -> None:
    text = page(an_incident(), [SEVENTH, EIGHTH])

    assert "such as model#production#7, the last one before it" in text


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    path = start(tmp_path, an_incident(), Budgets(), NOW)
    path.write_text("mine")

    with pytest.raises(UserError, match="is there already"):
        start(tmp_path, an_incident(), Budgets(), NOW)
    assert path.read_text() == "mine"


def test_an_impossible_incident_is_not_started() -> None:
    with pytest.raises(UserError, match="still to come"):
        begun("Stale", {"started": str(NOW + 24 * HOUR)}, NOW)


def test_the_verb_starts_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(["incident", "It was down", "--started", "2026-01-05T10:00+01:00"]) == 0
    assert "docs/incidents/2026-01-05-it-was-down.md is started" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["It", "--started", "yesterday"], "started is 'yesterday'"),
        (["It", "--started", "2026-01-05T10:00"], "input should have timezone info"),
    ],
)
def test_the_verb_says_what_is_wrong(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(["incident", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()


def test_a_project_starts_without_incidents() -> None:
    assert read(REPOSITORY, NOW) == Incidents()
