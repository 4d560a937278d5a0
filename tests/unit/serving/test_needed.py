"""What has to be sent for a prediction, and what may be left out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from keel import Features, Logistic, Project, Tables, afterwards, ahead
from keel.serving.examples.needed import needed, needed_of_examples
from keel.serving.examples.rows import Rows, asked
from keel.serving.problems import ProblemError


class People(dy.Schema):
    """A key, what features need, what slices need, and what nobody needs."""

    person = dy.String(primary_key=True, metadata=ahead())
    born = dy.Date(metadata=ahead(personal=True))
    joined = dy.Date(metadata=ahead())
    town = dy.String(metadata=ahead())
    email = dy.String(metadata=ahead(personal=True))
    stays = dy.Bool(nullable=True, metadata=afterwards())


class Examples(dy.Schema):
    person = dy.String(primary_key=True, metadata=ahead())
    age = dy.Int32(metadata=ahead())
    town = dy.String(metadata=ahead())
    stays = dy.Bool(nullable=True, metadata=afterwards())


def plain(tables: Tables) -> pl.LazyFrame:
    age = pl.col("joined").dt.year() - pl.col("born").dt.year()
    return tables["people"].select("person", "town", "stays", age=age)


def filtered(tables: Tables) -> pl.LazyFrame:
    return plain({"people": tables["people"].filter(pl.col("email").is_not_null())})


def unique(tables: Tables) -> pl.LazyFrame:
    return plain({"people": tables["people"].unique()})


def eager(tables: Tables) -> pl.LazyFrame:
    return plain({"people": tables["people"].collect().lazy()})


def failing(tables: Tables) -> pl.LazyFrame:
    raise IndexError(f"no row in {list(tables)}")


def project(build: Callable[[Tables], pl.LazyFrame]) -> Project:
    features = Features(Examples).plain("age")
    people: Any = {"people": People}
    return Project(people, Examples, build, "stays", features, {"logistic": Logistic})


ALL = ["person", "born", "joined", "town", "email"]
Build = Callable[[Tables], pl.LazyFrame]
NEEDED: dict[Build, list[str]] = {
    plain: ["person", "born", "joined"],
    filtered: ["person", "born", "joined", "email"],
    unique: ALL,
    eager: ALL,
    failing: ALL,
}


@pytest.mark.parametrize("build", NEEDED, ids=lambda build: build.__name__)
def test_what_key_time_and_features_come_from_is_needed(
    build: Build,
) -> None:
    assert needed(project(build), "people") == NEEDED[build]


def test_what_a_feature_reads_more_is_needed_more() -> None:
    more = Features(Examples).plain("age", "town")

    with_town = replace(project(plain), features=more)

    assert needed_of_examples(project(plain)) == ["person", "age"]
    assert needed_of_examples(with_town) == ["person", "age", "town"]
    assert needed(with_town, "people") == ["person", "born", "joined", "town"]


def test_what_is_not_needed_may_be_left_out_and_is_checked_where_it_is_there() -> None:
    rows = Rows(People, asked(People), needed=needed(project(plain), "people"))
    least = b'"person": "a", "born": "1980-01-01", "joined": "2020-01-01"'

    (row,) = rows.read_one(b"{%s}" % least).frame.to_dicts()

    assert (row["town"], row["email"]) == (None, None)
    with pytest.raises(ProblemError) as wrong:
        rows.read_one(b'{%s, "town": 5}' % least)
    assert wrong.value.wrong[0].field == "town"
    with pytest.raises(ProblemError) as missing:
        rows.read_one(b'{"person": "a", "joined": "2020-01-01"}')
    assert missing.value.wrong[0].field == "born"
