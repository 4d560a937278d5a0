from datetime import date
from pathlib import Path

import pytest
from builders import REPOSITORY

from keel.project.errors import UserError
from keel.quality.change import decisions
from keel.quality.change.decisions import Early
from keel.quality.records import documents
from keel.quality.records.figures import State

TODAY = date(2026, 11, 23)
CAME = date(2026, 11, 1)
BODY = """
# {number}. We do it, {name} {number}

## Considered options

* To do it
- Not to do it

## Decision outcome

To do it, because it helps.
"""


def write(root: Path, number: int, front: str = "", body: str = BODY, name: str = "do-it") -> str:
    """A record that is as it should be, but for what is given."""
    file = root / decisions.FOLDER / f"{number:04}-{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    fields = {"status": "accepted", "date": "2026-02-01", "serves": "[speed]"}
    fields |= dict(line.split(": ", 1) for line in front.splitlines())
    head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    file.write_text(f"---\n{head}---\n{body.format(number=number, name=file.stem)}")
    return f"{decisions.FOLDER}/{file.name}"


def problems(root: Path, *attributes: str) -> list[str]:
    wanted = root / decisions.OPEN
    listed = documents.read(root, decisions.OPEN, dict[str, Early]) if wanted.exists() else {}
    records = decisions.records(root, {}, TODAY)
    return list(decisions.problems(records, listed, attributes or ("speed",)))


def early(one: str = "") -> Early:
    fields = dict(line.split(": ", 1) for line in one.splitlines())
    return Early.model_validate({"question": "What?", "dear": "It costs.", **fields})


def test_a_record_as_it_should_be_has_no_problem(tmp_path: Path) -> None:
    write(tmp_path, 1)

    assert problems(tmp_path) == []


def test_two_records_of_one_title_are_a_problem(tmp_path: Path) -> None:
    body = BODY.replace(", {name} {number}", "")
    write(tmp_path, 1, body=body)
    write(tmp_path, 2, body=body)

    [found] = problems(tmp_path)

    assert "they have one title" in found
    write(tmp_path, 1, "status: superseded by 0002", body)
    write(tmp_path, 2, "supersedes: [1]", body)
    assert problems(tmp_path) == []


def test_the_records_of_a_new_project_are_as_they_should_be() -> None:
    assert problems(REPOSITORY, "trusted-scores") == []


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("status: agreed", "status is 'agreed'"),
        ("status: ", "status is missing"),
        ("date: 2027-02-01", "date is 2027-02-01: that is still to come"),
        ("date: 2026-02-31", "day is out of range for month"),
        ("serves: []", "serves is empty"),
        ("serves: [sped]", "serves names 'sped', which is no quality attribute: speed"),
        ("status: superseded by 0007", "it names 0007, and there is no such record"),
        ("status: superseded by 0001", "it names 0001, and there is no such record"),
        ("supersedes: [7]", "it names 0007, and there is no such record"),
        ("serves: [", "it is not YAML"),
    ],
)
def test_what_is_wrong_at_the_top_is_named(tmp_path: Path, front: str, said: str) -> None:
    write(tmp_path, 1, front)

    [found] = problems(tmp_path)

    assert found.startswith("docs/decisions/0001-do-it.md")
    assert said in found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("- Not to do it\n", "", "1 option below"),
        ("* To do it\n- Not to do it\n", "<!-- * One\n* Two -->\n", "0 options below"),
        ("## Considered options", "## Thoughts", "0 options below"),
        ("To do it, because it helps.", "", "nothing below `## Decision outcome`"),
        ("To do it, because it helps.", "<!-- which -->", "nothing below `## Decision outcome`"),
        ("# {number}. We do it", "", "it has no title"),
    ],
)
def test_what_is_lacking_in_the_text_is_named(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    write(tmp_path, 1, body=BODY.replace(old, new))

    assert said in problems(tmp_path)[0]


def test_a_title_needs_no_number(tmp_path: Path) -> None:
    write(tmp_path, 1, body=BODY.replace("{number}. ", ""))

    assert problems(tmp_path) == []


def test_what_is_proposed_may_still_be_written(tmp_path: Path) -> None:
    write(tmp_path, 1, "status: proposed\nserves: []", "\n# 1. Perhaps\n")

    assert problems(tmp_path) == []


def test_two_records_with_one_number_are_a_problem(tmp_path: Path) -> None:
    write(tmp_path, 1)
    write(tmp_path, 1, name="do-that")

    [found] = problems(tmp_path)

    assert "0001-do-it.md, docs/decisions/0001-do-that.md: 0001 comes twice" in found


def test_links_of_supersession_hold_in_both_directions(tmp_path: Path) -> None:
    write(tmp_path, 1, "status: superseded by 0002")
    write(tmp_path, 2, "supersedes: [1]")

    assert problems(tmp_path) == []


def test_a_link_that_the_newer_record_lacks_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, 1, "status: superseded by 0002")
    write(tmp_path, 2)

    [found] = problems(tmp_path)

    assert "0002-do-it.md: it says nothing of docs/decisions/0001-do-it.md" in found


def test_a_link_that_the_older_record_lacks_is_a_problem_once_it_is_accepted(
    tmp_path: Path,
) -> None:
    write(tmp_path, 1)
    write(tmp_path, 2, "status: proposed\nsupersedes: [1]")
    before = problems(tmp_path)
    write(tmp_path, 2, "supersedes: [1]")

    [after] = problems(tmp_path)

    assert before == []
    assert "0001-do-it.md: its status must be `superseded by 0002`" in after


def test_other_files_in_the_folder_are_no_records(tmp_path: Path) -> None:
    write(tmp_path, 1)
    (tmp_path / decisions.FOLDER / "index.md").write_text("# Decisions\n")

    assert len(decisions.records(tmp_path, {}, TODAY)) == 1


def test_a_decision_is_looked_at_again_a_year_after_it_was_taken(tmp_path: Path) -> None:
    name = write(tmp_path, 1, "date: ")

    [found] = decisions.records(tmp_path, {name: date(2025, 1, 31)}, TODAY)

    assert found.review == date(2026, 1, 28)


def test_past_its_day_a_decision_is_watched(tmp_path: Path) -> None:
    write(tmp_path, 1, "review: 2026-11-22")
    write(tmp_path, 2, "review: 2026-11-23")
    write(tmp_path, 3, "status: rejected\nreview: 2026-06-01")

    found = decisions.review(decisions.records(tmp_path, {}, TODAY), TODAY)

    assert (found.value, found.events, found.state) == (1, 2, State.WATCH)
    assert found.details == ["0001 We do it, 0001-do-it 1: was to be looked at by 2026-11-22"]


def test_a_broken_record_takes_no_other_away(tmp_path: Path) -> None:
    write(tmp_path, 1)
    write(tmp_path, 2, "status: agreed")

    found = decisions.review(decisions.records(tmp_path, {}, TODAY), TODAY)

    assert found.events == 1
    assert "status is 'agreed'" in found.notes[0]


def test_a_decision_that_is_dear_to_change_is_due_some_weeks_after_the_list_came() -> None:
    assert early("weeks: 3").due(CAME) == date(2026, 11, 22)
    assert early("by: 2026-12-24").due(CAME) == date(2026, 12, 24)


def test_a_decision_that_was_not_taken_in_time_is_bad() -> None:
    found = decisions.early({"late": early("weeks: 3"), "open": early("weeks: 4")}, [], CAME, TODAY)

    assert (found.value, found.state) == (1, State.BAD)


def test_a_decision_counts_as_taken_when_its_record_is_accepted(tmp_path: Path) -> None:
    write(tmp_path, 1, "status: proposed")
    write(tmp_path, 2)
    wanted = {"one": early("weeks: 1\ndecided: 1"), "two": early("weeks: 1\ndecided: 2")}

    found = decisions.early(wanted, decisions.records(tmp_path, {}, TODAY), CAME, TODAY)

    assert found.text == "1 overdue; 1 of 2 are taken"
    assert found.details[-1] == "taken: What? 0002 We do it, 0002-do-it 2"


def test_a_list_that_names_no_accepted_record_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, 1, "status: proposed")
    text = "target:\n  question: What?\n  dear: It costs.\n  decided: 1\n"
    (tmp_path / decisions.OPEN).write_text(text)

    [found] = problems(tmp_path)

    assert found.startswith("docs/decisions/open.yaml: target.decided is 1")


def start(root: Path, title: str = "Train each month", supersedes: int | None = None) -> Path:
    return decisions.start(root, title, TODAY, ["speed"], supersedes)


def test_a_record_is_started_with_the_next_number(tmp_path: Path) -> None:
    write(tmp_path, 1)
    write(tmp_path, 9)

    file = start(tmp_path)

    assert file.name == "0010-train-each-month.md"
    assert "# 10. Train each month" in file.read_text()
    assert problems(tmp_path) == []


def test_the_first_record_makes_the_folder(tmp_path: Path) -> None:
    assert start(tmp_path).name == "0001-train-each-month.md"


def test_a_started_record_says_when_it_is_looked_at_again(tmp_path: Path) -> None:
    name = start(tmp_path).relative_to(tmp_path).as_posix()

    found = decisions.record(tmp_path, name, CAME, TODAY)

    assert (found.status, found.day) == ("proposed", TODAY)
    assert (found.review, found.serves) == (date(2027, 11, 23), ["speed"])


def test_a_record_can_replace_another(tmp_path: Path) -> None:
    write(tmp_path, 1)

    file = start(tmp_path, supersedes=1)

    assert "supersedes: [1]\n---" in file.read_text()
    assert problems(tmp_path) == []


def test_a_record_can_replace_none_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no record 0007"):
        start(tmp_path, supersedes=7)

    assert not (tmp_path / decisions.FOLDER).exists()


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Überall gleich: ja?", "uberall-gleich-ja"),
        ("../../etc/passwd", "etc-passwd"),
        ("日本語", "untitled"),
        ("a" * 100, "a" * 60),
    ],
)
def test_a_title_becomes_a_plain_file_name(title: str, slug: str) -> None:
    assert documents.slug(title) == slug


def test_a_title_of_blanks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs a title"):
        start(tmp_path, " ")
