"""How budgets stand by the files of a project, what stops work, and what lets it go on."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import REPOSITORY

from keel.cli import run
from keel.quality.budgets import freeze, standing
from keel.quality.budgets.freeze import may_pass, verdict
from keel.quality.budgets.standing import Overview, Standing, look
from keel.quality.records.figures import Figure, State
from keel.quality.records.settings import Budgets

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
EXEMPT = Budgets().exempt
OBJECTIVE = {
    "title": "The service answers",
    "of": "service",
    "target": 99,
    "days": 10,
    "source": {"indicator": "availability"},
    "meaning": "Nobody waits for nothing.",
}
WAIVER = {"why": "the trade fair", "owner": "Ada", "until": TODAY + 5 * DAY}
Write = Callable[..., None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one objective, 100 events a day, 20 of them bad three days ago."""
    write(tmp_path, "objectives.yaml", {"availability": OBJECTIVE})
    (tmp_path / standing.POLICY).write_text("---\nagreed: [Ada, Bob]\nreview: 2027-01-31\n---\n")
    have_events(tmp_path, {3: 20})
    return tmp_path


def write(root: Path, name: str, content: Any) -> None:
    file = root / "docs/quality" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content))


def have_events(root: Path, bad: Mapping[int, int], last: date = TODAY) -> None:
    """Events of 30 days; `bad` says how many were bad how many days before the last one."""
    lines = [
        {
            "day": str(last - n * DAY),
            "indicator": "availability",
            "good": 100 - bad.get(n, 0),
            "bad": bad.get(n, 0),
            "why": "the disk was full" if bad.get(n) else "",
        }
        for n in range(30)
    ]
    (root / "reports").mkdir(exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (root / "reports/indicators.jsonl").write_text(text)


def overview(root: Path, now: datetime = NOW) -> Overview:
    return look(root, Budgets(), now.date())


def only(root: Path, now: datetime = NOW) -> Standing:
    (found,) = overview(root, now).standings
    return found


def figure(root: Path, now: datetime = NOW) -> Figure:
    return standing.figures(overview(root, now), now.date())[0]


def judged(root: Path, *subjects: str, now: datetime = NOW) -> tuple[str, bool]:
    return verdict(overview(root, now), EXEMPT, subjects, freeze.Rules(root))


def test_a_spent_budget_stops_work_and_says_what_ends_that(project: Path) -> None:
    text, waits = judged(project)

    assert waits
    # 20 of 10 allowed, on the 20th; ten days later the window has left that day behind.
    assert "SPENT since 2026-11-20: 20 bad of 10 allowed, of 1,000 up to 2026-11-23" in text
    assert "availability is back within its budget, which is spent since 2026-11-20" in text
    assert "on 2026-11-30 at the earliest" in text
    assert "2026-11-20: the disk was full" in text
    assert "only these kinds of commit are merged: fix, perf, reliability, security, revert" in text
    assert "agreed by Ada, Bob" in text


def test_a_budget_that_is_not_spent_stops_nothing(project: Path) -> None:
    have_events(project, {3: 4})

    text, waits = judged(project)

    assert not waits
    assert "60% left: 4 bad of 10 allowed, of 1,000 up to 2026-11-23; burn rate 0.6" in text
    assert "at most 87 h 40 min in a year, 7 h 18 min in a month out of order" in text


@pytest.mark.parametrize(
    ("subject", "passes"),
    [
        ("fix: the disk", True),
        ("fix(service)!: the disk", True),
        ("perf: half the time", True),
        ("security: a header", True),
        ("build(security): a newer package", True),
        ("reliability: try again", True),
        ('Revert "feat: a page"', True),
        ("feat: a page", False),
        ("fixed the disk", False),
        ("docs: fix: a word", False),
    ],
)
def test_only_some_kinds_of_commit_go_on(subject: str, passes: bool) -> None:
    assert may_pass(subject, EXEMPT) is passes


def test_fixes_pass_and_features_wait(project: Path) -> None:
    assert not judged(project, "fix: the disk", "perf: less to write")[1]
    text, waits = judged(project, "fix: the disk", "feat: a page")
    assert waits
    assert text.endswith("This has to wait:\n  feat: a page")


def test_a_waiver_lifts_a_freeze_and_is_shown(project: Path) -> None:
    write(project, "waivers.yaml", {"availability": WAIVER})

    text, waits = judged(project)

    assert not waits
    assert "waived until 2026-11-28, and Ada answers for it: the trade fair" in text
    assert text.endswith("A waiver lifts the freeze: go on.")
    assert figure(project).state == State.BAD
    assert figure(project).notes == ["waived until 2026-11-28 by Ada: the trade fair"]


def test_a_waiver_of_another_objective_lifts_nothing(project: Path) -> None:
    write(project, "objectives.yaml", {"availability": OBJECTIVE, "latency": OBJECTIVE})
    write(project, "waivers.yaml", {"latency": WAIVER})

    assert judged(project)[1]


def test_a_waiver_that_has_ended_lifts_nothing(project: Path) -> None:
    write(project, "waivers.yaml", {"availability": WAIVER | {"until": TODAY - DAY}})

    text, waits = judged(project)

    assert waits
    assert "the waiver that Ada signed ended on 2026-11-22" in text
    assert not judged(project, now=NOW - DAY)[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"owner": ""}, "availability: owner is ''"),
        ({"until": "soon"}, "availability: until is 'soon'"),
        ({"until": TODAY + 29 * DAY}, "2026-12-21 is the latest (budgets.waiver_days)"),
        ({"for": "ever"}, "availability: for is not known"),
    ],
)
def test_a_wrong_waiver_is_named_and_lifts_nothing(
    project: Path, change: dict[str, Any], said: str
) -> None:
    write(project, "waivers.yaml", {"availability": WAIVER | change})

    text, waits = judged(project)

    assert waits
    assert said in text
    assert any(said in problem for problem in look(project, Budgets(), TODAY).problems)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": 100}, "availability: target is 100: input should be less than 100"),
        ({"target": 0}, "availability: target is 0"),
        ({"days": 0}, "availability: days is 0"),
        ({"of": "me"}, "availability: of is 'me'"),
        ({"source": {}}, "write one of indicator and csv"),
        ({"source": {"csv": ""}}, "availability: source.csv is ''"),
        ({"targets": 99}, "availability: targets is not known"),
    ],
)
def test_a_wrong_objective_is_named_and_leaves_the_others(
    project: Path, change: dict[str, Any], said: str
) -> None:
    have_events(project, {})
    wrong = {"availability": OBJECTIVE | change, "latency": OBJECTIVE}
    write(project, "objectives.yaml", wrong)

    text, waits = judged(project)

    assert waits
    assert said in text
    assert "latency: The service answers" in text
    assert not judged(project, "fix: the objective")[1]


def test_a_waiver_of_what_is_no_objective_is_named(project: Path) -> None:
    write(project, "waivers.yaml", {"speed": WAIVER})

    [found] = look(project, Budgets(), TODAY).problems

    assert found.startswith("docs/quality/waivers.yaml: speed: docs/quality/objectives.yaml has no")


@pytest.mark.parametrize("content", ["a: [", "- 1", "availability: 99", "1: {}"])
def test_a_file_of_objectives_that_is_broken_stops_work(project: Path, content: str) -> None:
    (project / standing.OBJECTIVES).write_text(content)

    text, waits = judged(project)

    assert waits
    assert "docs/quality/objectives.yaml" in text


def test_an_empty_file_of_objectives_stops_work_as_a_missing_one_does(project: Path) -> None:
    write(project, "objectives.yaml", {})

    text, waits = judged(project)

    assert waits
    assert "docs/quality/objectives.yaml has no objectives: write down" in text
    assert "docs/quality/objectives.yaml has no objectives" in figure(project).text


@pytest.mark.parametrize("agreed", [["Bob"], []])
def test_a_waiver_counts_when_one_signs_it_whom_the_policy_names(
    project: Path, agreed: list[str]
) -> None:
    (project / standing.POLICY).write_text(f"---\nagreed: {agreed}\n---\n")
    write(project, "waivers.yaml", {"availability": WAIVER})

    text, waits = judged(project)

    assert waits
    assert "availability: owner is Ada: one who agreed to docs/quality/policy.md has to" in text


class Repository:
    """A project whose main branch has a freeze, and a branch for a feature."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("feat: a page")
        self.git("switch", "--quiet", "--create", "feature")

    def git(self, *arguments: str) -> None:
        name = ("-c", "user.name=A", "-c", "user.email=a@b.c")
        at = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), NOW.isoformat())
        command = ("git", *name, *arguments)
        subprocess.run(command, cwd=self.root, check=True, env={**os.environ, **at})

    def commit(self, subject: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)


@pytest.fixture
def repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in freeze.IN_CI:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(project)
    (project / "conf").mkdir()
    return Repository(project)


def a_lower_target(root: Path) -> None:
    write(root, "objectives.yaml", {"availability": OBJECTIVE | {"target": 50}})


def features_exempt(root: Path) -> None:
    (root / "conf/quality.yaml").write_text("budgets: {exempt: [fix, feat]}\n")


def no_objectives(root: Path) -> None:
    write(root, "objectives.yaml", {})


def no_file_of_objectives(root: Path) -> None:
    (root / standing.OBJECTIVES).unlink()


def a_waiver(root: Path) -> None:
    write(root, "waivers.yaml", {"availability": WAIVER})


def another_policy_with_a_waiver(root: Path) -> None:
    (root / standing.POLICY).write_text("---\nagreed: [Eve]\nreview: 2027-01-31\n---\n")
    write(root, "waivers.yaml", {"availability": WAIVER | {"owner": "Eve"}})


def other_events(root: Path) -> None:
    have_events(root, {})


def many_good_events(root: Path) -> None:
    days = ({"day": str(TODAY - n * DAY), "good": 9e6, "bad": 20 * (n == 3)} for n in range(30))
    text = "".join(json.dumps({"indicator": "availability", **day}) + "\n" for day in days)
    (root / "reports/indicators.jsonl").write_text(text)


def no_events(root: Path) -> None:
    (root / "reports/indicators.jsonl").unlink()


def another_source(root: Path) -> None:
    (root / "good.csv").write_text("day,good,bad\n2026-11-23,100,0\n")
    write(root, "objectives.yaml", {"availability": OBJECTIVE | {"source": {"csv": "good.csv"}}})


BENDS = [
    a_lower_target,
    features_exempt,
    no_objectives,
    no_file_of_objectives,
    a_waiver,
    another_policy_with_a_waiver,
    other_events,
    many_good_events,
    no_events,
    another_source,
]


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize(
    ("place", "options"),
    [
        ("feature", ["--since", "main"]),
        ("feature", []),
        ("main", ["--since", "main", "--head", "feature"]),  # as CI asks
    ],
)
def test_no_branch_lifts_its_own_freeze(
    repository: Repository, bend: Callable[[Path], None], place: str, options: list[str]
) -> None:
    bend(repository.root)
    (repository.root / "page.py").write_text("")
    repository.commit("feat: more")
    repository.git("switch", "--quiet", place)

    assert run(["budget", "--on", "2026-11-23", *options]) == 1


ASKED = ["budget", "--on", "2026-11-23", "--since", "main"]
IN_CI = [*ASKED, "--head", "feature"]


@pytest.mark.parametrize("asked", [ASKED, IN_CI])
@pytest.mark.parametrize("bend", [other_events, no_events, many_good_events])
def test_who_rewrites_events_that_end_a_freeze_changes_the_rules(
    repository: Repository,
    bend: Callable[[Path], None],
    asked: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bend(repository.root)
    repository.commit("fix: the events")

    assert run(asked) == 0
    assert "They change here, once it is merged: reports/ind" in capsys.readouterr().out

    (repository.root / "page.py").write_text("")
    repository.commit("fix: a page")
    assert run(asked) == 1


def test_newer_events_are_no_change_of_the_rules(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    have_events(repository.root, {4: 20}, last=TODAY + DAY)
    (repository.root / "page.py").write_text("")
    repository.commit("fix: a page")

    assert run(ASKED) == 0
    assert "They change here" not in capsys.readouterr().out


def test_a_rule_that_moves_away_changes(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.git("mv", standing.OBJECTIVES, "docs/quality/objectives.txt")
    repository.commit("fix: a name")

    assert run(ASKED) == 1
    assert f"They change here, once it is merged: {standing.OBJECTIVES}" in capsys.readouterr().out


def test_events_are_those_of_the_branch_however_their_file_is_named(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.git("switch", "--quiet", "main")
    calls, source = repository.root / "calls.csv", {"csv": "./docs/../calls.csv"}
    calls.write_text("day,good,bad\n2026-11-23,0,100\n")
    write(repository.root, "objectives.yaml", {"availability": OBJECTIVE | {"source": source}})
    repository.commit("feat: calls")
    repository.git("switch", "--quiet", "feature")
    repository.git("reset", "--quiet", "--hard", "main")
    calls.write_text("day,good,bad\n2026-11-23,100,0\n")
    repository.commit("feat: more")

    assert run(ASKED) == 0  # since nothing else changes
    said = capsys.readouterr().out
    assert "SPENT since 2026-11-23: 100 bad" in said
    assert "They change here, once it is merged: calls.csv" in said


@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("asked", [ASKED, IN_CI])
def test_what_a_merge_brings_of_its_own_is_a_change(
    repository: Repository, others: int, asked: list[str]
) -> None:
    branches = [f"other-{n}" for n in range(others)]
    for branch in branches:
        repository.git("switch", "--quiet", "--create", branch, "main")
        (repository.root / branch).write_text("")
        repository.commit("fix: it")
    repository.git("switch", "--quiet", "feature")
    repository.commit("fix: that")
    if others == 1:
        repository.git("merge", "--quiet", "--no-edit", *branches)
        assert run(asked) == 0
        repository.git("reset", "--quiet", "--hard", "HEAD^")
    repository.git("merge", "--quiet", "--no-commit", "--no-ff", *branches)
    (repository.root / "page.py").write_text("")
    repository.commit("Merge them")

    assert run(asked) == 1


@pytest.mark.parametrize("asked", [ASKED, IN_CI])
def test_what_would_ask_for_the_budget_is_told(
    repository: Repository, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lock = '[[package]]\nname = "keel-ml"\nversion = "{}"\nsource = {{git = "{}"}}\n'
    repository.git("switch", "--quiet", "main")
    (repository.root / "uv.lock").write_text(lock.format("1.0.0", "https://a/keel"))
    repository.commit("feat: Keel")
    repository.git("switch", "--quiet", "feature")
    repository.git("reset", "--quiet", "--hard", "main")
    (repository.root / "uv.lock").write_text(lock.format("1.0.0", "https://b/keel"))
    (repository.root / ".gitlab-ci.yml").write_text("budget: {script: [true]}\n")
    repository.commit("fix: the job")

    assert run(asked) == 0
    told = "changes with it, too: .gitlab-ci.yml, keel-ml 1.0.0 from https://b/keel in place of 1.0"
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("bend", [a_lower_target, features_exempt, a_waiver])
def test_a_change_of_the_rules_goes_alone_and_holds_once_it_is_merged(
    repository: Repository, bend: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    day = ["--on", "2026-11-23"]
    bend(repository.root)
    repository.commit("docs: other rules")

    assert run(["budget", *day, "--since", "main"]) == 0
    said = capsys.readouterr().out
    assert "They change here, once it is merged: " in said
    assert said.endswith("It changes the rules and nothing else: go on.\n")

    (repository.root / "page.py").write_text("")
    repository.commit("fix: a page")
    assert run(["budget", *day, "--since", "main"]) == 1
    assert "Take that to a branch of its own" in capsys.readouterr().out

    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "feature")
    repository.git("switch", "--quiet", "--create", "next")
    repository.commit("feat: more")
    assert run(["budget", *day, "--since", "main"]) == 0


def test_waivers_in_a_row_are_counted(repository: Repository) -> None:
    repository.git("switch", "--quiet", "main")
    for days in (1, 3, 5):
        write(
            repository.root,
            "waivers.yaml",
            {"availability": WAIVER | {"until": TODAY + days * DAY}},
        )
        repository.commit("docs: a waiver")

    assert only(repository.root).waivers == 3
    assert "it is waiver number 3 within a year" in judged(repository.root)[0]


def test_without_events_there_is_not_enough_data_yet(project: Path) -> None:
    (project / "reports/indicators.jsonl").unlink()

    text, waits = judged(project)

    assert not waits
    assert "not enough data yet: there is no reports/indicators.jsonl" in text
    assert figure(project).state == State.UNKNOWN


def test_a_source_that_can_not_be_read_stops_features(project: Path) -> None:
    write(project, "objectives.yaml", {"availability": OBJECTIVE | {"source": {"csv": "no.csv"}}})

    text, waits = judged(project)

    assert waits
    assert "availability is known again: no.csv is missing" in text
    assert not judged(project, "fix: the file")[1]


@pytest.mark.parametrize(("bad", "waits"), [(1, False), (2, True)])
def test_one_bad_event_of_a_few_stops_nothing(project: Path, bad: int, waits: bool) -> None:
    (project / "calls.csv").write_text(f"day,good,bad\n2026-11-23,{28 - bad},{bad}\n")
    source = {"target": 99.9, "days": 1, "source": {"csv": "calls.csv"}}
    write(project, "objectives.yaml", {"availability": OBJECTIVE | source})

    text, stops = judged(project)

    assert stops == waits
    assert f"{bad} bad of 1 allowed, of 28" in text


def test_a_freeze_does_not_end_because_monitoring_does(project: Path) -> None:
    text, waits = judged(project, now=NOW + 100 * DAY)

    assert waits
    told = "`uv run keel monitor`: it has not reported since 2026-11-23, when its budget was spent"
    assert text.count(told) == 2
    assert "at the earliest" not in text  # nobody knows
    assert "left" not in text.partition("FREEZE")[0]


def test_of_events_that_are_old_is_said_only_how_to_get_new_ones(project: Path) -> None:
    have_events(project, {})

    text, waits = judged(project, now=NOW + 100 * DAY)
    found = figure(project, now=NOW + 100 * DAY)

    assert not waits
    told = "`uv run keel monitor`: it has not reported since 2026-11-23"
    assert told in text
    assert (found.state, found.text, found.cure) == (State.UNKNOWN, f"not counted: {told}", "")


def test_days_in_the_future_are_not_counted(project: Path) -> None:
    have_events(project, {0: 100}, last=TODAY + 2 * DAY)

    found = only(project)

    assert not found.is_spent
    assert found.notes == ["not counted: 1 day in the future"]


def test_a_day_that_is_over_knows_nothing_of_later_ones(project: Path) -> None:
    have_events(project, {0: 100}, last=TODAY + DAY)

    (found,) = look(project, Budgets(), TODAY, over=True).standings

    assert not found.is_spent
    assert found.notes == []
    assert found.budget is not None
    assert found.budget.day == TODAY


def test_a_day_that_began_further_east_counts(project: Path) -> None:
    have_events(project, {0: 100}, last=TODAY + DAY)

    assert only(project).is_spent


def test_the_figure_says_what_is_left(project: Path) -> None:
    have_events(project, {3: 4})

    found = figure(project)

    assert found.name == "budget.availability"
    assert found.value == pytest.approx(60)
    assert (found.state, found.events) == (State.GOOD, 1000)
    assert found.target == "99 %: at most 87 h 40 min in a year, 7 h 18 min in a month out of order"
    # 100 % until the day before, and 60 since.
    assert [value for _, value in found.trend[-5:]] == [100, 60, 60, 60, 60]


@pytest.mark.parametrize(
    ("bad", "state"),
    [({3: 20}, State.BAD), ({9: 8}, State.WATCH), ({0: 4, 1: 2}, State.WATCH), ({}, State.GOOD)],
)
def test_a_budget_that_is_low_or_will_not_last_is_to_be_watched(
    project: Path, bad: dict[int, int], state: State
) -> None:
    have_events(project, bad)

    found = figure(project)
    assert found.state == state
    assert ("Merge only" in found.cure) is (state != State.WATCH)
    assert bool(found.details) is (state != State.GOOD)


@pytest.mark.parametrize(
    ("front", "state", "said"),
    [
        ("agreed: [Ada]\nreview: 2026-11-23", State.GOOD, "agreed by Ada; reviewed again on"),
        ("agreed: [Ada]\nreview: 2026-11-22", State.WATCH, "agreed by Ada; its review was due by"),
        ("agreed: [Ada]", State.UNKNOWN, "no date of its next review"),
        ("agreed: []\nreview:", State.UNKNOWN, "nobody has signed docs/quality/policy.md"),
        ("agree: []", State.UNKNOWN, "nobody has signed"),
    ],
)
def test_a_policy_is_agreed_and_reviewed(
    project: Path, front: str, state: State, said: str
) -> None:
    (project / standing.POLICY).write_text(f"---\n{front}\n---\n")

    found = standing.figures(overview(project), TODAY)[-1]

    assert (found.name, found.state) == ("budget.policy", state)
    assert said in found.text


def test_the_verb_asks_git_what_is_to_be_merged(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def git(*arguments: str) -> None:
        name = ("-c", "user.name=A", "-c", "user.email=a@b.c")
        subprocess.run(("git", *name, *arguments), cwd=project, check=True)

    git("init", "--quiet", "--initial-branch=main")
    git("commit", "--quiet", "--allow-empty", "--message", "feat: a page")
    git("switch", "--quiet", "--create", "mend")
    git("commit", "--quiet", "--allow-empty", "--message", "fix: the disk")
    monkeypatch.chdir(project)
    day = ["--on", "2026-11-23"]

    assert run(["budget", *day]) == 1
    assert run(["budget", *day, "--since", "main"]) == 0
    assert run(["budget", *day, "--since", "main", "--title", "feat: more"]) == 1
    assert run(["budget", *day, "--title", "fix: the disk"]) == 0
    assert run(["budget", "--on", "2026-11-10"]) == 0
    capsys.readouterr()
    assert run(["budget", "--since", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert run(["budget", "--on", "today"]) == 1
    assert "'today' does not match the format" in capsys.readouterr().err


def test_the_files_of_a_new_project_are_right() -> None:
    found = look(REPOSITORY, Budgets(), TODAY)

    assert found.unread + found.problems == []
    assert {one.name for one in overview(REPOSITORY).standings} == {
        "availability",
        "calibration",
        "latency",
        "quality",
        "valid_predictions",
        "volume",
    }


@pytest.mark.parametrize(
    ("subject", "kinds"),
    [
        ("fix: the join", {"fix"}),
        ("fix(security): a header", {"fix", "security"}),
        ("feat!: another label", {"feat"}),
        ("perf(Service): half the time", {"perf", "service"}),
        ('Revert "feat: another label"', {"revert"}),
        ("revert: feat: another label", {"revert"}),
        ("Fix the join", set()),
        ("prefix: nothing", {"prefix"}),
        ("", set()),
    ],
)
def test_kinds_are_those_of_conventional_commits(subject: str, kinds: set[str]) -> None:
    assert freeze.kinds(subject) == kinds
