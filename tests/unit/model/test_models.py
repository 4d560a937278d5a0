import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from builders import PROJECT, REPOSITORY
from flight_delay.models import boosting

from keel import Learner, Model
from keel.model.choice import learner
from keel.pipeline.configuration import compose
from keel.project.settings import Choice

HERE = [str(folder) for folder in Path(__file__).parents[:2]]
NAMES = sorted(file.stem for file in (REPOSITORY / "conf/model").glob("*.yaml"))
CARRIERS = pl.Enum(["AA", "B6", "UA"])


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest) -> Learner:
    """Each model that the project has, as its settings say."""
    composed: dict[str, Any] = compose(REPOSITORY / "conf", [f"model={request.param}"])["model"]
    few_rows = {"trees": 20, "rows_per_leaf": 5, "rows_per_category": 5}
    small = composed | {name: few_rows[name] for name in composed if name in few_rows}
    return learner(PROJECT, Choice(**small))


def features(rows: int = 300, **columns: pl.Series) -> pl.DataFrame:
    """Wind, which has nulls, and carriers, or others in their place."""
    random = np.random.default_rng(1)
    wind = pl.Series(random.uniform(0, 40, rows).round()).to_frame("wind")
    return pl.DataFrame(
        {
            "wind": wind.select(pl.when(pl.col("wind") > 0).then(pl.col("wind"))).to_series(),
            "carrier": pl.Series(
                random.choice(CARRIERS.categories.to_list(), rows), dtype=CARRIERS
            ),
            **columns,
        }
    )


def label(rows: pl.DataFrame) -> pl.Series:
    """Late when it is windy; one in ten is otherwise."""
    return rows.select(
        (pl.col("wind").fill_null(0) > 25) ^ (pl.int_range(pl.len()) % 10 == 0)
    ).to_series()


def fit(model: Learner, rows: pl.DataFrame) -> Model:
    return model.fit(rows, label(rows), lambda _done, _total: None)


def test_a_model_learns_what_makes_the_label(model: Learner) -> None:
    windy = features(rows=2).with_columns(wind=pl.Series([40.0, 5.0]))

    strong, weak = fit(model, features()).predict(windy)

    assert strong > 0.5 > weak


def test_a_saved_model_predicts_the_same(model: Learner) -> None:
    fitted = fit(model, features())

    loaded = model.from_text(fitted.to_text())

    assert np.array_equal(loaded.predict(features()), fitted.predict(features()))
    assert loaded.to_text() == fitted.to_text()


def test_the_same_rows_make_the_same_model(model: Learner) -> None:
    assert fit(model, features()).to_text() == fit(model, features()).to_text()


def test_trees_tell_a_missing_number_from_zero() -> None:
    rows = features(wind=pl.Series([None, 0.0, 10.0] * 100))
    settings = compose(REPOSITORY / "conf", ["model=boosting"])["model"]
    windless = rows.select(pl.col("wind").is_null()).to_series()

    fitted = learner(PROJECT, Choice(**settings)).fit(rows, windless, lambda _done, _total: None)

    missing, calm, windy = fitted.predict(rows.head(3))
    assert missing > 0.9
    assert calm < 0.1
    assert windy < 0.1


SMALL = {"trees": 50, "learning_rate": 0.1, "leaves": 31, "rows_per_leaf": 5}
FIT = """
from test_models import boosted  # which finds the flights

print(boosted().to_text())
"""


def boosted() -> Model:
    return fit(boosting.Settings(**SMALL, rows_per_category=5, seed=1), features(5000))


def test_the_number_of_threads_does_not_change_the_trees() -> None:
    """These tests run on one thread, which is set when LightGBM is loaded."""
    with_two = subprocess.run(
        [sys.executable, "-c", FIT],
        env={**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join(HERE)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert with_two == boosted().to_text() + "\n"
    assert "end of parameters" in with_two


ROWS_TO_PREDICT = {
    "missing numbers": {"wind": pl.Series([None, None], dtype=pl.Float64)},
    "unknown categories": {"carrier": pl.Series([None, None], dtype=CARRIERS)},
    "nothing known": {
        "wind": pl.Series([None, None], dtype=pl.Float64),
        "carrier": pl.Series([None, None], dtype=CARRIERS),
    },
    "extreme numbers": {"wind": pl.Series([1e300, -1e300])},
}


@pytest.mark.parametrize("columns", ROWS_TO_PREDICT.values(), ids=ROWS_TO_PREDICT)
def test_a_probability_is_given_for(model: Learner, columns: dict[str, pl.Series]) -> None:
    found = fit(model, features()).predict(features(rows=2, **columns))

    assert found.shape == (2,)
    assert ((found >= 0) & (found <= 1)).all()


def test_one_row_is_predicted_as_among_others(model: Learner) -> None:
    fitted = fit(model, features())

    assert fitted.predict(features().head(1)) == pytest.approx(fitted.predict(features())[:1])


COLUMNS_TO_LEARN_FROM = {
    "a constant": pl.Series([0.1] * 300),
    "nothing": pl.Series([None] * 300, dtype=pl.Float64),
    "no categories": pl.Series([None] * 300, dtype=pl.Enum([])),
    "one category": pl.Series(["UA"] * 300, dtype=pl.Enum(["UA"])),
    "yes and no": pl.Series([True, False, None] * 100),
    "small whole numbers": pl.Series([120] * 299 + [-120], dtype=pl.Int8),
    "quotation marks": pl.Series(['a"b', "c, d", "é"] * 100, dtype=pl.Enum(['a"b', "c, d", "é"])),
}


@pytest.mark.parametrize("column", COLUMNS_TO_LEARN_FROM.values(), ids=COLUMNS_TO_LEARN_FROM)
def test_a_model_can_learn_from_a_column_of(model: Learner, column: pl.Series) -> None:
    rows = features(extra=column)

    fitted = fit(model, rows)

    found = fitted.predict(rows)
    assert ((found > 0) & (found < 1)).all()
    assert np.array_equal(model.from_text(fitted.to_text()).predict(rows), found)


@pytest.mark.parametrize("kept", ["wind", "carrier"])
def test_a_model_can_learn_from_one_kind_of_column(model: Learner, kept: str) -> None:
    rows = features()
    fitted = model.fit(rows.select(kept), label(rows), lambda _done, _total: None)

    assert fitted.predict(rows.select(kept)).shape == (300,)


def broken_texts(whole: str) -> list[str]:
    half = [whole[: len(whole) * part // 10] for part in range(1, 10)]
    return ["", "model", "{}", "[1]", "5", "null", *half]


def test_a_broken_text_is_no_model(model: Learner) -> None:
    for text in broken_texts(fit(model, features()).to_text()):
        with pytest.raises(ValueError, match=r"not a .* model"):
            model.from_text(text)


def test_training_says_how_far_it_is(model: Learner) -> None:
    steps: list[tuple[int, int]] = []

    model.fit(features(), label(features()), lambda done, total: steps.append((done, total)))

    done, total = steps[-1]
    assert done == total
    assert steps == sorted(steps)
