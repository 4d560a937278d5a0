"""What the quick data give is compared with what was accepted, and a difference says its cause."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from small import Visits, build, small_project, small_settings

from keel import Features, Project, Tables
from keel.project.errors import UserError
from keel.testing.accepted import (
    CHECKS,
    FILE,
    accept,
)
from keel.testing.pipeline import Quick

DATA, MODEL = CHECKS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project's folder in which the small project was accepted."""
    content = small_settings(tmp_path / "source")
    (tmp_path / "tests").mkdir()
    (tmp_path / "conf/data").mkdir(parents=True)
    quick = "# @package _global_\n" + yaml.safe_dump({"data": content.pop("data")})
    (tmp_path / "conf/data/quick.yaml").write_text(quick, "utf-8")
    defaults = {"defaults": ["_self_", {"data": "quick"}]}
    (tmp_path / "conf/config.yaml").write_text(yaml.safe_dump({**defaults, **content}), "utf-8")
    settings = '[tool.keel]\nproject = "small:small_project"\n'
    (tmp_path / "pyproject.toml").write_text(settings, "utf-8")
    accept(small_project(), tmp_path)
    return tmp_path


def run(root: Path, project: Project | None = None, *changes: str) -> Quick:
    return Quick(project or small_project(), *changes, root=root).run("train")


def built(change: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Project:
    """The project with a change of its examples."""

    def changed(tables: Tables) -> pl.LazyFrame:
        return change(build(tables)).select(Visits.column_names())

    return small_project(build=changed)


def featured(pages: pl.Expr, **more: pl.Expr) -> Project:
    """The project with another feature `pages`, and more features."""
    features = Features(Visits).plain("shop")
    for name, expression in {"pages": pages, **more}.items():

        def feature(expression: pl.Expr = expression) -> pl.Expr:
            return expression

        feature.__name__ = name
        features.add(feature)
    return small_project(features=features)


def test_what_is_as_accepted_passes(root: Path) -> None:
    for check in CHECKS:
        check(run(root))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.col("pages") * 2.5, "examples.py: pages: mean 10.3 → 25.9"),
        (
            pl.col("shop").replace({"Bern": "Basel", "Basel": "Bern"}),
            "examples.py: shop: the same values, in other rows",
        ),
        (pl.col("bought").not_(), "examples.py: bought: true in"),
        (pl.col("at").dt.offset_by("1h"), "examples.py: at: mean"),
        (pl.col("shop").replace("Bern", "Basel"), "examples.py: shop: 'Basel' in 50 → 100 %"),
    ],
)
def test_another_example_of_the_same_data_is_named(root: Path, change: pl.Expr, words: str) -> None:
    other = built(lambda examples: examples.with_columns(change))

    with pytest.raises(AssertionError, match="--accept") as error:
        DATA(run(root, other))

    cause = [line.strip() for line in str(error.value).splitlines()[1:]]
    assert len(cause) == 1
    assert cause[0].startswith(words)


def test_a_feature_that_follows_from_its_columns_is_not_named(root: Path) -> None:
    other = featured(pl.col("pages") + 1)

    with pytest.raises(AssertionError, match=r"features\.py: pages: mean") as error:
        DATA(run(root, other))

    assert "examples.py" not in str(error.value)


def test_lost_rows_come_first(root: Path) -> None:
    other = built(lambda examples: examples.filter(pl.col("pages") > 2))

    with pytest.raises(AssertionError) as error:
        DATA(run(root, other))

    assert "examples.py: 400 →" in str(error.value).splitlines()[1]


def test_the_same_in_another_order_is_the_same(root: Path) -> None:
    DATA(run(root, built(lambda examples: examples.reverse())))


def test_a_new_feature_that_says_little_is_only_asked_to_be_accepted(root: Path) -> None:
    other = featured(pl.col("pages"), even=pl.col("visit") % 2)

    with pytest.raises(pytest.skip.Exception, match=r"features\.py: even, .*--accept"):
        DATA(run(root, other))
    MODEL(run(root, other))

    assert accept(other, root)[-1] == "features.py: even is new"
    DATA(run(root, other))
    assert accept(small_project(), root)[-1] == "features.py: even is gone"


def test_a_score_that_is_too_good_names_what_carries_it(root: Path) -> None:
    accepted = json.loads((root / FILE).read_text("utf-8"))
    accepted["model"] |= {"score": 0.5, "low": 0.4, "high": 0.6}
    (root / FILE).write_text(json.dumps(accepted), "utf-8")

    with pytest.raises(AssertionError, match=r"too good to be true.* most at pages"):
        MODEL(run(root, featured(pl.col("pages"), even=pl.col("visit") % 2)))


def test_another_model_of_the_same_data_is_named(root: Path) -> None:
    accepted = json.loads((root / FILE).read_text("utf-8"))
    accepted["model"] |= {"score": 0.99, "low": 0.98, "high": 1.0}
    (root / FILE).write_text(json.dumps(accepted), "utf-8")

    with pytest.raises(AssertionError, match=r"auc: 0\.99 →"):
        MODEL(run(root))


@pytest.mark.parametrize("check", CHECKS)
def test_of_other_data_nothing_is_said(root: Path, check: Callable[[Quick], None]) -> None:
    source = root / "source/visits.parquet"
    pl.read_parquet(source).with_columns(pl.col("pages") + 1).write_parquet(source)

    with pytest.raises(pytest.skip.Exception, match="the quick data are others"):
        check(run(root))


def test_with_other_settings_the_model_is_not_judged_and_the_data_are(root: Path) -> None:
    other = run(root, None, "model.regularisation=0.01")

    DATA(other)
    with pytest.raises(pytest.skip.Exception, match="its settings"):
        MODEL(other)


def test_data_that_are_read_otherwise_are_compared(root: Path) -> None:
    accepted = json.loads((root / FILE).read_text("utf-8"))
    accepted["raw"]["visits"]["pages"] = "other"
    accepted["reading"]["nulls"] = ["0"]
    accepted["columns"]["pages"]["nulls"] = 30
    (root / FILE).write_text(json.dumps(accepted), "utf-8")

    with pytest.raises(AssertionError, match="unknown in 30 → 0"):
        DATA(run(root))


@pytest.mark.parametrize("content", [None, '{"form": 0}'])
def test_without_what_was_accepted_it_is_said_what_to_do(root: Path, content: str | None) -> None:
    (root / FILE).unlink()
    if content:
        (root / FILE).write_text(content, "utf-8")

    with pytest.raises(pytest.skip.Exception, match="uv run keel check --accept"):
        DATA(run(root))


def test_a_broken_file_is_a_mistake_with_a_cure(root: Path) -> None:
    (root / FILE).write_text("<<<<<<<", "utf-8")

    with pytest.raises(UserError, match="writes it anew"):
        DATA(run(root))


def test_what_is_accepted_anew_is_told(root: Path) -> None:
    other: Any = built(lambda examples: examples.with_columns(pl.col("pages") * 2))

    changed = accept(other, root)

    assert "examples.py: pages: mean" in changed[0]
    assert accept(other, root) == []
