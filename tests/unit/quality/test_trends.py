"""What CI keeps of the past on a branch of its own."""

import json
from datetime import date
from pathlib import Path

import pytest
from repositories import Repository

from keel.project.errors import UserError
from keel.quality.page.trends import BRANCH, FILE, filled, keep, known
from keel.quality.records.figures import About, State

SECONDS = About("code.seconds", "change", "Time", "How long it takes.", "s", "", "")
MONDAY, LAST = date(2026, 11, 23), date(2026, 11, 16)


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    """Where the code is shared; it has a commit."""
    shared = Repository(tmp_path / "origin")
    shared.commit(LAST, files={"features.py": ""})
    shared.git("config", "receive.denyCurrentBranch", "ignore")
    return shared


@pytest.fixture
def here(origin: Repository, tmp_path: Path) -> Path:
    """A clone that has measured something."""
    return measured(origin, tmp_path / "here")


def measured(origin: Repository, folder: Path, seconds: float = 31.5) -> Path:
    origin.git("clone", "--quiet", str(origin.root), str(folder))
    (folder / "reports/tests").mkdir(parents=True)
    (folder / "reports/tests/unit.xml").write_text("<testsuite/>")
    (folder / ".gitignore").write_text("/reports/\n")
    figures = [
        {"name": "code.seconds", "value": seconds, "title": "Time"},
        {"name": "code.mutants", "value": None, "title": "Mutants"},
    ]
    (folder / "reports/scorecard.json").write_text(json.dumps({"figures": figures}))
    return folder


def kept(origin: Repository) -> list[dict[str, object]]:
    lines = origin.git("show", f"{BRANCH}:{FILE}").splitlines()
    return [json.loads(line) for line in lines]


def earlier(origin: Repository, folder: Path, *lines: str) -> None:
    """What weeks before have kept."""
    origin.git("clone", "--quiet", str(origin.root), str(folder))
    there = Repository(folder)
    there.git("checkout", "--quiet", "--orphan", BRANCH)
    there.git("rm", "-rf", "--quiet", ".")
    there.commit(LAST, files={FILE: "".join(f"{line}\n" for line in lines)})
    there.git("push", "--quiet", "origin", BRANCH)


def test_the_first_run_makes_the_branch(origin: Repository, here: Path) -> None:
    assert keep(here, MONDAY) == f"Kept 1 figures, for the 1. time: branch {BRANCH}"

    (line,) = kept(origin)
    assert line["figures"] == {"code.seconds": 31.5}
    assert origin.git("ls-tree", "-r", "--name-only", BRANCH).splitlines() == [
        "reports/tests/unit.xml",
        FILE,
    ]


def test_a_later_run_adds_a_line(origin: Repository, here: Path, tmp_path: Path) -> None:
    old = '{"day": "2026-11-16", "commit": "0123", "figures": {"code.seconds": 40.0}}'
    earlier(origin, tmp_path / "earlier", old)

    keep(here, MONDAY)

    assert [line["figures"] for line in kept(origin)] == [
        {"code.seconds": 40.0},
        {"code.seconds": 31.5},
    ]
    assert origin.git("rev-list", "--count", BRANCH) == "2"


def test_a_second_run_of_a_day_takes_the_place_of_the_first(
    origin: Repository, here: Path, tmp_path: Path
) -> None:
    keep(here, MONDAY)
    keep(measured(origin, tmp_path / "again", 33.0), MONDAY)

    assert [line["figures"] for line in kept(origin)] == [{"code.seconds": 33.0}]


def test_what_is_worked_on_stays_as_it_was(origin: Repository, here: Path) -> None:
    def state() -> list[str]:
        asked = (["status", "--porcelain"], ["branch", "--list"], ["log", "--format=%H"])
        return [origin.git("-C", str(here), *one) for one in asked]

    before = state()

    keep(here, MONDAY)

    assert state() == before


def test_who_may_not_push_is_told(origin: Repository, here: Path) -> None:
    hook = origin.root / ".git/hooks/update"
    hook.write_text("#!/bin/sh\necho not allowed >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(UserError, match="not allowed"):
        keep(here, MONDAY)


def test_without_a_page_there_is_nothing_to_keep(here: Path) -> None:
    (here / "reports/scorecard.json").unlink()

    with pytest.raises(UserError, match="`uv run keel scorecard` writes it"):
        keep(here, MONDAY)


def test_a_broken_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir()
    lines = [
        '{"day": "2026-11-16", "commit": "1", "figures": {"code.seconds": 30.0}}',
        '{"day": "2026-11-16", "comm',
        '{"day": "2026-11-09", "commit": "0", "figures": {"code.seconds": 29.0}}',
    ]
    (tmp_path / FILE).write_text("\n".join(lines))

    assert known(tmp_path) == {
        "code.seconds": [(date(2026, 11, 9), 29.0), (date(2026, 11, 16), 30.0)]
    }


def test_a_new_project_has_no_past(tmp_path: Path) -> None:
    assert known(tmp_path) == {}


def test_a_figure_without_a_trend_gets_the_one_that_was_kept() -> None:
    figure = SECONDS.figure(33.0, "33 s", State.GOOD, 120)

    (found,) = filled([figure], {"code.seconds": [(LAST, 30.0), (MONDAY, 32.0)]}, MONDAY)

    assert found.trend == [(LAST, 30.0), (MONDAY, 33.0)]


def test_a_trend_that_git_knows_stays() -> None:
    own = [(MONDAY, 33.0)]
    figure = SECONDS.figure(33.0, "33 s", State.GOOD, 120, trend=own)

    (found,) = filled([figure], {"code.seconds": [(LAST, 30.0)]}, MONDAY)

    assert found.trend == own


def test_what_is_not_known_has_no_trend() -> None:
    (found,) = filled(
        [SECONDS.unknown("no check has run")], {"code.seconds": [(LAST, 30.0)]}, MONDAY
    )

    assert found.trend == []


def test_a_line_says_when_it_was(origin: Repository, here: Path) -> None:
    keep(here, MONDAY)

    (line,) = kept(origin)
    assert line["day"] == str(MONDAY)
    assert str(line["commit"]) == origin.git("rev-parse", "--short=12", "main")
