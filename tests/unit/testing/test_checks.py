"""A check passes on the worked example, and fails on a project in which it does not hold."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest
from builders import PROJECT, REPOSITORY, with_feature
from flight_delay.models.boosting import Boosting, Settings

from keel.project.columns import ahead
from keel.project.description import Project, Tables
from keel.project.errors import UserError
from keel.testing import Check, parametrize_with_checks, trained
from keel.testing.checks import all_checks


def checks(project: Project = PROJECT) -> dict[str, Check]:
    return {check.sentence: check for check in all_checks(project, REPOSITORY)}


@parametrize_with_checks(PROJECT, root=REPOSITORY)
def test_what_holds_for_every_project_holds_for_the_worked_example(check: Check) -> None:
    check()


def test_a_check_that_does_not_hold_can_be_left_out_with_the_reason() -> None:
    marked = parametrize_with_checks(
        PROJECT, root=REPOSITORY, without={"no feature reads personal data": "there is none"}
    )

    skipped = {case.id: case.marks[0].kwargs["reason"] for case in marked.args[1] if case.marks}
    assert skipped == {"no feature reads personal data": "there is none"}


def test_what_is_no_check_can_not_be_left_out() -> None:
    with pytest.raises(UserError, match="'no such check'"):
        parametrize_with_checks(PROJECT, root=REPOSITORY, without={"no such check": "-"})


def test_outside_of_a_project_its_folder_has_to_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UserError, match="give `root`"):
        trained(PROJECT)


def test_a_service_is_checked_where_there_is_one(tmp_path: Path) -> None:
    without = {check.sentence for check in all_checks(PROJECT, tmp_path)}
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/service.yaml").touch()
    served = {check.sentence for check in all_checks(PROJECT, tmp_path)}

    assert {name.partition(" ")[0] for name in served - without} == {"a", "monitoring"}
    assert without < served < set(checks())


# --- Projects in which something does not hold ------------------------------------------------


Planes, Examples = PROJECT.tables["planes"], PROJECT.examples


STORED = "stores the settings that it was given"


class Silent(Planes):  # type: ignore[valid-type,misc]  # a class that is in a variable
    seats = dy.Int16(nullable=True)


class Personal(Examples):  # type: ignore[valid-type,misc]  # a class that is in a variable
    carrier = dy.String(primary_key=True, metadata=ahead(personal=True))


def built(change: Callable[[pl.LazyFrame, Tables], pl.LazyFrame]) -> Project:
    return replace(PROJECT, build=lambda tables: change(PROJECT.build(tables), tables))


BROKEN = {
    "each column says when it is known and whether it is personal": replace(
        PROJECT, tables={**PROJECT.tables, "planes": Silent}
    ),
    "no feature reads personal data": replace(PROJECT, examples=Personal),
    "a row has the features alone that it has among others": with_feature(
        "relative", pl.col("pressure") - pl.col("pressure").mean()
    ),
    "a row is predicted alone as among others": with_feature(
        "relative", pl.col("pressure") - pl.col("pressure").mean()
    ),
    "features are numbers or text finite and one row for each example": with_feature(
        "ratio", pl.col("temperature") / 0.0
    ),
}


@pytest.mark.parametrize(("sentence", "project"), BROKEN.items(), ids=BROKEN)
def test_a_project_in_which_it_does_not_hold_fails(sentence: str, project: Project) -> None:
    with pytest.raises((AssertionError, UserError)):
        checks(project)[sentence]()


def test_examples_that_depend_on_the_order_of_rows_are_told() -> None:
    def first(examples: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
        return examples.with_columns(
            aircraft_built=tables["planes"].select("year").first().collect().item()
        )

    with pytest.raises(AssertionError, match=r"aircraft_built depends on the order"):
        checks(built(first))["the order of rows in the tables changes no example"]()


def test_what_was_known_only_later_is_told_wherever_it_is() -> None:
    """From the last tenth of the year on, and not at the moment at which `prepare` looks."""

    def late(examples: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
        delays = tables["flights"].filter(pl.col("time_hour").dt.month() == 10)
        delay = delays.select(pl.col("arr_delay").mean()).collect().item()
        october = pl.col("decision_time").dt.month() == 10
        return examples.with_columns(
            temperature=pl.when(october).then(pl.lit(delay)).otherwise("temperature")
        )

    with pytest.raises(UserError, match=r"temperature of examples up to"):
        checks(built(late))["examples at a moment are those from all later data"]()


# --- Models in which something does not hold --------------------------------------------------


class Wrapped(Boosting):  # type: ignore[misc]  # a seed
    """A model whose predictions are changed."""

    change: Callable[[Any], Any] = staticmethod(lambda predicted: predicted)

    def predict(self, features: pl.DataFrame) -> Any:
        return type(self).change(super().predict(features))


def changed(change: Callable[[Any], Any]) -> type[Settings]:
    model = type("Changed", (Wrapped,), {"change": staticmethod(change)})

    class Changed(Settings):  # type: ignore[misc]  # a seed
        def fit(self, *arguments: Any) -> Boosting:
            return model(super().fit(*arguments).booster)

        def from_text(self, text: str) -> Boosting:
            return model(super().from_text(text).booster)

    return Changed


class Shuffled(Settings):  # type: ignore[misc]  # a seed
    def fit(self, features: pl.DataFrame, label: pl.Series, progress: Any) -> Boosting:
        return super().fit(features, label.shuffle(seed=1), progress)


class TenTrees(Settings):  # type: ignore[misc]  # a seed
    def fit(self, *arguments: Any) -> Boosting:
        return Settings.fit(self.model_copy(update={"trees": min(self.trees, 10)}), *arguments)


class Swapped(Settings):  # type: ignore[misc]  # a seed
    def _parameters(self, label: pl.DataType) -> dict[str, object]:
        swapped = {"num_leaves": self.rows_per_leaf, "min_data_in_leaf": self.leaves}
        return {**super()._parameters(label), **swapped}


class TenthOfTheRate(Settings):  # type: ignore[misc]  # a seed
    def _parameters(self, label: pl.DataType) -> dict[str, object]:
        return {**super()._parameters(label), "learning_rate": self.learning_rate / 10}


class NoSeed(Settings):  # type: ignore[misc]  # a seed
    def _parameters(self, label: pl.DataType) -> dict[str, object]:
        drawn = {"seed": int(np.random.default_rng().integers(10**6))}
        return {**super()._parameters(label), **drawn, "bagging_fraction": 0.8, "bagging_freq": 1}


MODELS: dict[str, Any] = {
    "boosting learns what there is to learn": Shuffled,
    "boosting predicts probabilities": changed(
        lambda predicted: np.log(predicted / (1 - predicted))
    ),
    "boosting sees numbers and categories": changed(lambda predicted: 1 - predicted),
    "boosting is the same from the same rows": NoSeed,
    "trees of boosting changes what it learns": TenTrees,
}
STRAYED = [Swapped, TenthOfTheRate, TenTrees]


@pytest.mark.parametrize(
    ("sentence", "model"),
    [*MODELS.items(), *((f"boosting {STORED}", model) for model in STRAYED)],
)
def test_a_model_in_which_it_does_not_hold_fails(sentence: str, model: Any) -> None:
    project = replace(PROJECT, models={**PROJECT.models, "boosting": model})

    with pytest.raises((AssertionError, UserError)):
        checks(project)[sentence]()


def test_classes_are_no_probabilities() -> None:
    model = changed(lambda predicted: (predicted > 0.5).astype(float))
    project = replace(PROJECT, models={**PROJECT.models, "boosting": model})

    with pytest.raises(AssertionError, match="classes"):
        checks(project)["boosting predicts probabilities"]()
