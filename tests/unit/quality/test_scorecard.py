"""The page of quality: whatever a project is like, it comes, and claims nothing."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from repositories import ADA, Repository, new_project

from keel.cli import run
from keel.data.store import Store
from keel.project.settings import Waiver
from keel.quality.budgets.budgets import Objective
from keel.quality.budgets.events import Source
from keel.quality.budgets.standing import Overview, Standing
from keel.quality.page import scorecard as page
from keel.quality.page.scorecard import Scorecard, answer, gather, read
from keel.quality.product.model import METRICS_FILE as METRICS
from keel.quality.records import settings
from keel.quality.records.figures import Figure, State, guarded

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
ABOUT = Figure("data.valid", "product", "Rows", "What it is.", "share", "What for.", "Mend it.")
WRITTEN = (
    "docs/quality/objectives.yaml",
    "docs/quality/waivers.yaml",
    "docs/quality/policy.md",
    "docs/quality/attributes.yaml",
    "docs/quality/debt.yaml",
    "docs/quality/people.yaml",
    "docs/decisions/open.yaml",
    "docs/decisions/0001-predict-two-hours-before-departure.md",
    "docs/incidents/2026-11-02-down.md",
    "conf/quality.yaml",
    "reports/indicators.jsonl",
    "reports/metrics.json",
    "reports/slices.csv",
    "reports/in-use.csv",
    "reports/gates.json",
    "reports/data-quality.json",
    "reports/staleness.json",
    "reports/tests/unit.xml",
    "settings.yaml",
    "model/passport.json",
    "uv.lock",
    "pyproject.toml",
)


def figure(state: State) -> Figure:
    if state == State.UNKNOWN:
        return ABOUT.unknown("nobody looked")
    return ABOUT.shown(0.5, "50%", state, 10)


def card(*figures: Figure, **facts: Any) -> Scorecard:
    return Scorecard(NOW, list(figures), **facts)


def by_name(found: Scorecard) -> dict[str, Figure]:
    return {one.name: one for one in found.figures}


def have_events(root: Path, bad: int, last: date = TODAY) -> None:
    """100 requests on each of the last 28 days, so many of them bad on the last one."""
    lines = [
        {"day": str(last - back * DAY), "indicator": "availability", "good": 100, "bad": 0}
        for back in range(27, -1, -1)
    ]
    lines[-1] |= {"good": 100 - bad, "bad": bad, "why": "the disk was full"}
    (root / "reports").mkdir(exist_ok=True)
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (root / "reports/indicators.jsonl").write_text(text)


def written(root: Path, found: Scorecard) -> tuple[str, str, dict[str, Any]]:
    """The page as HTML, Markdown and JSON."""
    page.write(Store(root, root), found)
    html, markdown, machines = (
        (root / f"reports/scorecard.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "md", "json")
    )
    return html, markdown, json.loads(machines)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project; tests leave it as it is."""
    return new_project(tmp_path_factory.mktemp("made") / "project", "2026-11-20").root


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Repository:
    """A new project, to change."""
    return Repository(Path(shutil.copytree(made, tmp_path / "project")))


@pytest.mark.parametrize(
    ("states", "begins"),
    [
        ("good good", "Yes: 2 good."),
        ("good unknown", "As far as is known, yes: 1 good, 1 can’t be told yet."),
        ("good unknown unknown", "Too early to say: 1 good, 2 can’t be told yet."),
        ("bad unknown unknown", "No: 1 bad"),
        ("good watch", "Mostly: 1 to be watched, 1 good (“Rows”)."),
        ("bad watch unknown", "No: 1 bad, 1 to be watched, 1 can’t be told yet (“Rows”)."),
        ("bad bad bad bad bad", "No: 5 bad (“Rows”, “Rows”, “Rows”, 2 more)."),
        ("unknown unknown", "Nobody can tell yet"),
    ],
)
def test_a_question_is_answered_in_a_sentence(states: str, begins: str) -> None:
    assert answer([figure(State(state)) for state in states.split()]).startswith(begins)


def test_a_part_that_fails_says_so_and_stops_nothing() -> None:
    def fails() -> Iterator[Figure]:
        yield figure(State.GOOD)
        raise ZeroDivisionError("division by zero")

    [found] = guarded("change", "Code", fails)

    assert (found.state, found.broken) == (State.UNKNOWN, True)
    assert found.text == "not counted: ZeroDivisionError: division by zero"


def test_a_new_project_has_its_page_and_nothing_bad(project: Repository) -> None:
    found = gather(project.root, NOW)

    html, markdown, machines = written(project.root, found)

    assert State.BAD not in {one.state for one in found.figures}
    assert found.problems == []
    for one in found.figures:
        assert one.title.replace("'", "&#39;") in html
        assert one.title in markdown
    assert "Features have to wait" not in html + markdown
    assert machines["schema"] == page.SCHEMA
    assert len(machines["figures"]) == len(found.figures)


def test_each_figure_says_what_it_is_what_it_means_and_what_to_do(project: Repository) -> None:
    found = gather(project.root, NOW).figures

    assert len({one.name for one in found}) == len(found)
    assert [one.name for one in found if not (one.sentence and one.meaning and one.cure)] == []
    groups = [one.group for one in found]
    assert groups == sorted(groups, key=["product", "delivery", "change"].index)


def test_json_has_all_that_the_page_has(project: Repository) -> None:
    trend = [(date(2026, 10, 1), 0.5), (date(2026, 11, 1), 0.6)]
    shown = ABOUT.shown(0.6, "60%", State.WATCH, 10, "at least 70%", trend)

    *_, machines = written(project.root, card(shown))

    [one] = machines["figures"]
    assert (one["name"], one["state"], one["value"]) == ("data.valid", "watch", 0.6)
    assert one["trend"] == [["2026-10-01", 0.5], ["2026-11-01", 0.6]]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_broken_file_stops_no_more_than_what_it_says(project: Repository, name: str) -> None:
    have_events(project.root, bad=0)
    project.file(name, "---\na: b: c\n")

    found = gather(project.root, NOW)
    written(project.root, found)

    known = {one.name for one in found.figures if one.value is not None}
    assert len({"code.complexity", "decisions.review", "debt.interest"} & known) > 1
    assert {one.group for one in found.figures} == {"product", "delivery", "change"}


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"- 1\n", b"", b"{"])
def test_not_even_all_files_broken_at_once_stop_the_page(
    project: Repository, content: bytes
) -> None:
    for name in WRITTEN:
        project.file(name, "")
        (project.root / name).write_bytes(content)

    found = gather(project.root, NOW)
    written(project.root, found)

    assert by_name(found)["code.complexity"].value is not None


def test_a_file_that_is_missing_takes_away_its_own_figures_only(project: Repository) -> None:
    before = set(by_name(gather(project.root, NOW)))
    shutil.rmtree(project.root / "docs")

    found = gather(project.root, NOW)

    assert by_name(found)["code.complexity"].value is not None
    assert before - set(by_name(found)) == {f"budget.{one}" for one in objectives(project.root)}


def objectives(root: Path) -> list[str]:
    text = Repository(root).git("show", "HEAD:docs/quality/objectives.yaml")
    return list(yaml.safe_load(text))


def test_a_spent_budget_is_a_freeze_and_says_what_ends_it(project: Repository) -> None:
    have_events(project.root, bad=20)  # of 14 in 28 days at 99.5 %

    html, markdown, machines = written(project.root, gather(project.root, NOW))

    said = "“The service answers”: SPENT since 2026-11-23: 20 bad of 14 allowed"
    [freeze] = machines["freeze"]
    assert freeze.startswith(said)
    assert "over on 2026-12-21 if nothing goes wrong any more" in freeze
    assert said in html
    assert said in markdown
    assert machines["answers"]["Is the product well?"].startswith("No: ")
    assert markdown.index("■ bad") < markdown.index("<details>")


def test_a_waiver_lifts_the_freeze_and_is_shown(project: Repository) -> None:
    have_events(project.root, bad=20)
    waiver = {"why": "the trade fair", "owner": "Ada", "until": TODAY + 5 * DAY}
    (project.root / "docs/quality/waivers.yaml").write_text(
        yaml.safe_dump({"availability": waiver})
    )

    policy = project.root / "docs/quality/policy.md"
    policy.write_text(policy.read_text().replace("agreed: []", "agreed: [Ada]"))

    found = gather(project.root, NOW)
    html, markdown, machines = written(project.root, found)

    assert found.overview.stopping == []
    [said] = machines["waivers"]
    assert said.startswith("“The service answers” may be missed until 2026-11-28: the trade fair")
    assert said.endswith("(Ada answers for it)")
    assert "the trade fair" in html
    assert "the trade fair" in markdown
    assert by_name(found)["budget.availability"].state == State.BAD


def test_an_outage_that_goes_on_comes_first_and_the_answer_is_no(project: Repository) -> None:
    file = project.root / "docs/incidents/2026-11-23-down.md"
    file.parent.mkdir()
    file.write_text("---\ntitle: Nobody gets an answer\nstarted: 2026-11-23T07:00:00Z\n---\n")

    found = gather(project.root, NOW)
    html, markdown, _ = written(project.root, found)

    assert page.first(found.figures)[0].name == "incidents.open"
    assert found.answers["Is the product well?"].startswith("No: ")
    assert "“Nobody gets an answer” goes on, for 5 h 0 min by now" in html
    assert "“Nobody gets an answer” goes on" in markdown


def test_what_is_bad_since_nobody_knows_is_named_once(project: Repository) -> None:
    have_events(project.root, bad=100)

    found = gather(project.root, NOW + timedelta(days=100))
    html, _, _ = written(project.root, found)

    named = [each.name for each in page.first(found.figures)]
    assert "budget.availability" in named
    assert len(named) == len(set(named))
    assert "What to do:</strong> </p>" not in html


def test_what_an_outage_cost_is_worked_out_whenever_the_page_is_made(project: Repository) -> None:
    have_events(project.root, bad=10)
    file = project.root / "docs/incidents/2026-11-23-down.md"
    file.parent.mkdir()
    file.write_text(
        "---\ntitle: Down\nstarted: 2026-11-23T07:00:00Z\nrestored: 2026-11-23T09:00:00Z\n---\n"
    )

    found = gather(project.root, NOW)

    # 10 bad of the 14 that 99.5 % of 2,800 allow.
    assert any("it cost 71% of the error budget of availability" in p for p in found.problems)


def test_a_review_and_an_action_that_are_owed_are_shown(project: Repository) -> None:
    file = project.root / "docs/incidents/2026-10-01-down.md"
    file.parent.mkdir()
    file.write_text(
        "---\ntitle: Down\nstarted: 2026-10-01T07:00:00Z\nrestored: 2026-10-01T09:00:00Z\n"
        "actions: [{what: A second disk, owner: Ada, due: 2026-11-01}]\n---\n"
    )

    its = by_name(gather(project.root, NOW))["incidents.open"]

    assert its.state == State.WATCH
    assert "nobody has reviewed it" in its.details[0]
    assert "A second disk (Ada) was due by 2026-11-01" in its.details[1]


def test_a_window_without_events_is_not_known(project: Repository) -> None:
    (project.root / "reports").mkdir()
    (project.root / "reports/indicators.jsonl").write_text("")

    found = by_name(gather(project.root, NOW))["budget.availability"]

    assert (found.state, found.events) == (State.UNKNOWN, 0)


def test_what_was_good_long_ago_is_not_known_now(project: Repository) -> None:
    have_events(project.root, bad=0, last=date(2026, 6, 30))

    found = by_name(gather(project.root, NOW))["budget.availability"]

    assert (found.state, found.broken) == (State.UNKNOWN, True)
    assert found.text.endswith("`uv run keel monitor`: it has not reported since 2026-06-30")


def test_text_of_people_stays_text(project: Repository) -> None:
    objective = Objective(
        title="<script>alert(1)</script> | x",
        of="service",
        target=99,
        source=Source(indicator="a"),
        meaning="m",
    )
    waiver = Waiver(why="<b>`why", owner="A|B", until=TODAY)
    standing = Standing("a", objective, waiver=waiver)
    shown = ABOUT.shown(1, "<i>`1`</i> | 2\n3", State.WATCH, 1)

    html, markdown, _ = written(project.root, card(shown, overview=Overview([standing])))

    assert "<script>" not in html + markdown
    assert "<b>" not in html + markdown
    assert "&lt;i&gt;<code>1</code>&lt;/i&gt; | 2" in html
    assert "&lt;i&gt;`1`&lt;/i&gt; \\| 2 3 |" in markdown


def test_a_trend_is_drawn_from_two_values_on() -> None:
    day = date(2026, 11, 1)

    assert page.trend([]) == page.trend([(day, 1.0)]) == []
    assert page.trend([(day, 1.0), (day + DAY, 1.0)]) == [[(3, 16), (117, 16)]]  # in the middle
    rising = page.trend([(day, 1.0), (day + DAY, 2.0), (day + 2 * DAY, 3.0)])
    assert rising == [[(3, 29), (60, 16), (117, 3)]]


def test_no_line_joins_what_lies_far_apart() -> None:
    near, far = date(2026, 1, 1), date(2026, 6, 1)

    assert len(page.trend([(near, 1), (near + DAY, 2), (far, 1), (far + DAY, 2)])) == 2


def test_a_project_without_git_has_its_page(project: Repository) -> None:
    shutil.rmtree(project.root / ".git")

    found = by_name(gather(project.root, NOW))

    assert found["code.complexity"].value == 0
    assert found["delivery.lead_time"].value is None


def test_a_repository_without_a_commit_has_its_page(project: Repository) -> None:
    shutil.rmtree(project.root / ".git")
    Repository(project.root)

    found = by_name(gather(project.root, NOW))

    assert found["code.complexity"].value == 0
    assert not found["delivery.lead_time"].broken


def test_a_shallow_clone_says_what_it_lacks(project: Repository, tmp_path: Path) -> None:
    project.commit("2026-11-21", files={"a.txt": ""})
    clone = tmp_path / "clone"
    project.git("clone", "--quiet", "--depth", "1", f"file://{project.root}", str(clone))

    found = by_name(gather(clone, NOW))

    assert "fetch-depth: 0" in found["delivery.lead_time"].text
    assert "fetch-depth: 0" in found["code.hotspots"].text
    assert found["code.complexity"].value is not None


def test_a_week_of_one_person_without_tags_claims_little(project: Repository) -> None:
    for day in range(16, 23):
        project.commit(f"2026-11-{day}", f"feat: {day}", ADA, {f"src/{day}.py": "a = 1\n"})

    found = by_name(gather(project.root, NOW))

    assert all(found[f"delivery.{one}"].value is None for one in ("frequency", "lead_time"))
    assert found["code.hotspots"].value == 0
    assert State.BAD not in {one.state for one in found.values()}


def test_a_rewritten_history_gives_the_same_page(project: Repository) -> None:
    for day in range(1, 9):
        project.commit(f"2026-11-{day:02}", f"fix: {day}", files={"src/a.py": f"a = {day}\n"})
    before = gather(project.root, NOW)
    first = project.git("rev-list", "--max-parents=0", "HEAD")
    project.git("rebase", "--quiet", "--force-rebase", first)  # each commit has a new hash

    after = gather(project.root, NOW)

    assert [one.text for one in after.figures] == [one.text for one in before.figures]


def test_ten_thousand_commits_are_counted(project: Repository) -> None:
    imported(project, 10_000)

    card_ = gather(project.root, NOW)

    found = by_name(card_)
    assert found["delivery.frequency"].events == 9  # from day 640 to day 720
    assert found["delivery.lead_time"].value is not None
    assert found["code.hotspots"].events > 1_000
    assert written(project.root, card_)[2]["figures"]


def imported(repository: Repository, count: int) -> None:
    """Commits of two years by three people, some files each, and a deployment every ten days."""
    end = int(NOW.timestamp())
    start, every = end - 730 * 86_400, 730 * 86_400 // count
    parts, tags, due = ["feature done\n"], 0, start
    for number in range(count):
        at = start + number * every
        who = f"P{number % 3} <p{number % 3}@example.com> {at} +0000"
        kind = ("feat", "fix", "refactor")[number % 3]
        text = f"def f(a: int) -> int:\n    return a + {number}\n"
        score = json.dumps({"auc": 0.7 + number % 10 / 1000})
        parts += [
            f"commit refs/heads/main\nmark :{number + 1}\nauthor {who}\ncommitter {who}\n",
            f"data <<END\n{kind}: {number}\nEND\n",
            f"from :{number}\n" if number else "from refs/heads/main^0\n",
            f"M 100644 inline src/m{number % 300}.py\ndata <<END\n{text}END\n",
            "" if number % 50 else f"M 100644 inline {METRICS}\ndata <<END\n{score}\nEND\n",
        ]
        if at >= due:
            tags, due = tags + 1, due + 10 * 86_400
            parts.append(
                f"tag model#production#{tags}\nfrom :{number + 1}\ntagger A <a@b.c> {at} +0000\n"
                "data <<END\nit\nEND\n"
            )
    subprocess.run(
        ["git", "fast-import", "--quiet", "--done"],
        cwd=repository.root,
        input="".join([*parts, "done\n"]),
        text=True,
        check=True,
    )
    repository.git("reset", "--quiet", "--hard", "main")


def test_the_verb_prints_an_answer_for_each_question(
    project: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)

    assert run(["scorecard"]) == 0

    printed = capsys.readouterr().out.splitlines()
    assert [line.partition("?")[0] for line in printed[:3]] == [
        "Is the product well",
        "Do we deliver",
        "Can we keep changing it",
    ]
    assert printed[-1] == f"The page: {project.root}/reports/scorecard.html"


def test_what_people_wrote_is_checked_in_one_step(
    project: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)
    assert run(["documents"]) == 0

    project.file("docs/quality/debt.yaml", "a: 1\n")
    project.file("docs/incidents/2026-11-01-down.md", "no front matter\n")
    project.file("conf/quality.yaml", "delivery: {lead_days: -1}\n")

    assert run(["documents"]) == 1
    said = capsys.readouterr().err
    for name in (
        "docs/quality/debt.yaml",
        "docs/incidents/2026-11-01-down.md",
        "conf/quality.yaml",
    ):
        assert name in said


def test_a_new_project_outside_of_git_has_nothing_to_mend(project: Repository) -> None:
    shutil.rmtree(project.root / ".git")

    assert read(project.root, NOW)[0].problems == []


def test_all_limits_are_shown_with_their_usual_values(made: Path) -> None:
    shown = yaml.safe_load((made / settings.FILE).read_text())

    usual: Mapping[str, Any] = settings.Quality().model_dump(mode="json")
    for section, values in shown.items():
        for name, value in values.items():
            assert usual[section][name] == value, (section, name)
    assert set(shown) == set(usual)
