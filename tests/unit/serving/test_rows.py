import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from keel import afterwards, ahead
from keel.serving.examples.rows import Rows, asked
from keel.serving.problems import MOST, ProblemError, WrongField


class Customers(dy.Schema):
    """A table of another project, with a column of each kind."""

    number = dy.Int64(primary_key=True, min=1, metadata=ahead(), description="of the contract")
    plan = dy.Enum(["small", "large"], metadata=ahead())
    tier = dy.UInt8(is_in=[1, 2, 3], nullable=True, metadata=ahead())
    born = dy.Date(min=date(1900, 1, 1), max=date(2020, 1, 1), metadata=ahead())
    joined = dy.Datetime(time_zone="Europe/Berlin", metadata=ahead())
    seen = dy.Datetime(nullable=True, metadata=ahead())
    calls_at = dy.Time(nullable=True, metadata=ahead())
    pause = dy.Duration(nullable=True, metadata=ahead())
    fee = dy.Decimal(8, 2, min=Decimal(0), metadata=ahead(), description="€ a month")
    pays = dy.Bool(metadata=ahead())
    usage = dy.Float32(nullable=True, min=0, metadata=ahead())
    model = dy.String(max_length=5, nullable=True, metadata=ahead())
    json = dy.String(alias="json", regex="^[a-z]+$", metadata=ahead())
    month = dy.Date(resolution="1mo", nullable=True, metadata=ahead())
    even = dy.Int8(check=lambda value: value % 2 == 0, nullable=True, metadata=ahead())
    tags = dy.List(dy.String(max_length=3), nullable=True, metadata=ahead())
    place = dy.Struct({"city": dy.String(), "zip": dy.Int32()}, nullable=True, metadata=ahead())
    left = dy.Bool(metadata=afterwards())

    @dy.rule()
    def joined_after_birth(cls) -> pl.Expr:  # noqa: N805 -- dataframely's form
        return cls.joined.col.dt.date() > cls.born.col


CUSTOMER: Mapping[str, Any] = {
    "number": 7,
    "plan": "small",
    "born": "1980-02-29",
    "joined": "2020-03-29T01:30:00Z",
    "fee": "12.50",
    "pays": True,
    "json": "abc",
}
ROWS = Rows(Customers, asked(Customers), 3)


def customer(**changes: Any) -> bytes:
    return json.dumps({**CUSTOMER, **changes}).encode()


def test_any_table_can_be_asked_for_with_its_own_types() -> None:
    row = ROWS.read_one(
        customer(
            tier=2,
            seen="2021-01-01T12:00:00",
            calls_at="09:30:00",
            pause="PT1H30M",
            usage=0.5,
            tags=["a", "b"],
            place={"city": "Ulm", "zip": 89073},
            fee=12.5,
        )
    ).frame

    assert row.schema == Customers.create_empty().schema
    (found,) = row.to_dicts()
    assert found["joined"] == datetime(2020, 3, 29, 1, 30, tzinfo=UTC)
    assert row["joined"].dt.hour().item() == 3  # after the hour that Berlin left out that night
    assert (found["fee"], found["born"]) == (Decimal("12.50"), date(1980, 2, 29))
    assert (found["calls_at"], found["pause"]) == (time(9, 30), timedelta(minutes=90))
    assert (found["place"], found["tags"]) == ({"city": "Ulm", "zip": 89073}, ["a", "b"])
    assert (found["model"], found["left"]) == (None, None)


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a choice": ({"plan": "medium"}, "plan", "should be 'small' or 'large'"),
    "a number of some": ({"tier": 4}, "tier", "should be 1, 2 or 3"),
    "a day that does not exist": ({"born": "1981-02-29"}, "born", "should be a valid date"),
    "a day too early": ({"born": "1899-12-31"}, "born", "should be greater than or equal to 1900"),
    "a time in place of a day": ({"born": "1981-02-28T10:00:00"}, "born", "should be a valid date"),
    "no zone where one is needed": (
        {"joined": "2020-03-29T01:30:00"},
        "joined",
        "needs a time zone",
    ),
    "a zone where none is": ({"seen": "2021-01-01T12:00:00Z"}, "seen", "is a time without a zone"),
    "a fraction of a cent": ({"fee": "1.005"}, "fee", "decimal input should have no more than 2"),
    "too many digits": ({"fee": "1234567.89"}, "fee", "decimal input should have no more than 8"),
    "no decimal": ({"fee": "NaN"}, "fee", "should be a finite number"),
    "a word for yes": ({"pays": "yes"}, "pays", "should be a valid boolean"),
    "more than a small float holds": ({"usage": 1e39}, "usage", "should be less than or equal to"),
    "a check of the team": ({"even": 3}, "even", "breaks its check in tables.py"),
    "a resolution": ({"month": "2020-01-02"}, "month", "is not a multiple of 1mo"),
    "a rule over columns": (
        {"joined": "1970-01-01T00:00:00Z"},
        "",
        "breaks the rule joined_after_birth of tables.py",
    ),
    "within a list": ({"tags": ["abcd"]}, "tags.0", "string should have at most 3 characters"),
    "within an object": ({"place": {"city": "Ulm"}}, "place.zip", "is missing"),
    "what comes afterwards": ({"left": True}, "left", "is not known here"),
}


@pytest.mark.parametrize(("change", "field", "reason"), WRONG.values(), ids=WRONG)
def test_a_value_that_its_schema_refuses_is_named_with_what_is_allowed(
    change: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(ProblemError) as refused:
        ROWS.read_one(customer(**change))

    (wrong,) = refused.value.wrong
    assert (wrong.field, refused.value.status) == (field, 422)
    assert wrong.reason.startswith(reason)


def test_a_whole_number_may_have_a_decimal_point() -> None:
    row = ROWS.read_one(customer(number=7.0, tier=2.0)).frame

    assert (row["number"].item(), row["tier"].item()) == (7, 2)


def test_every_broken_row_of_a_batch_is_named() -> None:
    rows = [customer(number=n, even=n) for n in (1, 2, 3)]
    rows[1] = customer(number=2, month="2020-01-02", joined="1970-01-01T00:00:00Z")

    wrong = refused(*rows).wrong

    assert {(part.field, part.value) for part in wrong} == {
        ("rows.0.even", 1),
        ("rows.1", None),
        ("rows.1.month", date(2020, 1, 2)),
        ("rows.2.even", 3),
    }


def test_of_many_broken_rows_so_many_are_named_and_the_others_counted() -> None:
    problem = refused(*(customer(number=n, even=1) for n in range(1, 101)))

    assert [part.field for part in problem.wrong] == [f"rows.{n}.even" for n in range(MOST)]
    assert problem.detail == "rows.0.even breaks its check in tables.py, and 99 more"


def test_every_row_whose_value_can_not_be_read_is_named() -> None:
    late = "9999-12-31T23:59:59-05:00"
    rows = [customer(number=1, joined=late), customer(number=2), customer(number=3, joined=late)]

    problem = refused(*rows)

    assert [part.field for part in problem.wrong] == ["rows.0.joined", "rows.2.joined"]


def test_every_row_that_has_the_key_of_another_is_named() -> None:
    problem = refused(customer(number=1), customer(number=2), customer(number=1, plan="large"))

    assert [part.field for part in problem.wrong] == ["rows.0", "rows.2"]
    assert "has the same key as another row" in problem.detail


def refused(*rows: bytes) -> ProblemError:
    """What is said of a batch of such rows."""
    with pytest.raises(ProblemError) as problem:
        Rows(Customers, asked(Customers), 100).read_many(b'{"rows": [%s]}' % b",".join(rows))
    return problem.value


def test_dataframely_says_what_the_service_relies_on() -> None:
    """Its method is private, and may change in any version below the next major one."""
    (name, rule), *others = Customers._schema_validation_rules().items()  # noqa: SLF001

    row = {"joined": [datetime(1970, 1, 1, tzinfo=UTC)], "born": [date(1980, 2, 29)]}
    assert not others
    assert name == "joined_after_birth"
    assert pl.DataFrame(row).select(rule.expr).item() is False
    # Its public half: names of checks, and expressions that are true where they hold.
    even = Customers.columns()["even"].validation_rules(pl.col("even"))
    month = Customers.columns()["month"].validation_rules(pl.col("month"))
    assert pl.DataFrame({"even": [2, 3]}).select(**even)["check"].to_list() == [True, False]
    assert "resolution" in month
    assert "unique" in dy.Int8(unique=True).validation_rules(pl.col("n"))


def test_a_table_without_a_key_may_have_equal_rows() -> None:
    class Loose(dy.Schema):
        size = dy.Int8()

    rows = Rows(Loose, ["size"], 5).read_many(b'{"rows": [{"size": 1}, {"size": 1}]}')

    assert rows["size"].to_list() == [1, 1]


class Kinds(dy.Schema):
    """Columns whose values Polars either takes as they are, or refuses."""

    small = dy.Int8(nullable=True)
    unsigned = dy.UInt32(nullable=True)
    large = dy.Int64(nullable=True)
    single = dy.Float32(nullable=True)
    double = dy.Float64(nullable=True)
    flag = dy.Bool(nullable=True)
    text = dy.String(nullable=True)
    kind = dy.Enum(["a", "b"], nullable=True)
    price = dy.Decimal(6, 2, nullable=True)
    day = dy.Date(nullable=True)
    clock = dy.Time(nullable=True)
    local = dy.Datetime(nullable=True)
    utc = dy.Datetime(time_zone="UTC", nullable=True)
    berlin = dy.Datetime(time_zone="Europe/Berlin", nullable=True)


class KindsAndPause(Kinds):
    """The same, and a kind that is read column by column."""

    pause = dy.Duration(nullable=True)


WHOLE = st.integers(0, 127) | st.integers(-130, 300) | st.integers(-(2**64), 2**64)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-7, minutes=-30)), timezone(timedelta(0))])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "small": WHOLE,
    "unsigned": WHOLE,
    "large": WHOLE,
    "single": NUMBER,
    "double": NUMBER,
    "flag": st.booleans(),
    "text": st.text(max_size=5),
    "kind": st.sampled_from("abc"),
    "price": st.decimals(-9_999, 9_999, places=2).map(str),
    "day": st.dates().map(str),
    "clock": st.times().map(str),
    "local": st.datetimes().map(datetime.isoformat),
    "utc": st.datetimes(timezones=ZONES).map(datetime.isoformat),
    "berlin": st.datetimes(timezones=ZONES).map(datetime.isoformat),
}
QUICK, SLOW = (Rows(schema, Kinds.column_names(), 5) for schema in (Kinds, KindsAndPause))


def told(reading: Rows, body: bytes) -> tuple[pl.DataFrame, Sequence[WrongField]]:
    try:
        return reading.read_many(body), []
    except ProblemError as problem:
        return pl.DataFrame(), problem.wrong


@given(st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=1, max_size=5))
def test_rows_that_are_read_at_once_are_those_that_are_read_by_columns(
    rows: list[dict[str, Any]],
) -> None:
    body = json.dumps({"rows": rows}).encode()
    (quick, wrong), (slow, also_wrong) = told(QUICK, body), told(SLOW, body)

    assert wrong == also_wrong
    assert_frame_equal(quick, slow.drop("pause", strict=False))
