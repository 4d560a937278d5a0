"""A project checks itself when it is made."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import dataframely as dy
import polars as pl
import polars.selectors as cs
import pytest
from small import Visits, small_project, with_feature

from keel import Features, UserError, afterwards, ahead


class Unmarked(Visits):
    bought = dy.Bool(nullable=True)


class Naive(Visits):
    at = dy.Datetime(metadata=ahead())


class Unknown(Visits):
    pages = dy.Float64()


class Late(Visits):
    bought = dy.Bool(nullable=True, metadata=afterwards(after=timedelta(0)))


class ByWhat(Visits):
    bought = dy.Bool(nullable=True, metadata=afterwards(by="pages"))


class Both(Visits):
    bought = dy.Bool(nullable=True, metadata=afterwards(by="at", after=timedelta(days=1)))


class Timeless(dy.Schema):
    bought = dy.Bool(nullable=True, metadata=afterwards(after=timedelta(days=1)))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such label": (
        {"label": "sold"},
        "Project(label='sold'): Visits has no such column; it has visit, at, shop, pages, bought",
    ),
    "no such time": (
        {"time": "when"},
        "Project(time='when'): Visits has no such column; it has visit, at, shop, pages, bought",
    ),
    "a label that any feature may read": (
        {"examples": Unmarked, "features": Features(Unmarked).plain("shop")},
        "Project(label='bought'): give that column of Unmarked metadata=afterwards(), or any feat",
    ),
    "a time without a zone": (
        {"examples": Naive, "features": Features(Naive).plain("shop")},
        (
            "Project(time='at'): make that column of Naive a dy.Datetime with a time_zone, or a "
            "dy.Date; it is Datetime"
        ),
    ),
    "a time that is none": (
        {"time": "pages"},
        "Project(time='pages'): make that column of Visits a dy.Datetime with a time_zone, or a ",
    ),
    "an unknown zone": (
        {"zone": "Europe/Bern"},
        "Project(zone='Europe/Bern') is no time zone: write it as Europe/Zurich",
    ),
    "a zone that is a path": ({"zone": "../x"}, "Project(zone='../x') is no time zone"),
    "no tables": ({"tables": {}}, "Project(tables={}): name at least one table"),
    "known after no time": (
        {"tables": {"visits": Late}},
        "tables.py: Late.bought has after=datetime.timedelta(0): give a time span above 0, such as",
    ),
    "known by what is no time": (
        {"tables": {"visits": ByWhat}},
        "dy.Datetime or a dy.Date, which are at",
    ),
    "known by two": (
        {"tables": {"visits": Both}},
        "tables.py: Both.bought has both after=… and by=…: say one of them",
    ),
    "known after the time of no row": (
        {"tables": {"visits": Timeless}},
        "tables.py: Timeless.bought has after=…, which counts from the time of the row, and the ",
    ),
    "a reference to no table": (
        {"references": {("visits", "shops"): ["shop"]}},
        "Project(references=…) names 'shops': the tables are visits",
    ),
    "a reference by no column": (
        {"tables": {"visits": Visits, "again": Visits}, "references": {("visits", "again"): ["x"]}},
        "Project(references=…): visits has no x",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG)
def test_a_project_is_refused_with(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=re.escape(sentence)):
        small_project(**changes)


FEATURES: dict[str, tuple[pl.Expr, str]] = {
    "the label": (pl.col("bought"), "bad reads bought, which is known only after the prediction"),
    "the label, hidden": (
        pl.col("pages").mean().over("bought"),
        "bad reads bought, which is known only after the prediction",
    ),
    "the label, as a condition": (
        pl.when("bought").then(1).otherwise(0),
        "bad reads bought, which is known only after the prediction",
    ),
    "a column that is not there": (pl.col("age"), "bad reads age, which Visits does not have"),
    "a pattern": (pl.col("^pa.*$"), "bad picks columns by a pattern: name each column"),
    "a type": (cs.boolean(), "bad picks columns by a pattern: name each column"),
    "a position": (pl.last(), "bad picks columns by a pattern: name each column"),
    "everything": (pl.sum_horizontal(pl.all()), "bad picks columns by a pattern: name each column"),
}


@pytest.mark.parametrize(("expression", "sentence"), FEATURES.values(), ids=FEATURES)
def test_a_feature_is_refused_that_reads(expression: pl.Expr, sentence: str) -> None:
    def bad() -> pl.Expr:
        return expression

    with pytest.raises(UserError, match=re.escape(f"features.py: {sentence}")):
        with_feature(bad)


def test_a_feature_is_refused_that_reads_a_column_of_unknown_time() -> None:
    with pytest.raises(UserError, match=r"pages reads pages, which is known at a time that exam"):
        small_project(examples=Unknown, features=Features(Unknown).plain("pages"))


@pytest.mark.parametrize("name", ["bought", "shop"])
def test_a_plain_feature_is_a_column_that_the_examples_have(name: str) -> None:
    make: Callable[[], object] = lambda: Features(Visits).plain(f"{name}s")  # noqa: E731

    with pytest.raises(UserError, match=rf"plain\('{name}s'\).*did you mean {name}\?"):
        make()


def test_two_features_have_two_names() -> None:
    features = Features(Visits).plain("pages")

    def pages() -> pl.Expr:
        return pl.col("pages")

    with pytest.raises(UserError, match="give one of the features called pages another name"):
        features.add(pages)


def test_a_feature_is_refused_that_is_no_expression() -> None:
    features = Features(Visits).plain("pages")

    def three() -> pl.Expr:
        return 3  # type: ignore[return-value]

    features.add(three)

    with pytest.raises(UserError, match=r"line \d+: let three return an expr.*: it returned a int"):
        small_project(features=features)


def test_a_project_knows_its_days_months_and_keys() -> None:
    project = small_project()
    late = pl.DataFrame({"at": ["2025-01-31T23:30:00Z"]}).select(
        pl.col("at").str.to_datetime(time_zone="UTC")
    )

    assert str(late.select(project.local_day).item()) == "2025-02-01"
    assert late.select(project.month).item() == "2025-02"
    assert project.key == ["visit"]
    assert str(project.timezone) == "Europe/Zurich"


def test_without_a_primary_key_all_that_is_known_ahead_names_an_example() -> None:
    class Keyless(dy.Schema):
        at = dy.Datetime(time_zone="UTC", metadata=ahead())
        bought = dy.Bool(metadata=afterwards())

    project = small_project(examples=Keyless, features=Features(Keyless))

    assert project.key == ["at"]
