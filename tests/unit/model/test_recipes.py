"""The recipes of the docs are models; each is tested where its packages are installed."""

import importlib.util
import re
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from keel import Learner, Model

PAGES = Path(__file__).parents[3] / "docs/how-to/recipes"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
FILES = dict(BLOCK.findall("".join(page.read_text("utf-8") for page in PAGES.glob("*.md"))))
NEEDS = {
    "cat": ["catboost"],
    "forest": ["skops"],
    "network": ["onnxruntime", "skl2onnx"],
    "xgb": ["xgboost"],
}
TOWNS = pl.Enum(["Basel", "Bern", "Zug"])
SIZES = pl.Enum(["small", "middle", "large"])


def learner(name: str) -> Learner:
    """The recipe's settings as its file of values has them."""
    for package in NEEDS[name]:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: `nox -s recipes` does")
    module = types.ModuleType(f"recipe_{name}")
    sys.modules[module.__name__] = module
    exec(FILES[f"src/flight_delay/models/{name}.py"], module.__dict__)  # noqa: S102 -- our own page
    values: dict[str, Any] = yaml.safe_load(FILES[f"conf/model/{name}.yaml"])
    assert values.pop("name") == name
    made: Learner = module.Settings(**values)
    return made


def rows(count: int = 600) -> pl.DataFrame:
    """A number and a town, a tenth of which are unknown, and a flag."""
    random = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "weight": random.uniform(0, 10, count),
            "town": random.choice(TOWNS.categories.to_list(), count),
            "express": random.uniform(0, 1, count) < 0.5,
        },
        schema_overrides={"town": TOWNS},
    )
    unknown = pl.int_range(pl.len()) % 10
    return frame.with_columns(
        pl.when(unknown != 0).then("weight").alias("weight"),
        pl.when(unknown != 1).then("town").alias("town"),
    )


def label(features: pl.DataFrame, kind: str) -> pl.Series:
    amount = features.select(
        pl.col("weight").fill_null(5) - 3 * (pl.col("town") == "Zug").fill_null(value=False)
    ).to_series()
    if kind == "a number":
        return amount
    if kind == "yes or no":
        return amount > 5
    size = pl.when(amount < 2).then(pl.lit("small")).when(amount < 6).then(pl.lit("middle"))
    return pl.select(size.otherwise(pl.lit("large")).cast(SIZES)).to_series()


def fit(chosen: Learner, kind: str, features: pl.DataFrame | None = None) -> Model:
    learnt = rows() if features is None else features
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few iterations
        return chosen.fit(learnt, label(rows(), kind), lambda _done, _of: None)


def test_each_recipe_is_tested() -> None:
    assert {Path(file).stem for file in FILES} == set(NEEDS)


@pytest.mark.parametrize("name", NEEDS)
@pytest.mark.parametrize("kind", ["yes or no", "one of several", "a number"])
def test_a_recipe_learns_and_is_read_back_whole(name: str, kind: str) -> None:
    if (name, kind) == ("forest", "a number"):
        pytest.skip("the page says which estimator is for numbers")
    chosen = learner(name)

    model = fit(chosen, kind)

    predicted, text = model.predict(rows()), model.to_text()
    truth = label(rows(), kind).to_physical().to_numpy().astype(float)
    if kind == "one of several":
        assert predicted.shape == (600, 3)
        assert predicted.sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert (predicted.argmax(axis=1) == truth).mean() > 0.8
    else:
        assert predicted.shape == (600,)
        assert np.corrcoef(predicted, truth)[0, 1] > 0.75
    assert (chosen.from_text(text).predict(rows()) == predicted).all()
    assert fit(chosen, kind).to_text() == text


@pytest.mark.parametrize("name", NEEDS)
def test_half_a_file_of_a_recipe_is_no_model(name: str) -> None:
    chosen = learner(name)
    text = fit(chosen, "yes or no").to_text()

    for part in ("", "{}", *(text[: len(text) * n // 5] for n in range(1, 5))):
        with pytest.raises(ValueError, match=r"not a "):
            chosen.from_text(part)


@pytest.mark.parametrize("name", NEEDS)
def test_a_recipe_takes_features_of_one_kind_only(name: str) -> None:
    chosen = learner(name)

    for features in (rows().select("weight"), rows().select("town")):
        model = fit(chosen, "yes or no", features)
        assert model.predict(features.head(1)).shape == (1,)
