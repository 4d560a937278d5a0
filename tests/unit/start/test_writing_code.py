"""Columns as code, and how the worked example is known again."""

import importlib.util
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import plans
import pytest
import rendered

from keel.start.plan import Column, Type, Use
from keel.start.writing import placing
from keel.start.writing.code import coded, literal, room
from keel.start.writing.placing import example
from keel.start.writing.showing import shown
from keel.start.writing.splitting import split_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("low", "high", "whole", "bounds"),
    [
        (18, 92, True, (0, 170)),
        (1998, 2020, True, (1970, 2050)),  # far from 0: room on both sides
        (-3.5, 31.2, False, (-40.0, 70.0)),
        (-20, -5, True, (-40, 0)),
        (0.0, 0.4, False, (0.0, 0.8)),
        (7, 7, True, (0, 14)),
    ],
)
def test_ranges_leave_room(
    low: float, high: float, whole: bool, bounds: tuple[float, float]
) -> None:
    assert room(low, high, whole=whole) == bounds


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (12_000, "12_000"),
        (0.5, "0.5"),
        ("it's", '"it\'s"'),
        (date(2024, 2, 3), "date(2024, 2, 3)"),
        (datetime(2024, 2, 3, 12, tzinfo=UTC), "datetime(2024, 2, 3, 12, tzinfo=UTC)"),
    ],
)
def test_values_are_written_as_code(value: object, code: str) -> None:
    assert literal(value, zoned=isinstance(value, datetime)) == code


@pytest.mark.parametrize("name", plans.PLANS)
def test_builders_have_a_value_of_no_person(name: str, tmp_path: Path) -> None:
    plan = plans.PLANS[name](tmp_path / "table.csv")
    columns = tuple(replace(column, typical="Ada") for column in plan.columns if column.personal)

    for column in coded(replace(plan, columns=(*columns, *plan.columns))):
        assert column.usual != "Ada"


def test_a_label_of_two_numbers_names_the_one_that_means_yes(tmp_path: Path) -> None:
    target = Column(
        *("left", Type.YES_NO, Use.TARGET, ""),
        values=(1, 2),
        low=1,
        high=2,
        typical=1,
        true=2,
        identifier="left",
    )
    plan = replace(plans.customers(tmp_path / "table.csv"), columns=(target,))

    (column,) = coded(plan)

    assert column.in_table == "dy.Int64(min=1, max=2, nullable=True, metadata=afterwards(true=2))"


def test_a_time_splits_before_a_group_that_nobody_asked_for(tmp_path: Path) -> None:
    plan = plans.requests(tmp_path / "table.csv")
    group = Column("house", Type.TEXT, Use.GROUP, "", distinct=90, identifier="house")
    both = replace(plan, columns=(*plan.columns, group))

    assert split_of(both).by == "time"
    assert split_of(replace(both, answers={"group": "house"})).by == "group"


@pytest.mark.parametrize("name", plans.PLANS)
def test_what_is_shown_fits_and_tells_nothing_of_persons(name: str, tmp_path: Path) -> None:
    plan = plans.PLANS[name](tmp_path / "table.csv")
    email = Column(
        *("mail", Type.TEXT, Use.PERSONAL, "e-mails"),
        values=("ada@mail.example",),
        low="ada@mail.example",
        high="bob@mail.example",
        distinct=2,
        identifier="mail",
        personal=True,
    )

    lines = list(shown(replace(plan, columns=(*plan.columns, email)), 80))

    assert max(map(len, lines)) <= 80
    assert "@" not in "\n".join(lines)
    assert all(any(line.startswith(column.name[:9]) for line in lines) for column in plan.columns)


def test_names_stay_apart_where_they_are_too_long(tmp_path: Path) -> None:
    plan = plans.requests(tmp_path / "table.csv")
    long = [f"nights_of_all_the_guests_of_this_booking_{day}" for day in ("weekdays", "weekend")]
    nights = [Column(n, Type.WHOLE, Use.FEATURE, "", low=0, high=9, identifier=n) for n in long]

    lines = list(shown(replace(plan, columns=(*plan.columns, *nights)), 80))

    assert max(map(len, lines)) <= 80
    assert len({line.split()[0] for line in lines if line.startswith("nights_of")}) == 2


def test_the_worked_example_is_known_again() -> None:
    """After a change of the template: `uv run python scripts/example.py`."""
    spec = importlib.util.spec_from_file_location("example", ROOT / "scripts/example.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    now = script.digests()

    assert now.keys() == set(script.ABOUT_IT)
    assert [name for name, digest in now.items() if digest not in example()[name]] == []


@pytest.mark.parametrize("package", ["late", "ns", "noon", "flight_delay"])
def test_no_package_name_makes_the_example_look_edited(package: str, tmp_path: Path) -> None:
    root = rendered.project(tmp_path / "made", package_name=package, ci="github")
    made = placing.Project.at(root, package)

    names = [name.replace("{package}", package) for name in example()]
    there = [name for name in names if (root / name).exists()]

    assert len(there) > 20
    assert [name for name in there if not made.is_ours(name)] == []


def test_a_key_that_is_a_number_may_grow(tmp_path: Path) -> None:
    key = next(c for c in coded(plans.requests(tmp_path / "table.csv")) if c.is_key)

    assert key.in_table == "dy.Int64(primary_key=True, metadata=ahead())"
