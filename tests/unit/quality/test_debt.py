from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from keel.quality.change import debt
from keel.quality.change import gather as change
from keel.quality.change.debt import Entry
from keel.quality.records.figures import Figure, State
from keel.quality.records.settings import Debt

TODAY = date(2026, 11, 23)
CAME = date(2026, 1, 15)
ENTRY = {
    "what": "Zones are written into the code",
    "where": "src/a.py",
    "interest": {"hours": 2, "every": "month", "why": "Each new zone is a release"},
    "principal": 16,
    "owner": "ada",
}


def entry(**fields: Any) -> Entry:
    return Entry.model_validate({**ENTRY, **fields})


def figure(name: str, *entries: Entry) -> Figure:
    register = {f"debt-{n}": one for n, one in enumerate(entries)}
    found = debt.figures(register, CAME, TODAY, Debt())
    return next(one for one in found if one.name == name)


def problems(root: Path, content: object, **code: str) -> list[str]:
    (root / "docs/quality").mkdir(parents=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (root / debt.FILE).write_text(text)
    for name, source in code.items():
        (root / f"{name}.py").write_text(source)
    return change.problems(change.gather(root, TODAY))


@pytest.mark.parametrize(
    ("hours", "every", "month"),
    [(2, "month", 2), (6, "quarter", 2), (12, "year", 1), (3, "week", 13), (0.3, "day", 6.5)],
)
def test_interest_is_told_in_hours_a_month(hours: float, every: str, month: float) -> None:
    found = entry(interest={"hours": hours, "every": every, "why": "x"}).interest

    assert found.month == pytest.approx(month)


def test_the_interest_of_what_is_not_paid_is_added_up() -> None:
    one = entry(interest={"hours": 20, "every": "month", "why": "x"})
    paid = entry(since="2026-01-01", paid="2026-05-10")

    found = figure("debt.interest", one, entry(), paid)

    assert found.value == 22
    assert found.state == State.WATCH
    assert found.events == 2


def test_the_trend_of_interest_falls_when_a_debt_is_paid() -> None:
    paid = entry(since="2026-02-10", paid="2026-05-10")

    trend = dict(figure("debt.interest", paid).trend)

    assert [trend[date(2026, month, 1)] for month in (3, 5, 6)] == [2, 2, 0]
    assert min(trend) == date(2026, 3, 1)  # before, nobody had written anything down


def test_without_days_a_debt_is_there_since_the_register_and_due_half_a_year_later() -> None:
    found = debt.dated(entry(), CAME)

    assert (found.since, found.by) == (CAME, date(2026, 7, 15))


def test_what_is_overdue_is_named() -> None:
    found = figure("debt.age", entry(by="2026-11-22"), entry(by="2026-11-23"))

    assert found.state == State.WATCH
    assert found.details == ["debt-0: was due by 2026-11-22"]


def test_what_was_paid_within_a_year_counts() -> None:
    long_ago = entry(since="2024-01-01", paid="2025-11-01")

    found = figure("debt.paid", entry(paid="2026-10-01"), long_ago)

    assert (found.value, found.events) == (16, 1)


def test_an_empty_register_says_that_nobody_has_written_one() -> None:
    assert figure("debt.interest").state == State.UNKNOWN


def test_a_marker_that_names_an_entry_is_fine(tmp_path: Path) -> None:
    assert problems(tmp_path, {"zones": ENTRY}, a="x = 1  # debt: zones, see there\n") == []


def test_a_marker_without_an_entry_is_a_problem(tmp_path: Path) -> None:
    [found] = problems(tmp_path, {"zones": ENTRY}, a="x = 1\n# debt: zone\n")

    assert found == f"a.py:2: {debt.FILE} has no debt 'zone': add it; it has zones"


def test_a_marker_of_a_debt_that_is_paid_is_a_problem(tmp_path: Path) -> None:
    register = {"zones": {**ENTRY, "paid": "2026-11-01"}}

    [found] = problems(tmp_path, register, a="# debt: zones\n")

    assert "a.py:1: zones is paid" in found


def test_a_marker_is_a_problem_also_without_a_register(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# debt: zones\n")

    assert "a.py:1" in change.problems(change.gather(tmp_path, TODAY))[0]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"owner": ""}, "zones.owner is ''"),
        ({"principal": -1}, "zones.principal is -1"),
        ({"prinzipal": 1}, "zones.prinzipal is not known"),
        ({"since": "2027-01-01"}, "since is '2027-01-01': that is still to come"),
        ({"paid": "2027-01-01"}, "paid is '2027-01-01': that is still to come"),
        ({"since": "2026-05-01", "by": "2026-04-01"}, "by is 2026-04-01, before since"),
        ({"since": "2026-02-31"}, "zones.since is '2026-02-31'"),
        ({"interest": {"hours": 1, "every": "moon", "why": "x"}}, "every is 'moon'"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(
    tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    [found] = problems(tmp_path, {"zones": {**ENTRY, **fields}})

    assert found.startswith(debt.FILE)
    assert said in found


def test_an_entry_that_comes_twice_is_not_lost_without_a_word(tmp_path: Path) -> None:
    text = yaml.safe_dump({"zones": ENTRY})

    [found] = problems(tmp_path, text + text)

    assert "'zones' comes twice" in found


def test_what_is_not_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    [found] = problems(tmp_path, "zones:\n  what: a: b\n")

    assert found.startswith(f"{debt.FILE}:2: it is not YAML")
