"""The pipeline reads a table as it was taken: no row breaks the schemas that are written for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from csv_files import churn, look, write

from keel.data.sources import Form, opened
from keel.data.validation import check
from keel.project.columns import afterwards, ahead
from keel.project.task import YesNo, task
from keel.start.plan import Plan, Use
from keel.start.writing.code import coded

SPELLINGS: dict[str, list[str]] = {
    "1 and 2 beside a point": ["1.0", "2.0"],
    "0 and 1 beside a point": ["0.0", "1.0", "1.0"],
    "two places": ["1.00", "2.00", "2.00"],
    "whole numbers beside nothing": ["1.0", "", "3.0", "17.0"],
    "0 and 1": ["0", "1", "1"],
    "minus one and one": ["-1", "1", "1"],
    "true in several cases": ["TRUE", "FALSE", "TRUE"],
    "yes in one case": ["Yes", "No", "Yes"],
    "yes in two cases": ["Yes", "yes", "No"],
    "blanks": [" yes", "no ", " yes"],
    "leading zeros": ["007", "008", "007", "012"],
    "signs": ["+1", "-2", "+3"],
    "points without places": ["1.", ".5", "2."],
    "powers": ["1e3", "2E-2", "3e0"],
    "thousands": ['"1,200"', '"12,300"', "700"],
    "thousands and places": ['"1,200.0"', '"12,300.0"', "700.0"],
    "euros before": ['"€ 1,104.50"', "€ 64.44", "€ 7.00"],
    "euros behind": ["1104.50 EUR", "64.44 EUR"],
    "shares": ["12 %", "3%", "7.5 %"],
    "weights beside nothing": ["3 kg", "-", "12.5 kg", "0.5kg"],
    "a word behind all": [f"{area} tatami" for area in range(30)],
    "brackets": ['"(1,200)"', "500", "(7)"],
    "dollars in brackets": ['"($1,200.50)"', "$500", "-$7"],
    "dates": ["2027-01-31", "2027-02-01"],
    "dates of another form": ["31.01.2027", "01.02.2027"],
    "moments": ["2027-01-31 12:00:00", "2027-02-01 13:30:00"],
    "moments with a T": ["2027-01-31T12:00:00", "2027-02-01T13:30:00"],
    "moments in UTC": ["2027-01-31T12:00:00Z", "2027-02-01T13:30:00Z"],
    "moments with an offset": ["2027-01-31T12:00:00+02:00", "2027-02-01T13:30:00+02:00"],
    "moments with parts of seconds": ["2027-01-31 12:00:00.250", "2027-02-01 13:30:00.500"],
    "moments without seconds": ["2027-01-31 12:00", "2027-02-01 13:30"],
    "words for nothing": ["1.5", "NA", "2.5", "-"],
    "quotes": ['"a ""b"""', "it's", '"a ""b"""'],
    "signs of patterns": ["a|b", "c.d", "a|b"],
}


def schema(plan: Plan) -> type[dy.Schema]:
    """The schema of the table as code that is run."""
    names = {"dy": dy, "ahead": ahead, "afterwards": afterwards, "date": date}
    columns = {
        column.name: eval(column.in_table, dict(names))  # noqa: S307 -- it is ours
        for column in coded(plan)
    }
    return type("Table", (dy.Schema,), columns)


def broken(plan: Plan) -> dict[str, int]:
    """The reasons why rows are set aside, when the pipeline reads the table as it is told to."""
    source = plan.source
    form = Form(
        source.nulls,
        source.separator,
        source.encoding,
        source.blanks,
        {column.name: column.identifier for column in plan.columns},
        source.decimal_comma,
        source.thousands,
    )
    table = schema(plan)
    rows = opened(str(source.files[0]), form).select(table.column_names()).collect()
    _, set_aside = check(rows, table, form)
    return dict(set_aside["reasons"].value_counts().iter_rows())


@pytest.mark.parametrize("cells", SPELLINGS.values(), ids=SPELLINGS)
def test_no_row_breaks_however_a_column_is_spelled(cells: list[str], tmp_path: Path) -> None:
    thing = (cells * 60)[:60]

    plan = look(write(tmp_path, churn(thing=thing)), target="churned")

    assert broken(plan) == {}


@pytest.mark.parametrize(
    ("cells", "true"),
    [
        (["1.0", "2.0", "1.0"], "2"),
        (["0.0", "1.0", "0.0"], "1"),
        (["0", "1", "0"], "1"),
        (["-1", "1", "-1"], "1"),
        (["2", "4", "2"], "4"),
        (["True", "False", "False"], "True"),
        (["Yes", "No", "No"], "Yes"),
        (["a", "b", "a"], "b"),
    ],
)
def test_a_label_of_two_values_is_one_of_the_project_and_reads_as_it_was_taken(
    cells: list[str], true: str, tmp_path: Path
) -> None:
    plan = look(write(tmp_path, churn(thing=cells * 20)), target="thing", true=true)

    assert broken(plan) == {}
    assert isinstance(task("thing", schema(plan).columns()["thing"]), YesNo)


TYPED: dict[str, list[Any]] = {
    "whole floats": [1.0, 2.0, None],
    "floats that are yes and no": [0.0, 1.0, 1.0],
    "floats": [1.5, 2.0, None],
    "booleans": [True, False, None],
    "small numbers": [1, 2, 2],
    "text that is true": ["True", "False", "True"],
    "blanks": [" a", "b ", " a"],
    "days": [date(2027, 1, 1), date(2027, 2, 1)],
}


@pytest.mark.parametrize("cells", TYPED.values(), ids=TYPED)
def test_no_row_of_a_typed_file_breaks(cells: list[Any], tmp_path: Path) -> None:
    file = tmp_path / "customers.parquet"
    pl.DataFrame(churn(thing=(cells * 60)[:60])).write_parquet(file)

    assert broken(look(file, target="churned")) == {}


@pytest.mark.parametrize("other", [1.5, 2.0])
def test_what_is_not_a_number_is_said(other: float, tmp_path: Path) -> None:
    file = tmp_path / "customers.parquet"
    pl.DataFrame(churn(thing=[other, float("nan"), 7.0] * 20)).write_parquet(file)

    plan = look(file, target="churned")

    assert "20 of its values are NaN" in [warning.sentence for warning in plan.warnings]
    assert broken(plan) == {}  # since the column is left out


@pytest.mark.parametrize("odd", ["inf", "abc"])
@pytest.mark.parametrize(("count", "use"), [(4, Use.LEFT_OUT), (1, Use.FEATURE)])
def test_a_column_that_would_set_too_many_rows_aside_is_left_out(
    odd: str, count: int, use: Use, tmp_path: Path
) -> None:
    values = [*map(str, range(5, 305 - count)), *[odd] * count]
    columns = {name: (list(cells) * 5)[:300] for name, cells in churn().items()}

    plan = look(
        write(tmp_path, {**columns, "customer_id": range(300), "thing": values}), target="churned"
    )

    (thing,) = [column for column in plan.columns if column.name == "thing"]
    assert thing.use == use


def test_floats_that_are_yes_and_no_may_be_the_label(tmp_path: Path) -> None:
    file = tmp_path / "customers.parquet"
    pl.DataFrame(churn(thing=[0.0, 1.0, 1.0] * 20)).write_parquet(file)

    plan = look(file, target="thing")

    assert broken(plan) == {}
    assert task("thing", schema(plan).columns()["thing"]).kind == "yes or no"
