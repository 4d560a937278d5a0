"""What often ruins a project is said, with its figures, and not where it is not so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from csv_files import chance, look, write

from keel.project.errors import UserError
from keel.start.plan import Plan, Use

ROWS = 300


def orders(**columns: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Orders of three hundred days, of which a third comes back; and other columns."""
    random = chance(2)
    return {
        "order_id": random.sample(range(1_000, 9_999), ROWS),
        "price": [round(random.uniform(5, 90), 2) for _ in range(ROWS)],
        "weight": [round(random.gauss(2, 0.3), 3) for _ in range(ROWS)],
        "returned": random.choices(["yes", "no", "no"], k=ROWS),
        **columns,
    }


def looked(folder: Path, target: str = "returned", **columns: Sequence[Any]) -> Plan:
    return look(write(folder, orders(**columns)), target=target)


def said(plan: Plan, column: str) -> str:
    """All that is said of a column."""
    return "\n".join(each.sentence for each in plan.warnings if each.column == column)


def use(plan: Plan, name: str) -> Use:
    return next(column.use for column in plan.columns if column.name == name)


OTHERS = [float(18 + row % 70) for row in range(ROWS)]


def some(value: object, others: Sequence[Any] = OTHERS) -> list[Any]:
    """The others, with a value in every twentieth row."""
    return [value if row % 20 == 3 else other for row, other in enumerate(others)]


BORN = [date(1950, 1, 1) + timedelta(days=70 * row) for row in range(ROWS)]


@pytest.mark.parametrize("value", [999, -1, 9999, 0, -999, 1e6, "1900-01-01", "9999-12-31"])
def test_a_value_far_from_all_others_that_comes_again_is_asked_about(
    tmp_path: Path, value: object
) -> None:
    others = BORN if isinstance(value, str) else OTHERS

    asked = said(looked(tmp_path, since=some(value, others)), "since")

    assert "in 5.00% of the rows, and" in asked


@pytest.mark.parametrize(
    "values",
    [
        [0 if row % 3 else row for row in range(ROWS)],  # sales, of which many are none
        [row % 40 - 1 for row in range(ROWS)],  # degrees, seldom below 0
        [999 if row == 7 else row % 70 for row in range(ROWS)],  # once: a slip of the pen
        [100 if row % 9 == 0 else row % 96 for row in range(ROWS)],  # the best mark
        [row**3 for row in range(ROWS)],  # no two are near each other
        [0 if row % 9 == 0 else 10 * (row % 5) for row in range(ROWS)],  # doses
        [1e6 if row == 5 else 1.1 ** (row % 100) for row in range(ROWS)],  # incomes
    ],
)
def test_nothing_is_asked_where_values_go_on(tmp_path: Path, values: list[float]) -> None:
    assert said(looked(tmp_path, amount=values), "amount") == ""


def patients(folder: Path, *, alike: float, **answers: Any) -> str:
    """What is said of patients with three visits each, whose outcomes are alike in some."""
    random = chance(5)
    own = [random.choice(["yes", "no"]) for _ in range(ROWS // 3)]
    returned = [
        own[row // 3] if random.random() < alike else random.choice(["yes", "no"])
        for row in range(ROWS)
    ]
    visits: dict[str, Sequence[Any]] = {
        "patient_no": [1_000 + row // 3 for row in range(ROWS)],
        "seen": [date(2027, 1, 1) + timedelta(days=row * 37 % 300) for row in range(ROWS)],
        "returned": returned,
    }
    file = write(folder, {**orders(), **visits})
    return said(look(file, target="returned", **answers), "patient_no")


def test_a_group_whose_rows_have_the_label_in_common_is_proposed(tmp_path: Path) -> None:
    assert "have returned in common" in patients(tmp_path, alike=0.9)


def test_a_group_is_not_proposed_where_it_is_one_or_says_nothing(tmp_path: Path) -> None:
    assert patients(tmp_path, alike=0) == ""
    assert "in common" not in patients(tmp_path, alike=0.9, group="patient_no")
    assert "in common" not in patients(tmp_path, alike=0.9, time="")


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ([f"{row % 5} {'kg' if row % 2 else 'lb'}" for row in range(ROWS)], "with 'kg' and 'lb', "),
        ([f"{row} {'kg' if row % 2 else 'lb'}" for row in range(ROWS)], "with 'kg' and 'lb', "),
        ([f'"{{""a"": {row % 5}}}"' for row in range(ROWS)], "several values in one, "),
    ],
)
def test_what_is_no_plain_value_is_told(tmp_path: Path, cells: list[str], what: str) -> None:
    assert what in said(looked(tmp_path, cell=cells), "cell")


def test_a_row_that_sums_up_the_others_is_told(tmp_path: Path) -> None:
    table = orders()
    last = {"order_id": "Summe", "price": 14_000, "weight": "", "returned": ""}
    file = write(tmp_path, {name: [*values, last[name]] for name, values in table.items()})

    assert "sums up the others" in said(look(file, target="returned"), "order_id")


def test_of_a_good_table_nothing_is_said(tmp_path: Path) -> None:
    assert looked(tmp_path).warnings == ()


@pytest.mark.parametrize(
    "refund",
    [
        [9.5 if returned == "yes" else 0 for returned in orders()["returned"]],
        ["2027" if returned == "yes" else "" for returned in orders()["returned"]],
        [f"broken part {row}" * (r == "yes") for row, r in enumerate(orders()["returned"])],
        [row + 1_000 * (r == "yes") for row, r in enumerate(orders()["returned"])],
        [row - 1_000 * (r == "yes") for row, r in enumerate(orders()["returned"])],
    ],
    ids=["a number", "given or null", "text or null", "a measure", "a measure that falls"],
)
def test_a_column_that_gives_yes_or_no_away_is_known_afterwards(
    tmp_path: Path, refund: list[Any]
) -> None:
    plan = looked(tmp_path, refund=refund)

    assert use(plan, "refund") == Use.AFTERWARDS
    assert "nearly tells returned: AUC 1.000" in said(plan, "refund")


def test_a_column_that_gives_a_number_away_is_known_afterwards(tmp_path: Path) -> None:
    prices = orders()["price"]
    plan = looked(tmp_path, "price", gross=[round(price * 1.19, 2) for price in prices])

    assert use(plan, "gross") == Use.AFTERWARDS
    assert "R² 1.000" in said(plan, "gross")


def test_a_column_that_gives_a_class_away_is_known_afterwards(tmp_path: Path) -> None:
    kinds = chance(3).choices(["book", "shoe", "lamp"], k=ROWS)
    plan = looked(tmp_path, "kind", kind=kinds, code=[kind[0] for kind in kinds])

    assert use(plan, "code") == Use.AFTERWARDS


def test_a_column_that_only_helps_stays_a_feature(tmp_path: Path) -> None:
    random = chance(4)
    hint = [random.random() + 0.5 * (r == "yes") for r in orders()["returned"]]

    assert use(looked(tmp_path, hint=hint), "hint") == Use.FEATURE


def test_a_reason_of_the_target_is_known_afterwards_by_its_name(tmp_path: Path) -> None:
    plan = looked(tmp_path, return_reason=chance(5).choices(["size", "colour", "none yet"], k=ROWS))

    assert use(plan, "return_reason") == Use.AFTERWARDS


def test_a_value_that_is_there_only_after_a_yes_is_known_afterwards(tmp_path: Path) -> None:
    random = chance(7)
    boat = [
        random.randint(1, 16) if r == "yes" and random.random() < 0.93 else ""
        for r in orders()["returned"]
    ]

    plan = looked(tmp_path, boat=boat)

    assert use(plan, "boat") == Use.AFTERWARDS
    assert "whether it has a value nearly tells returned: AUC 0.9" in said(plan, "boat")


def test_a_date_after_the_time_is_known_afterwards(tmp_path: Path) -> None:
    sent = [day + timedelta(days=2) for day in DAYS]

    plan = looked(tmp_path, sold=DAYS, sent=sent)

    assert use(plan, "sent") == Use.AFTERWARDS
    assert "it is after sold in 100% of the rows" in said(plan, "sent")


def test_a_person_says_what_is_known_ahead_and_what_afterwards(tmp_path: Path) -> None:
    file = write(tmp_path, orders(sold=DAYS, sent=[day + timedelta(days=2) for day in DAYS]))

    plan = look(file, target="returned", ahead=["sent"], afterwards=["price"])

    assert use(plan, "sent") == Use.FEATURE
    assert use(plan, "price") == Use.AFTERWARDS
    assert said(plan, "sent") == ""


def test_a_column_is_not_both_known_and_not_known(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name another column as the outcome: price is the feature"):
        look(write(tmp_path, orders()), target="returned", ahead=["price"], afterwards=["price"])


def test_an_id_that_rises_with_the_target_is_said(tmp_path: Path) -> None:
    returned = ["no"] * 200 + ["yes"] * 100

    plan = looked(tmp_path, returned=returned, order_id=range(1_001, 1_301))

    assert "rises with returned (rank correlation 0.8" in said(plan, "order_id")


def test_constants_and_what_is_null_are_left_out(tmp_path: Path) -> None:
    plan = looked(tmp_path, shop=["Bonn"] * ROWS, fax=[""] * ROWS, gift=["x", *[""] * 299])

    assert {use(plan, name) for name in ("shop", "fax", "gift")} == {Use.LEFT_OUT}
    assert said(plan, "shop") == "it has one value in all 300 rows"
    assert said(plan, "fax") == "it is null in all rows"
    assert said(plan, "gift") == "it is null in 99.7% of the rows"


def test_a_copy_of_a_column_is_left_out(tmp_path: Path) -> None:
    plan = looked(tmp_path, cost=orders()["price"])

    assert use(plan, "cost") == Use.LEFT_OUT
    assert next(each.reason for each in plan.columns if each.name == "cost") == (
        "it is the same as price"
    )


def test_duplicates_are_counted(tmp_path: Path) -> None:
    columns = {name: [*values[:290], *values[:10]] for name, values in orders().items()}

    plan = look(write(tmp_path, columns), target="returned", key="")

    assert "rows that are the same as another: 10 of 300" in said(plan, "")
    assert "values of it are in several rows: 10, the first in 1 and 291" in said(plan, "order_id")


def test_an_id_of_which_rows_are_there_twice_is_the_key(tmp_path: Path) -> None:
    columns = {name: [*values[:290], *values[:10]] for name, values in orders().items()}

    plan = look(write(tmp_path, columns), target="returned")

    assert plan.key == ("order_id",)
    assert "They are copies, of which one is kept" in said(plan, "order_id")
    assert said(plan, "") == ""


@pytest.mark.parametrize(("times", "key"), [(1, ("order_id",)), (2, ())])
def test_so_many_rows_of_an_id_may_differ_as_may_be_set_aside(
    tmp_path: Path, times: int, key: tuple[str, ...]
) -> None:
    ids = [f"O{row + 1000}" for row in range(ROWS)]

    plan = looked(tmp_path, order_id=[*ids[:-times], *ids[:times]])

    assert plan.key == key
    assert f"values of it are in several rows: {times}" in said(plan, "order_id")


def test_a_category_with_many_values_is_left_out(tmp_path: Path) -> None:
    plan = looked(tmp_path, town=[f"town {row % 150}" for row in range(ROWS)])

    assert use(plan, "town") == Use.LEFT_OUT
    assert said(plan, "town") == "it is text with 150 different values, 2.0 rows of each"


def test_a_class_with_few_rows_is_said(tmp_path: Path) -> None:
    plan = looked(tmp_path, returned=["yes"] * 12 + ["no"] * 288)

    assert said(plan, "returned") == "few rows of a class: 'yes' has 12 of 300"


def test_few_rows_are_said(tmp_path: Path) -> None:
    few = {name: values[:60] for name, values in orders().items()}

    plan = look(write(tmp_path, few), target="returned")

    assert "the table has 60 rows" in said(plan, "")


DAYS = [date(2026, 1, 1) + timedelta(days=row) for row in range(ROWS)]


def test_a_date_that_is_written_as_text_is_said(tmp_path: Path) -> None:
    plan = looked(tmp_path, day=[day.strftime("%d.%m.%Y") for day in DAYS])

    assert "a date that is written as %d.%m.%Y" in said(plan, "day")


def test_a_date_whose_day_could_be_the_month_is_said(tmp_path: Path) -> None:
    plan = looked(tmp_path, day=[f"0{row % 9 + 1}/0{row % 7 + 1}/2026" for row in range(ROWS)])

    assert "all its values could be %m/%d/%Y" in said(plan, "day")


def test_a_time_without_a_zone_is_said(tmp_path: Path) -> None:
    file = write(tmp_path, orders(sold=[f"{day} 10:00:00" for day in DAYS]))

    silent, spoken = (
        look(file, target="returned"),
        look(file, target="returned", zone="Europe/Rome"),
    )

    assert "names no zone, and is taken as UTC" in said(silent, "sold")
    assert said(spoken, "sold") == ""


def test_a_unit_that_changes_between_rows_is_said(tmp_path: Path) -> None:
    weights = [w * (1_000 if row % 3 else 1) for row, w in enumerate(orders()["weight"])]

    assert "two heaps: 100 about 1.99" in said(looked(tmp_path, weight=weights), "weight")


def test_a_unit_that_changes_over_time_is_said(tmp_path: Path) -> None:
    prices = [p * (1 if row < 180 else 100) for row, p in enumerate(orders()["price"])]

    plan = looked(tmp_path, price=prices, day=DAYS)

    assert "and stays there" in said(plan, "price")
    assert "2026-06-30" in said(plan, "price")


def test_values_of_another_type_are_counted_and_quoted(tmp_path: Path) -> None:
    prices = ["free", *orders()["price"][1:]]

    plan = looked(tmp_path, price=prices)

    assert said(plan, "price") == "1 of its values are no number, such as 'free' in row 1"
    assert use(plan, "price") == Use.FEATURE


def test_infinite_values_are_counted(tmp_path: Path) -> None:
    plan = looked(tmp_path, price=["inf", *orders()["price"][1:]])

    assert said(plan, "price") == "1 of its values are infinite"


def test_amounts_in_several_units_are_said(tmp_path: Path) -> None:
    prices = orders()["price"]

    plan = looked(tmp_path, price=[f"{'$€'[row % 2]}{prices[row]}" for row in range(ROWS)])

    assert "its numbers are written with '$' and '€', as '$" in said(plan, "price")
    assert use(plan, "price") == Use.LEFT_OUT


def test_a_value_in_two_spellings_is_said(tmp_path: Path) -> None:
    plan = looked(tmp_path, colour=["red", "Red", "blue"] * 100)

    assert said(plan, "colour") == "some values are spelled in several ways, such as 'Red', 'red'"


def test_a_letter_that_few_rows_lack_is_a_typo(tmp_path: Path) -> None:
    towns = [*["Hamburg"] * 100, *["Hamurg"] * 2, *["Bremen"] * 198]

    plan = looked(tmp_path, town=towns)

    assert said(plan, "town") == (
        "some values are spelled in several ways, such as 'Hamburg', 'Hamurg'"
    )


@pytest.mark.parametrize(
    "words", [["Hamburg", "Hamurg"], ["room 12", "room 1"], ["male", "mle"], ["north", "south"]]
)
def test_words_that_may_be_others_are_no_typos(tmp_path: Path, words: list[str]) -> None:
    rare = words[1:] * (2 if words[0] != "Hamburg" else 30)

    plan = looked(tmp_path, word=[*words[:1] * (ROWS - len(rare)), *rare])

    assert said(plan, "word") == ""


def test_words_for_no_value_among_others_are_said(tmp_path: Path) -> None:
    country = [*["?"] * 20, *["unknown"] * 10, *["none"] * 10, *["PRT", "GBR"] * 130]

    plan = looked(tmp_path, country=country)

    assert said(plan, "country") == "'?' and 'unknown' may stand for no value, in 30 rows"


def test_personal_and_sensitive_columns_are_said(tmp_path: Path) -> None:
    mails = [f"p{row}@example.org" for row in range(ROWS)]

    plan = looked(tmp_path, mail=mails, religion=chance(6).choices("abc", k=ROWS))

    assert said(plan, "mail") == "it is personal: never a feature, never logged"
    assert "sensitive: religion" in said(plan, "religion")
