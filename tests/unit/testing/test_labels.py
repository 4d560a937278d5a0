"""A label comes of what is known afterwards, and is unknown without it, whatever is predicted."""

import types
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from keel import Features, Linear, Project, afterwards, ahead, measured
from keel.project.description import Tables
from keel.testing.about_quick_data import (
    each_table_of_measured_values_has_their_time,
    labels_come_from_what_is_known_afterwards_and_are_unknown_without_it,
)

DAYS = [date(2025, 1, 1) + timedelta(days=n) for n in range(20)]
SIZES = ["small", "large"]
LABELS: dict[str, dy.Column] = {
    "yes or no": dy.Bool(nullable=True, metadata=afterwards()),
    "one of several": dy.Enum([*SIZES, "none"], nullable=True, metadata=afterwards()),
    "a number": dy.Float64(nullable=True, metadata=afterwards()),
}


class Orders(dy.Schema):
    order = dy.Int64(primary_key=True, metadata=ahead())
    price = dy.Float64(metadata=ahead())
    paid = dy.Float64(nullable=True, metadata=afterwards())
    returned_on = dy.Date(nullable=True, metadata=afterwards(by="returned_on"))


class Visits(dy.Schema):
    order = dy.Int64(primary_key=True, metadata=ahead())
    day = dy.Date(primary_key=True, metadata=measured())


TABLES = {
    "orders": pl.LazyFrame(
        {
            "order": range(20),
            "price": [float(n) for n in range(20)],
            "paid": [None if n % 5 == 0 else float(n) for n in range(20)],
            "returned_on": [day if n % 3 == 0 else None for n, day in enumerate(DAYS)],
        }
    ),
    "visits": pl.LazyFrame({"order": range(0, 20, 2), "day": DAYS[::2]}),
}


def checked(kind: str, label: Callable[[Tables], pl.LazyFrame]) -> None:
    """Check a project whose label, `what`, is added to the orders so."""
    columns = {"order": Orders.order, "price": Orders.price, "what": LABELS[kind]}
    examples: Any = types.new_class("Each", (dy.Schema,), exec_body=lambda b: b.update(columns))
    project = Project(
        tables={"orders": Orders, "visits": Visits},
        examples=examples,
        build=lambda tables: label(tables).select(*columns),
        label="what",
        features=Features(examples).plain("price"),
        models={"linear": Linear},
    )
    run: Any = types.SimpleNamespace(project=project, tables=lambda: TABLES)
    labels_come_from_what_is_known_afterwards_and_are_unknown_without_it(run)


def size(of: str) -> pl.Expr:
    known = pl.when(pl.col(of) > 10).then(pl.lit("large")).otherwise(pl.lit("small"))
    return pl.when(pl.col(of).is_not_null()).then(known)


PAID: dict[str, pl.Expr] = {
    "yes or no": pl.col("paid") > 10,
    "one of several": size("paid"),
    "a number": pl.col("paid") * 2,
}
UNKNOWN: dict[str, Any] = {"yes or no": False, "one of several": "none", "a number": 0.0}
AHEAD: dict[str, pl.Expr] = {
    "yes or no": pl.col("price") > 10,
    "one of several": size("price"),
    "a number": pl.col("price") * 2,
}


@pytest.mark.parametrize("kind", LABELS)
def test_what_is_unknown_without_its_outcome_is_fine(kind: str) -> None:
    checked(kind, lambda tables: tables["orders"].with_columns(what=PAID[kind]))


@pytest.mark.parametrize("kind", LABELS)
def test_an_unknown_outcome_that_counts_as_one_is_told(kind: str) -> None:
    outcome = PAID[kind].fill_null(UNKNOWN[kind])

    with pytest.raises(AssertionError, match=rf"what is {UNKNOWN[kind]} in 20 of 20 examples"):
        checked(kind, lambda tables: tables["orders"].with_columns(what=outcome))


@pytest.mark.parametrize("kind", LABELS)
def test_a_label_of_what_is_known_ahead_is_told(kind: str) -> None:
    with pytest.raises(AssertionError, match=r"say afterwards\(\) of the columns that it is made"):
        checked(kind, lambda tables: tables["orders"].with_columns(what=AHEAD[kind]))


def visited(tables: Tables) -> pl.LazyFrame:
    visits = tables["visits"].group_by("order").agg(pl.len().alias("visits"))
    return tables["orders"].join(visits, on="order", how="left")


@pytest.mark.parametrize(
    "label",
    [
        lambda tables: tables["orders"].with_columns(what=pl.col("returned_on").is_not_null()),
        lambda tables: visited(tables).with_columns(what=pl.col("visits").is_null()),
        lambda tables: visited(tables).with_columns(
            what=(pl.col("paid") > 10) | (pl.col("visits") > 0)
        ),
    ],
    ids=["a date that is null", "an event that is not there", "an event, or a value"],
)
def test_what_has_not_happened_may_be_a_label(label: Callable[[Tables], pl.LazyFrame]) -> None:
    checked("yes or no", label)


def test_measured_values_without_a_time_are_told() -> None:
    class Sensors(dy.Schema):
        at = dy.String(primary_key=True, metadata=measured())
        heat = dy.Float64(metadata=measured())

    project: Any = types.SimpleNamespace(tables={"sensors": Sensors}, time="day", time_of={}.get)
    with pytest.raises(AssertionError, match=r"sensors has measured\(\) values and no time"):
        each_table_of_measured_values_has_their_time(project)
