"""Tables that nothing can be learned from are refused by a sentence: which file, value and cure."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from csv_files import churn, lines, look, write

from keel.project.errors import UserError
from keel.start.looking.look import Survey

NO_TABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty: copy it here again"),
    "blank lines": (b"\n\n \n", "is empty"),
    "a title above the header": (
        b"Sales of 2027,,\n\nid,years,churned\n1,2,yes\n",
        r"delete what stands above the header of .*: line 3 may be it",
    ),
    "no rows": (b"a,churned\n", "has no rows below its header"),
    "one column": (b"churned\nyes\nno\n", "one column, 'churned'"),
    "an unknown separator": (
        lines(churn(), "^").encode(),
        r"by commas: .* 'customer_id\^years\^churned' \(tried comma, semicolon, tab, bar\)",
    ),
    "two columns of a name": (b"a,churned,churned\n1,2,3\n", "columns 2 and 3 .* 'churned'"),
    "two columns without a name": (b",,churned\n1,2,3\n", "columns 1 and 2 .* they have none"),
    "a name that is a pattern": (
        b"a,^c.*$,churned\n1,2,3\n",
        "another name: Polars takes it as a pattern",
    ),
    "5,000 columns": (
        lines({f"x{place}": [1, 2] for place in range(5_000)}).encode(),
        "leave out columns .* it has 5,000, and 1,000 are the most",
    ),
    "a short row": (lines(churn()).encode() + b"7,8\n", r'line 62 .* 2 values \("7,8"\)'),
    "a long row": (lines(churn()).encode() + b"7,8,no,9\n", "line 62 .* 4 values .* needs quotes"),
    "a title above": (b"Export\n" + lines(churn()).encode(), "line 2 .* lines above the header"),
    "no header": (b"1.5,2,no\n2.5,3,yes\n", "names in the first line .* '1.5, 2, no'"),
    "the header twice": (2 * lines(churn()).encode(), "delete the header .* row 61"),
    "Excel's first line": (b"sep=;\na;b\n1;2\n", "delete the first line .* 'sep=;'"),
    "line ends of old Macs": (b"a,churned\r1,no\r2,yes\r", "line ends"),
    "bytes of no encoding": (lines(churn()).encode() + b"1,\x81,no\n", "line 62 has the byte 0x81"),
    "broken UTF-16": (b"\xff\xfe" + b"a\0,\0b\0\n\0" + b"\x00\xd8", "save .* as UTF-8"),
    "zero bytes": (bytes(range(256)) * 9, "no text, it contains zero bytes"),
    "JSON": (b'[{"a": 1}]', "save it as CSV .* is JSON"),
    "a web page": (b"<!doctype html>", "is a web page"),
    "an old workbook": (b"\xd0\xcf\x11\xe0....", "an old Excel workbook"),
    "half a zip": (b"PK\x03\x04....", "can't be read .* copy it here again"),
    "half a Parquet file": (b"PAR1....", "write .* again: it can't be read"),
}


@pytest.mark.parametrize(("content", "message"), NO_TABLE.values(), ids=NO_TABLE)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(content)

    with pytest.raises(UserError, match=message) as refusal:
        look(file, target="churned")

    assert "customers.csv" in str(refusal.value)


Columns = Mapping[str, Sequence[Any]]
NO_TARGET: dict[str, tuple[Columns, str]] = {
    "null": (churn(churned=[""] * 60), "churned is null in all 60 rows"),
    "one class": (churn(churned=["yes"] * 60), "churned is 'yes' in all 60 rows"),
    "constant": (churn(churned=[3.5] * 60), "churned is 3.5 in all 60 rows"),
    "rows of a class": (
        churn(churned=["often"] * 3 + ["yes", "no", "no"] * 19),
        "'often' has 3 of 60 rows, and training and test need 10 of each",
    ),
    "rows of yes": (churn(churned=["yes"] * 3 + ["no"] * 57), "'yes' has 3 of 60 rows"),
    "infinite": (churn(churned=["inf", *range(59)]), "infinite values of the target .* 1 of 60"),
    "a date": (
        churn(churned=[f"2027-01-{1 + row % 28:02}" for row in range(60)]),
        r"churned is a date \(2027-01-01 to 2027-01-28\)",
    ),
    "text": (churn(churned=[f"reason {row}" for row in range(60)]), "churned is text with 60"),
    "mixed": (
        churn(churned=["soon", *range(1, 60)]),
        "fix 1 of 60 values of the target churned.* row 1 has 'soon'",
    ),
    "spelled in two ways": (
        churn(churned=["yes", "Yes", "no"] * 20),
        "one way: it has 'Yes', 'yes'",
    ),
    "amounts in two units": (
        churn(churned=[f"{'$€'[row % 2]}{row}.99" for row in range(60)]),
        "fix the target churned: its numbers are written with",
    ),
}


@pytest.mark.parametrize(("columns", "message"), NO_TARGET.values(), ids=NO_TARGET)
def test_a_target_that_nothing_can_learn_is_refused(
    tmp_path: Path, columns: Columns, message: str
) -> None:
    file = write(tmp_path, columns)

    with pytest.raises(UserError, match=message):
        look(file, target="churned")


MISUSE: dict[str, tuple[dict[str, str], str]] = {
    "no target": ({}, "say what is predicted, with a target such as churned: years, churned"),
    "a misspelled target": ({"target": "churnd"}, "did you mean churned?"),
    "a target that is missing": ({"target": "price"}, "no column 'price': it has customer_id, yea"),
    "a key with duplicates": (
        {"target": "churned", "key": "years"},
        "delete the duplicates in years.* '0.5' in the rows 1 and 24",
    ),
    "a time that is none": ({"target": "churned", "time": "years"}, "years is number, such as 0.5"),
    "the target as the time": ({"target": "churned", "time": "churned"}, "churned is the target"),
    "an unknown task": (
        {"target": "churned", "task": "rank"},
        "task is 'rank': make it 'yes or no'",
    ),
    "a number of words": ({"target": "churned", "task": "a number"}, "churned is yes or no"),
    "classes of a measure": ({"target": "years", "task": "one of several"}, "make the task 'a num"),
    "an unknown true": ({"target": "churned", "true": "maybe"}, "true is 'maybe'.* 'no', 'yes'"),
    "yes or no of many": ({"target": "years", "task": "yes or no"}, "and it has 23, "),
    "an unknown zone": ({"target": "churned", "zone": "Mars"}, "zone is 'Mars'"),
    "a name with a blank": ({"target": "churned", "name": "my table"}, "name is 'my table'"),
}


@pytest.mark.parametrize(("answers", "message"), MISUSE.values(), ids=MISUSE)
def test_an_answer_that_does_not_fit_is_refused(
    tmp_path: Path, answers: dict[str, str], message: str
) -> None:
    file = write(tmp_path, churn())

    with pytest.raises(UserError, match=message):
        look(file, **answers)


@pytest.mark.parametrize(
    "name", [name for name in MISUSE if not name.startswith(("a name", "an unknown z"))]
)
def test_what_does_not_fit_stops_nobody_from_looking(tmp_path: Path, name: str) -> None:
    answers, message = MISUSE[name]
    survey = Survey.of(write(tmp_path, churn()), tmp_path)

    plan = survey.seen(**answers)

    assert re.search(message, plan.warnings[0].sentence)
    assert {column.name for column in plan.columns} == set(churn())


@pytest.mark.parametrize(
    "header",
    [
        *(
            "churned",
            "Churned",
            " churned ",
            "churned\r",
            '"churned\n"',
            "\ufeffchurned",
            "'churned'",
        ),
        *('"""churned"""', "churned\u200b", "CHURNED?", '"churned\r"'),
    ],
)
def test_a_column_is_named_as_a_person_types_it(tmp_path: Path, header: str) -> None:
    values = churn()["churned"]
    rows = "\n".join(f"{value},{row * 7 % 23}" for row, value in enumerate(values))
    file = write(tmp_path, f"{header},years\n{rows}\n")

    plan = look(file, target="churned")

    assert plan.target.identifier == "churned"


def test_a_time_in_several_forms_is_refused_with_rows(tmp_path: Path) -> None:
    forms = ["2027-01-{:02}", "{:02}.01.2027", "01/{:02}/2027"]
    days = [forms[row % 3].format(row % 28 + 1) for row in range(60)]
    file = write(tmp_path, churn(day=days))

    with pytest.raises(UserError, match=r"time day in one form.*row 2 has '02\.01\.2027'"):
        look(file, target="churned", time="day")


def test_a_table_with_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    columns = {name: values for name, values in churn().items() if name != "years"}

    with pytest.raises(UserError, match="nothing is left: customer_id"):
        look(write(tmp_path, columns), target="churned")


def test_a_long_row_far_below_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keel.start.reading.dialect.CHECKED", 200)
    file = write(tmp_path, lines(churn()) + "7,8,no,9\n")

    with pytest.raises(UserError, match=r"line 62 of .*customers\.csv: it has 4 values"):
        look(file, target="churned")


def test_a_workbook_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "customers.xlsx"
    with zipfile.ZipFile(file, "w") as workbook:
        workbook.writestr("[Content_Types].xml", "")

    with pytest.raises(UserError, match="Excel workbook"):
        look(file, target="churned")


def test_a_missing_file_is_refused_with_one_that_is_there(tmp_path: Path) -> None:
    write(tmp_path, churn())

    with pytest.raises(UserError, match=r"did you mean customers\.csv\?"):
        look(tmp_path / "custmers.csv", target="churned")


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no table"):
        look(tmp_path, target="churned")
