"""How a file is written is found out, and read again in the same way."""

import gzip
import zipfile
from pathlib import Path

import polars as pl
import pytest
from csv_files import churn, lines, look, write
from polars.testing import assert_frame_equal

from keel.data.sources import Form, opened
from keel.project.errors import UserError
from keel.start.plan import Column, Plan, Type
from keel.start.reading.read import read


def named(plan: Plan, name: str) -> Column:
    return next(column for column in plan.columns if column.name == name)


@pytest.fixture
def table() -> pl.DataFrame:
    return pl.DataFrame({name: list(map(str, values)) for name, values in churn().items()})


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path: Path, table: pl.DataFrame, separator: str) -> None:
    file = write(tmp_path, churn(), separator=separator)

    result = read([file], tmp_path / "scratch")

    assert result.source.separator == separator
    assert_frame_equal(result.frame.collect(), table)


@pytest.mark.parametrize(
    ("encoding", "called"),
    [
        ("utf8", "utf8"),
        ("utf-8-sig", "utf8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("latin-1", "cp1252"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, called: str) -> None:
    towns = ["Köln", "Ærø"] * 30
    file = write(tmp_path, churn(town=towns), encoding=encoding)

    result = read([file], tmp_path / "scratch")

    assert result.source.encoding == called
    assert result.frame.collect()["town"].to_list() == towns


@pytest.mark.parametrize("ending", ["gz", "zip"])
def test_a_packed_file_is_read(tmp_path: Path, table: pl.DataFrame, ending: str) -> None:
    file = tmp_path / f"customers.csv.{ending}"
    if ending == "gz":
        file.write_bytes(gzip.compress(lines(churn()).encode()))
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("customers.csv", lines(churn()))

    result = read([file], tmp_path / "scratch")

    assert_frame_equal(result.frame.collect(), table)


def test_text_in_quotes_may_have_separators_and_lines_in_it(tmp_path: Path) -> None:
    notes = ['"late, again"', '"two\nlines"', '"he said ""no"""'] * 20
    file = write(tmp_path, churn(note=notes))

    result = read([file], tmp_path / "scratch").frame.collect()

    assert result["note"].head(3).to_list() == ["late, again", "two\nlines", 'he said "no"']


def test_blank_lines_above_the_header_are_passed_over(tmp_path: Path, table: pl.DataFrame) -> None:
    file = write(tmp_path, "\n" * 300 + lines(churn()))

    result = read([file], tmp_path / "scratch")

    assert_frame_equal(result.frame.collect(), table)


def test_a_folder_and_a_pattern_are_one_table(tmp_path: Path, table: pl.DataFrame) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    for half, rows in (("a", table.head(30)), ("b", table.tail(30))):
        rows.write_csv(folder / f"{half}.csv")

    by_folder = read([folder], tmp_path / "scratch")
    by_pattern = read([folder / "*.csv"], tmp_path / "scratch")

    assert_frame_equal(by_folder.frame.collect(), table)
    assert_frame_equal(by_pattern.frame.collect(), table)


def test_a_folder_names_the_table(tmp_path: Path, table: pl.DataFrame) -> None:
    folder = tmp_path / "My Customers"
    folder.mkdir()
    for half, rows in (("a", table.head(30)), ("b", table.tail(30))):
        rows.write_csv(folder / f"{half}.csv")

    assert look(folder, target="churned").table == "my_customers"


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    pl.DataFrame(churn()).write_parquet(tmp_path / "customers.parquet")

    result = read([tmp_path / "customers.parquet"], tmp_path / "scratch")

    assert result.source.format == "parquet"
    assert result.frame.collect_schema()["years"] == pl.Float64


def test_parquet_is_known_by_its_content(tmp_path: Path) -> None:
    pl.DataFrame(churn()).write_parquet(tmp_path / "customers.csv")

    assert read([tmp_path / "customers.csv"], tmp_path / "scratch").source.format == "parquet"


def test_what_was_found_reads_the_file_again(tmp_path: Path) -> None:
    years = ["?" if row == 3 else f"{row},5" for row in range(60)]
    columns = churn(years=years, town=["Köln "] * 60)
    file = write(tmp_path, columns, separator=";", encoding="latin-1")
    plan = look(file, target="churned")

    form = Form(plan.source.nulls, plan.source.separator, plan.source.encoding, plan.source.blanks)
    result = opened(str(file), form).collect()

    assert plan.source.decimal_comma
    assert result["years"].to_list() == [None if year == "?" else year for year in years]
    assert result["town"].unique().to_list() == ["Köln"]


@pytest.mark.parametrize(
    ("numbers", "separator", "decimal_comma", "thousands", "low", "high"),
    [
        (["1234.5", "2"], ";", False, "", 2, 1234.5),
        (["1,5", "0,25"], ";", True, "", 0.25, 1.5),
        (["1.234,5", "2,0"], ";", True, ".", 2, 1234.5),
        (["1,234.5", "2.0"], ";", False, ",", 2, 1234.5),
        (["1 234,5", "2,0"], ";", True, " ", 2, 1234.5),
        (["1'234.5", "2.0"], ";", False, "'", 2, 1234.5),
        (["1,234,567", "999"], ";", False, ",", 999, 1234567),
        (["1.234.567", "999"], ";", True, ".", 999, 1234567),
        (["1,234", "5,678"], "\t", False, ",", 1234, 5678),
        (["1,234", "5,678"], ";", True, "", 1.234, 5.678),
        (["1e3", "-2.5E-1"], ";", False, "", -0.25, 1000),
        (["1.104,50 EUR", "5 EUR"], ";", True, ".", 5, 1104.5),
        (["$1,104.50", "-$ 5"], ";", False, ",", -5, 1104.5),
        (["12 %", "3.5%"], ";", False, "", 3.5, 12),
        (["(1,200)", "700"], "\t", False, ",", -1200, 700),
    ],
)
def test_numbers_are_read_as_they_are_written(  # noqa: PLR0913, PLR0917 -- a table of cases
    tmp_path: Path,
    numbers: list[str],
    separator: str,
    decimal_comma: bool,
    thousands: str,
    low: float,
    high: float,
) -> None:
    columns = {name: values for name, values in churn().items() if name != "years"}
    file = write(tmp_path, {**columns, "amount": numbers * 30}, separator=separator)

    plan = look(file, target="churned")

    amount = named(plan, "amount")
    assert (plan.source.decimal_comma, plan.source.thousands) == (decimal_comma, thousands)
    assert (amount.low, amount.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    "values",
    [["5 kg", "300 g"], ["10k", "5"], ["5 star", "4 star"], ["A4", "A5"], ["1-2 h", "3 h"]],
)
def test_what_may_be_another_number_without_its_unit_is_none(
    tmp_path: Path, values: list[str]
) -> None:
    plan = look(write(tmp_path, churn(size=values * 30)), target="churned")

    assert named(plan, "size").type == Type.CATEGORY


@pytest.mark.parametrize("large", ["1,234.5", "1,234"])
def test_few_numbers_with_thousands_say_how_they_are_written(tmp_path: Path, large: str) -> None:
    years = [str(row) for row in range(1, 60)]

    plan = look(write(tmp_path, churn(years=[*years, large]), separator="\t"), target="churned")

    assert named(plan, "years").high == float(large.replace(",", ""))


def test_what_could_be_thousands_or_decimals_is_said(tmp_path: Path) -> None:
    columns = churn(years=["1,234", "5,678"] * 30)

    plan = look(write(tmp_path, columns, separator=";"), target="churned")

    assert any("'1,234' could be read in two ways" in each.sentence for each in plan.warnings)


@pytest.mark.parametrize("word", ["NA", "n/a", "null", "-", "?", "unknown", "#N/A", "NaN"])
def test_null_words_among_numbers_are_null(tmp_path: Path, word: str) -> None:
    years = [word if row % 10 == 0 else str(row) for row in range(60)]

    plan = look(write(tmp_path, churn(years=years)), target="churned")

    column = plan.columns[1]
    assert (column.type, column.nulls) == ("whole number", 0.1)
    assert word in plan.source.nulls


def test_a_dash_among_words_is_a_word(tmp_path: Path) -> None:
    plan = look(write(tmp_path, churn(grade=["-", "o", "+"] * 20)), target="churned")

    assert set(plan.columns[3].values) == {"-", "o", "+"}


def test_files_with_other_columns_are_refused(tmp_path: Path) -> None:
    first, second = write(tmp_path, churn()), write(tmp_path, churn(more=[1] * 60), "more.csv")

    with pytest.raises(UserError, match=r"more\.csv the columns of .*customers\.csv.*has more"):
        read([first, second], tmp_path / "scratch")
