"""Whatever a table contains, it is looked at or refused by a sentence; its columns get names."""

from __future__ import annotations

import csv
import io
import keyword
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from csv_files import churn, look, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.project.errors import UserError
from keel.start.identifiers import identifiers
from keel.start.plan import Plan, Use

NAMES = st.one_of(
    st.sampled_from(
        ["class", "None", "label", "Label", "a b", "a.b", "2nd", "", "id", "Datum", "é"]
    ),
    st.text(max_size=12),
)
CELLS = st.one_of(
    st.sampled_from(
        ["", "NA", "-", "0", "1", "yes", "no", "1,5", "1.234", "inf", "nan", "007", "2027-01-31"]
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes().map(str),
    st.text(max_size=8),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, str]:
    """A CSV file with a header, columns of few kinds of cells and a good target; and a target."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4))
    pools = [draw(st.lists(CELLS, min_size=1, max_size=6)) for _ in names]
    rows = draw(st.integers(0, 60))
    order = draw(st.randoms(use_true_random=False))
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=draw(st.sampled_from(",;\t|")))
    writer.writerow([*names, "good target"])
    for row in range(rows):
        writer.writerow([*(order.choice(pool) for pool in pools), "yes" if row % 3 else "no"])
    return written.getvalue(), draw(st.sampled_from([*names, "good target"]))


def looked(file: Path, target: str) -> Plan | None:
    try:
        return look(file, target=target)
    except UserError:
        return None


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_a_table_is_looked_at_or_refused(table: tuple[str, str]) -> None:
    text, target = table
    with TemporaryDirectory() as folder:
        plan = looked(write(Path(folder), text), target)

    if plan:
        assert plan.target.values or plan.task == "a number"
        assert all(column.reason for column in plan.columns)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_bytes_are_no_table_or_one(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "t.csv")
        file.write_bytes(content)

        looked(file, "x")


@given(st.lists(NAMES, max_size=30))
def test_identifiers_are_valid_and_unique(names: list[str]) -> None:
    chosen = identifiers(names)

    assert len(set(chosen)) == len(names)
    assert all(name.isidentifier() and name.isascii() for name in chosen)
    assert all(name == name.lower() and not name.startswith("_") for name in chosen)
    assert not any(keyword.iskeyword(name) or hasattr(dy.Schema, name) for name in chosen)


def test_what_a_schema_has_of_its_own_is_reserved() -> None:
    own = [name for name in dir(dy.Schema) if not name.startswith("_")]

    assert own
    assert not set(identifiers([*own, "prediction", "class"])) & {*own, "prediction", "class"}


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("customerID", "customer_id"),
        ("sepal length (cm)", "sepal_length_cm"),
        ("class", "class_"),
        ("None", "none_"),
        ("label", "label_"),
        ("2nd value", "column_2nd_value"),
        ("Straße", "strasse"),
        ("名前", "column_1"),
        ("", "index"),
        ("churn %", "churn_percent"),
    ],
)
def test_an_identifier_is_what_a_person_would_write(name: str, identifier: str) -> None:
    assert identifiers([name]) == [identifier]


ODD_TYPES: dict[str, list[Any]] = {
    "list": [[1], [2]],
    "struct": [{"a": 1}, {"a": 2}],
    "duration": [timedelta(1), timedelta(2)],
    "time": [time(1), time(2)],
    "binary": [b"a", b"b"],
    "decimal": [Decimal("1.5"), Decimal("2.5")],
    "zoned": [datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)],
    "naive": [datetime(2027, 1, 1), datetime(2027, 2, 1)],  # noqa: DTZ001 -- as people have them
    "day": [date(2027, 1, 1), date(2027, 2, 1)],
    "null": [None, None],
    "nan": [float("nan"), 1.0],
}


@pytest.mark.parametrize("values", ODD_TYPES.values(), ids=ODD_TYPES)
def test_a_parquet_file_of_any_type_is_looked_at(tmp_path: Path, values: list[Any]) -> None:
    pl.DataFrame(churn(thing=values * 30)).write_parquet(tmp_path / "t.parquet")

    assert look(tmp_path / "t.parquet", target="churned").target.name == "churned"


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["no", "yes"])])
def test_codes_are_text(tmp_path: Path, dtype: pl.DataType) -> None:
    table = pl.DataFrame(churn()).with_columns(pl.col("churned").cast(dtype))
    table.write_parquet(tmp_path / "t.parquet")

    plan = look(tmp_path / "t.parquet", target="churned")

    assert (plan.task, plan.target.true) == ("yes or no", "yes")
    assert plan.named(Use.KEY)[0].name == "customer_id"
