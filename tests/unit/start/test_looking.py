"""What each column is taken for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from csv_files import ROWS, churn, look, write

from keel.start.looking.look import Survey
from keel.start.plan import Column, Plan, Use

DAYS = [date(2027, 1, 1) + timedelta(days=row) for row in range(ROWS)]


def looked(folder: Path, **columns: Sequence[Any]) -> Column:
    """What the first of these columns is taken for, beside the customers' others."""
    plan = look(write(folder, churn(**columns)), target="churned")
    return named(plan, next(iter(columns)))


def named(plan: Plan, name: str) -> Column:
    return next(column for column in plan.columns if column.name == name)


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["1", "25", "-3"], "whole number"),
        (["1.0", "25.0", ""], "whole number"),
        (["1.5", "2", "3"], "number"),
        (["0", "1", "1"], "yes or no"),
        (["1", "2", "2"], "yes or no"),
        (["yes", "no", "no"], "yes or no"),
        (["Y", "N", ""], "yes or no"),
        (["True", "False", "True"], "yes or no"),
        (["ja", "nein", "nein"], "yes or no"),
        (["oui", "non", "non"], "yes or no"),
        (["red", "green", "blue"], "category"),
        (["Yes", "yes", "No"], "category"),
        (["007", "008", "100"], "category"),
        (["", "", ""], "nothing"),
        (["2027-01-31", "2027-02-01", ""], "date"),
        (["31.01.2027", "01.02.2027", ""], "date"),
        (["2027-01-31 10:00:00", "2027-01-31 10:00:00.5", ""], "date and time"),
        (["2027-01-31T10:00:00Z", "2027-02-01T10:00:00+01:00", ""], "date and time"),
        (["1/31/2027 3:05 PM", "2/1/2027 3:05 PM", ""], "date and time"),
        (["1.2.3", "1.2.4", "2.0.0"], "category"),
        (["555-1234", "555-1235", "555-1236"], "category"),
    ],
)
def test_the_type_is_found(tmp_path: Path, values: list[str], type_: str) -> None:
    assert looked(tmp_path, thing=values * 20).type == type_


@pytest.mark.parametrize(
    ("written", "form", "zone"),
    [
        ("%Y-%m-%d", None, None),
        ("%d.%m.%Y", "%d.%m.%Y", None),
        ("%m/%d/%Y", "%m/%d/%Y", None),
        ("%d %b %Y", "%d %b %Y", None),
        ("%Y%m%d", "%Y%m%d", None),
        ("%Y-%m-%d %H:%M:%S", None, None),
        ("%Y-%m-%dT%H:%M:%SZ", None, "UTC"),
        ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M", None),
        ("%Y-%m-%d %H:%M UTC", "%Y-%m-%d %H:%M UTC", "UTC"),
    ],
)
def test_how_dates_are_written_is_found(
    tmp_path: Path, written: str, form: str | None, zone: str | None
) -> None:
    column = looked(tmp_path, day=[day.strftime(written) for day in DAYS])

    assert (column.form, column.zone) == (form, zone)
    assert str(column.low).startswith("2027-01-01")
    assert str(column.high).startswith("2027-03-01")


def test_what_is_rare_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keel.start.looking.counting.TYPED", 20)  # each third row
    flag, amount, answer = [0, 1] * 30, [1, 2, 4] * 20, ["yes", "no"] * 30
    flag[1], amount[1], answer[1] = 2, 2.5, "perhaps"  # type: ignore[call-overload]

    plan = look(write(tmp_path, churn(flag=flag, amount=amount, answer=answer)), target="churned")

    types = [str(named(plan, name).type) for name in ("flag", "amount", "answer")]
    assert types == ["whole number", "number", "category"]


def test_seconds_since_1970_are_a_moment_where_the_name_says_so(tmp_path: Path) -> None:
    seconds = [1_800_000_000 + 3_600 * row for row in range(ROWS)]

    moment = looked(tmp_path, created_time=seconds)
    number = looked(tmp_path, revenue=seconds)

    assert (moment.type, moment.form) == ("date and time", "epoch:s")
    assert moment.low == datetime.fromtimestamp(1_800_000_000, UTC)
    assert number.type == "whole number"


def test_text_with_a_value_for_each_row_is_left_out(tmp_path: Path) -> None:
    column = looked(tmp_path, remark=[f"word{row}x" for row in range(ROWS)])

    assert (column.type, column.use) == ("text", Use.LEFT_OUT)
    assert "60 different values" in column.reason


def test_sentences_stay(tmp_path: Path) -> None:
    column = looked(tmp_path, remark=[f"called {row} times about the bill" for row in range(ROWS)])

    assert (column.type, column.use) == ("text", Use.FEATURE)


def test_range_nulls_and_values_are_counted(tmp_path: Path) -> None:
    plan = look(
        write(tmp_path, churn(n=["", 5, 9] * 20, colour=["red", "red", "blue"] * 20)),
        target="churned",
    )

    number, colour = named(plan, "n"), named(plan, "colour")
    assert (number.low, number.high, round(number.nulls, 3)) == (5, 9, 0.333)
    assert (colour.values, colour.distinct, colour.typical) == (("red", "blue"), 2, "red")


def test_parquet_is_taken_by_its_types(tmp_path: Path) -> None:
    columns = churn(day=DAYS, flag=[True, False] * 30, colour=["red", "blue"] * 30, bag=[[1]] * 60)
    pl.DataFrame(columns).write_parquet(tmp_path / "t.parquet")

    plan = look(tmp_path / "t.parquet", target="churned")

    types = {column.name: str(column.type) for column in plan.columns}
    assert types["day"] == "date"
    assert types["flag"] == "yes or no"
    assert types["colour"] == "category"
    assert named(plan, "flag").values == (False, True)
    assert named(plan, "bag").use == Use.LEFT_OUT


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("customer_id", range(101, 161)),
        ("PassengerId", range(1, 61)),
        ("uuid", [f"{row:08x}-0000-4000-8000-000000000000" for row in range(60)]),
        ("", range(60)),
        ("code", [f"C{row:04}" for row in range(60)]),
    ],
)
def test_the_key_is_found(tmp_path: Path, name: str, values: Sequence[Any]) -> None:
    others = {column: said for column, said in churn().items() if column != "customer_id"}

    plan = look(write(tmp_path, {name: list(values), **others}), target="churned")

    assert plan.key == (name,)
    assert named(plan, name).use == Use.KEY


def test_a_measure_that_happens_to_be_unique_is_no_key(tmp_path: Path) -> None:
    others = {name: values for name, values in churn().items() if name != "customer_id"}
    salary = [31_000 + 17 * row for row in range(ROWS)]

    plan = look(write(tmp_path, {"salary": salary, **others}), target="churned")

    assert plan.key == ()
    assert named(plan, "salary").use == Use.FEATURE


def test_leading_zeros_keep_an_id_text(tmp_path: Path) -> None:
    ids = [f"{row:05}" for row in range(ROWS)]

    plan = look(write(tmp_path, churn(customer_id=ids)), target="churned")

    assert (named(plan, "customer_id").type, plan.key) == ("text", ("customer_id",))


def panel() -> dict[str, list[Any]]:
    """Ten months of twelve patients."""
    return {
        "patient_id": [row % 12 for row in range(120)],
        "month": [date(2027, 1 + row // 12, 1) for row in range(120)],
        "pressure": [100 + row * 13 % 41 + 0.5 for row in range(120)],
        "ill": ["yes" if row * 7 % 5 == 0 else "no" for row in range(120)],
    }


def test_the_group_the_time_and_both_as_key_are_found(tmp_path: Path) -> None:
    plan = look(write(tmp_path, panel()), target="ill")

    assert named(plan, "patient_id").use == Use.GROUP
    assert named(plan, "month").use == Use.TIME
    assert plan.key == ("patient_id", "month")


def test_what_a_person_says_goes_before_what_was_found(tmp_path: Path) -> None:
    plan = look(write(tmp_path, panel()), target="ill", time="", group="", key="")

    assert plan.key == ()
    assert not plan.named(Use.TIME)
    assert not plan.named(Use.GROUP)
    assert plan.answers["time"] == ""


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("contact", [f"p{row}@example.org" for row in range(ROWS)]),
        ("e_mail", [f"p{row}" for row in range(ROWS)]),
        ("call", [f"+49 30 1234{row:03}" for row in range(ROWS)]),
        ("source", [f"192.168.0.{row}" for row in range(ROWS)]),
        ("first_name", ["Ada", "Grace", "Edsger"] * 20),
        ("name", [f"{chr(65 + row % 26)}da {chr(65 + row // 3)}ovelace" for row in range(ROWS)]),
        ("Geburtsdatum", [day.replace(year=1980) for day in DAYS]),
        ("street", [f"Hill Road {row}" for row in range(ROWS)]),
    ],
)
def test_personal_columns_are_never_features(
    tmp_path: Path, name: str, values: Sequence[Any]
) -> None:
    column = looked(tmp_path, **{name: values})

    assert (column.use, column.personal) == (Use.PERSONAL, True)
    assert (column.values, column.low, column.high, column.typical) == ((), None, None, None)


@pytest.mark.parametrize(
    ("name", "values"),
    [("phone_service", ["yes", "no", "none"] * 20), ("phone calls", range(ROWS))],
)
def test_what_is_about_a_phone_is_no_number_of_one(
    tmp_path: Path, name: str, values: Sequence[Any]
) -> None:
    assert not looked(tmp_path, **{name: values}).personal


def test_names_with_titles_are_persons(tmp_path: Path) -> None:
    names = [
        f'"{chr(65 + row % 26)}ba, Mrs. Jo{row * "n"} (Ada ""May"" O\'Neill)"' for row in range(60)
    ]

    assert looked(tmp_path, Name=names).personal


def test_people_who_come_several_times_are_persons_and_things_are_not(tmp_path: Path) -> None:
    people = [f"{first} {last}" for first in ("Ana", "Hubert", "Wei") for last in ("Roe", "Poe")]
    things = [f"{colour} {thing}" for colour in ("Red", "Blue") for thing in ("Chair", "Big Box")]

    assert looked(tmp_path, Name=people * 10).personal
    assert not looked(tmp_path, Name=things * 15).personal


def test_a_person_says_what_is_personal(tmp_path: Path) -> None:
    file = write(tmp_path, churn(crew=["a", "b"] * (ROWS // 2)))

    plan = Survey.of(file, tmp_path).with_personal(["CREW"]).plan(target="churned")

    assert named(plan, "crew").use == Use.PERSONAL


def test_na_among_codes_of_two_letters_is_one(tmp_path: Path) -> None:
    column = looked(tmp_path, country=["NA", "DE", "FR"] * 20)

    assert (set(column.values), column.nulls) == ({"NA", "DE", "FR"}, 0)


def test_a_blank_is_null(tmp_path: Path) -> None:
    column = looked(tmp_path, charges=[" ", "1.5", "2.5"] * 20)

    assert (column.type, round(column.nulls, 3)) == ("number", 0.333)


def test_a_cars_name_is_no_persons(tmp_path: Path) -> None:
    cars = [f"ford pinto {row // 2}" for row in range(ROWS)]

    assert not looked(tmp_path, name=cars).personal


@pytest.mark.parametrize("name", ["religion", "Gender", "sex", "race", "native-country"])
def test_sensitive_columns_are_for_slices_only(tmp_path: Path, name: str) -> None:
    column = looked(tmp_path, **{name: ["a", "b", "c"] * 20})

    assert (column.use, column.sensitive) == (Use.SLICE, True)


def test_typical_values_are_medians_and_what_several_rows_have(tmp_path: Path) -> None:
    wishes = ["a shorter way to the office", *["nothing in particular this year"] * 9]
    wishes += [f"a wish that only I have: number {row}" for row in range(50)]

    column = looked(tmp_path, wish=wishes)

    assert column.typical == "nothing in particular this year"
    assert column.values == ("nothing in particular this year",)


@pytest.mark.parametrize(
    ("values", "task", "true"),
    [
        (["yes", "no", "no"], "yes or no", "yes"),
        (["Y", "N", "N"], "yes or no", "Y"),
        (["true", "false", "false"], "yes or no", "true"),
        ([0, 1, 1], "yes or no", 1),
        ([1, 2, 2], "yes or no", 1),
        ([-1, 1, 1], "yes or no", 1),
        (["benign", "malignant", "malignant"], "yes or no", "malignant"),
        (["left", "right", "right"], "yes or no", "left"),
        (["Adelie", "Gentoo", "Chinstrap"], "one of several", None),
        ([0, 1, 2], "one of several", None),
        ([1.5, 2.5, 4], "a number", None),
    ],
)
def test_the_task_follows_from_the_target(
    tmp_path: Path, values: list[Any], task: str, true: object
) -> None:
    plan = look(write(tmp_path, churn(churned=values * 20)), target="churned")

    assert (plan.task, plan.target.true) == (task, true)


def test_few_whole_numbers_are_a_number_if_they_are_called_so(tmp_path: Path) -> None:
    visits = write(tmp_path, churn(doctor_visits=[0, 1, 2] * 20))

    assert look(visits, target="doctor_visits").task == "a number"
    assert look(visits, target="doctor_visits", task="one of several").task == "one of several"


def test_the_value_that_means_yes_can_be_said(tmp_path: Path) -> None:
    plan = look(write(tmp_path, churn()), target="churned", true="no")

    assert plan.target.true == "no"


def test_only_what_is_doubtful_is_asked(tmp_path: Path) -> None:
    survey = Survey.of(write(tmp_path, panel()), tmp_path / "scratch")

    first = survey.questions()
    then = survey.questions(target="ill")
    last = survey.questions(target="ill", time="month", group="")

    assert [question.name for question in first] == ["target"]
    assert {question.name: question.suggestion for question in then} == {
        "time": "month",
        "group": "patient_id",
    }
    assert last == []


def test_a_clear_table_leaves_only_the_target_to_say(tmp_path: Path) -> None:
    survey = Survey.of(write(tmp_path, churn()), tmp_path / "scratch")

    assert survey.questions()[0].suggestion == "churned"
    assert survey.questions(target="churned") == []


def test_two_values_that_say_nothing_are_asked(tmp_path: Path) -> None:
    file = write(tmp_path, churn(churned=["a", "a", "b"] * 20))
    survey = Survey.of(file, tmp_path / "scratch")

    asked = survey.questions(target="churned")

    assert [(each.name, each.choices, each.suggestion) for each in asked] == [
        ("true", ("a", "b"), "b")
    ]
