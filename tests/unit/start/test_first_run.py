"""Settings that a first run passes: the day of the split, quick data, rhythm, limits of gates."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import plans
import polars as pl
import pytest

from keel.project.task import YesNo
from keel.start.writing.measured import Eased, Measured, Rhythm, Split, beyond
from keel.start.writing.measuring import lax, some
from keel.start.writing.showing import doubts
from keel.start.writing.splitting import enough_rows, first_test_day, rhythm, share_from

DAYS = pl.Series([date(2021, 1, 1) + timedelta(days=number) for number in range(1000)])


def test_about_a_quarter_of_the_rows_test_from_the_first_of_a_month() -> None:
    day = first_test_day(DAYS, None)

    assert day.day == 1
    assert 0.2 < share_from(DAYS, day) < 0.3


@pytest.mark.parametrize("last", [100, 500, 650, 850])
def test_a_class_that_ends_early_is_on_both_sides(last: int) -> None:
    seldom = pl.Series(["rare" if n % 30 == 0 and n < last else "usual" for n in range(1000)])

    day = first_test_day(DAYS, seldom)

    assert seldom.filter(day <= DAYS).n_unique() == seldom.filter(day > DAYS).n_unique() == 2


def test_few_rows_to_learn_from_are_told(tmp_path: Path) -> None:
    measured = Measured(split=Split("time", test_from=date(2021, 3, 1), tested=0.9))

    (doubt,) = doubts(plans.rides(tmp_path / "t.csv"), measured)

    assert "the test begins on 2021-03-01, and only 10% of the rows train" in doubt


@pytest.mark.parametrize(("score", "low"), [(0.9, 0.88), (0.6, 0.3), (0.5, 0.0)])
def test_floors_of_the_quick_data_can_be_missed(tmp_path: Path, score: float, low: float) -> None:
    report = tmp_path / "slices.csv"
    report.write_text(
        f"model,metric,slice,rows,score,low,high\nmodel,auc,all,30,{score},{low},0.99\n"
    )
    store = SimpleNamespace(report=lambda _: report)
    run: Any = SimpleNamespace(store=store, project=SimpleNamespace(task=YesNo("label")))

    floor, of_slices = lax(run, "auc", 1)

    assert 0 < floor < score
    assert of_slices < floor


def test_where_no_day_has_each_class_on_both_sides_there_is_a_day_all_the_same() -> None:
    first = pl.Series(["rare" if number < 1 else "usual" for number in range(1000)])

    assert DAYS[0] < first_test_day(DAYS, first) <= DAYS[-1]


def test_two_days_are_one_for_each_side() -> None:
    days = pl.Series([date(2027, 1, 1)] * 9 + [date(2027, 1, 2)])

    assert first_test_day(days, None) == date(2027, 1, 2)


def test_quick_data_have_rows_of_the_rarest_class() -> None:
    classes = pl.Series(["a"] * 99_000 + ["b"] * 1_000)

    assert enough_rows(classes) == 4_000  # of which 40 are b
    assert enough_rows(None) == 2_000


def test_a_row_a_day_is_the_usual_rhythm() -> None:
    assert rhythm(DAYS) == Rhythm(gap=7, window=28, window_rows=21, label_days=7)


def test_labels_of_a_month_come_a_month_later() -> None:
    months = pl.Series([date(2020 + n // 12, n % 12 + 1, 1) for n in range(60) for _ in range(5)])

    monthly = rhythm(months)

    assert monthly.label_days >= 31
    assert monthly.window >= 14 * 31  # so that there are enough days to draw from
    assert monthly.window_rows <= 5 * monthly.window // 31


def test_rows_of_one_day_have_a_rhythm() -> None:
    assert rhythm(pl.Series([date(2027, 1, 1)] * 3)).window == 28


@pytest.mark.parametrize(
    ("value", "limit", "eased"),
    [(0.5, 1.0, None), (0.9, 1.0, 1.2), (3.0, 1.0, 3.8), (0.05, 0.05, 0.063)],
)
def test_a_limit_is_eased_only_where_it_would_be_missed(
    value: float, limit: float, eased: float | None
) -> None:
    assert beyond(value, limit) == eased


def test_a_shift_without_measure_switches_its_gate_off() -> None:
    assert beyond(float("inf"), 1.0) == float("inf")


def test_what_was_eased_is_told(tmp_path: Path) -> None:
    measured = Measured(eased=(Eased("psi", 3.8, "year has other values than before"),))

    told = list(doubts(plans.customers(tmp_path / "t.csv"), measured))

    assert told == ["year has other values than before, so gates.psi in conf/config.yaml is 3.8."]


@pytest.mark.parametrize(("rows", "enough"), [(600, 600), (10**6, 20_000)])
def test_a_first_run_takes_some_rows(rows: int, enough: int, tmp_path: Path) -> None:
    plan = plans.customers(tmp_path / "t.csv")

    assert some(replace(plan, rows=rows)) == enough


def test_a_first_run_takes_fewer_rows_of_a_wide_table(tmp_path: Path) -> None:
    plan = plans.customers(tmp_path / "t.csv")

    wide = replace(plan, rows=10**6, columns=plan.columns * 5)

    assert some(wide) == 10_000
