import base64
import json
import warnings
from typing import Annotated, Any, ClassVar

import numpy as np
import polars as pl
import pytest
from annotated_types import Gt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC

from keel import EstimatorSettings, Model
from keel.project.errors import UserError

KINDS = [f"kind {n}" for n in range(8)]
CLASSES = pl.Enum(["small", "middle", "large"])
CLASSIFIERS = (
    CalibratedClassifierCV(LinearSVC()),
    GaussianNB(),
    HistGradientBoostingClassifier(max_iter=10),
    KNeighborsClassifier(),
    LogisticRegression(),
    MLPClassifier((8,), max_iter=100, learning_rate_init=0.02),
    RandomForestClassifier(20),
)
REGRESSORS = (
    ElasticNet(0.01),
    HistGradientBoostingRegressor(max_iter=10),
    KNeighborsRegressor(),
    RandomForestRegressor(20),
)


def by_name(estimator: BaseEstimator) -> str:
    return type(estimator).__name__


class Forest(EstimatorSettings):
    trees: Annotated[int, Gt(0)]

    def estimator(self) -> BaseEstimator:
        return RandomForestClassifier(self.trees)


def settings(estimator: Any, trusted: tuple[str, ...] = ()) -> EstimatorSettings:
    """Settings that return an estimator."""

    class Settings(EstimatorSettings):
        def estimator(self) -> BaseEstimator:
            made: BaseEstimator = estimator
            return made

    Settings.trusted = trusted
    return Settings()


def features(rows: int = 400) -> pl.DataFrame:
    """Wind, of which a fifth is unknown, a kind, of which some are, and what says nothing."""
    random = np.random.default_rng(1)
    wind = pl.Series("wind", random.uniform(0, 40, rows))
    known = pl.Series("known", random.uniform(0, 1, rows) < 0.8)
    frame = pl.DataFrame([wind, known]).with_row_index("row")
    kind = pl.Series(KINDS).gather(random.integers(0, 8, rows)).cast(pl.Enum(KINDS))
    return frame.select(
        pl.when("known").then("wind").alias("wind"),
        pl.when(pl.col("row") % 37 != 0).then(kind).alias("kind"),
        pl.lit(value=True).alias("constant"),
        pl.lit(None, pl.Float64).alias("empty"),
        pl.lit(None, pl.Enum([])).alias("nothing"),
    )


def amount(rows: pl.DataFrame) -> pl.Series:
    """More in wind, where it is known, and less of the later kinds."""
    kind = pl.col("kind").to_physical().fill_null(3)
    return rows.select(pl.col("wind").fill_null(20.0) - 2.0 * kind).to_series()


def label(rows: pl.DataFrame, kind: str) -> pl.Series:
    made = amount(rows)
    if kind == "number":
        return made
    if kind == "yes or no":
        return made > 13
    size = pl.when(made < 5).then(pl.lit("small")).when(made < 20).then(pl.lit("middle"))
    return pl.select(size.otherwise(pl.lit("large")).cast(CLASSES)).to_series()


def fit(chosen: EstimatorSettings, kind: str, rows: pl.DataFrame | None = None) -> Model:
    rows = features() if rows is None else rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few iterations
        return chosen.fit(rows, label(rows, kind), lambda _done, _of: None)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=by_name)
def test_a_classifier_tells_yes_from_no(estimator: BaseEstimator) -> None:
    predicted = fit(settings(estimator), "yes or no").predict(features())

    true = label(features(), "yes or no").to_numpy()
    assert predicted.shape == (400,)
    assert predicted[true].mean() - predicted[~true].mean() > 0.4


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=by_name)
def test_a_classifier_gives_a_probability_to_each_class_in_the_order_of_the_enum(
    estimator: BaseEstimator,
) -> None:
    predicted = fit(settings(estimator), "classes").predict(features())

    true = label(features(), "classes").to_physical().to_numpy()
    assert predicted.shape == (400, 3)
    assert predicted.sum(axis=1) == pytest.approx(1)
    assert (predicted.argmax(axis=1) == true).mean() > 0.6


@pytest.mark.parametrize("estimator", REGRESSORS, ids=by_name)
def test_a_regressor_predicts_a_number(estimator: BaseEstimator) -> None:
    predicted = fit(settings(estimator), "number").predict(features())

    assert np.corrcoef(predicted, label(features(), "number").to_numpy())[0, 1] > 0.8


@pytest.mark.parametrize("estimator", [*CLASSIFIERS, *REGRESSORS], ids=by_name)
def test_it_is_read_back_whole_and_equal_rows_give_an_equal_text(estimator: BaseEstimator) -> None:
    kind = "number" if estimator in REGRESSORS else "classes"
    chosen = settings(estimator)

    model = fit(chosen, kind)

    again = chosen.from_text(model.to_text())
    assert (again.predict(features()) == model.predict(features())).all()
    assert fit(chosen, kind).to_text() == model.to_text()


@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), RandomForestClassifier(5)], ids=by_name
)
def test_rows_of_unknown_values_only_are_predicted(estimator: BaseEstimator) -> None:
    rows = features(1).clear(1)

    assert 0 <= fit(settings(estimator), "yes or no").predict(rows)[0] <= 1


def test_a_class_that_training_did_not_have_has_no_probability() -> None:
    rows = features().filter(label(features(), "classes") != "middle")

    predicted = fit(settings(RandomForestClassifier(5)), "classes", rows).predict(features())

    assert (predicted[:, 1] == 0).all()


@pytest.mark.parametrize("estimator", [LogisticRegression(), HistGradientBoostingClassifier()])
def test_thousands_of_categories_are_no_trouble(estimator: BaseEstimator) -> None:
    names = [f"name {n}" for n in range(3000)]
    rows = features(6000).with_columns(name=pl.Series(names * 2, dtype=pl.Enum(names)))

    model = fit(settings(estimator), "yes or no", rows)

    assert model.predict(rows).shape == (6000,)


def test_its_settings_are_those_of_the_class() -> None:
    few, many = (fit(Forest(trees=trees), "yes or no").to_text() for trees in (2, 20))

    assert len(many) > 3 * len(few)


def test_a_broken_file_is_no_model() -> None:
    text = fit(Forest(trees=3), "yes or no").to_text()
    parts = json.loads(text)
    other = json.dumps({**parts, "content": [base64.b64encode(b"PK no archive").decode()]})

    for broken in ("", "{}", "[]", text[:-40], other, text.replace('"kind":', '"sort":')):
        with pytest.raises(ValueError, match=r"^not a saved estimator"):
            Forest(trees=3).from_text(broken)


class Own(ClassifierMixin, BaseEstimator):
    """An estimator of a project's own."""

    loaded: ClassVar[list[Any]] = []

    def fit(self, rows: Any, label: Any) -> "Own":  # noqa: ARG002 -- scikit-learn's interface
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, rows: Any) -> Any:
        return np.full((len(rows), 2), 0.5)

    def __setstate__(self, state: Any) -> None:
        self.loaded.append(state)


def test_a_type_that_nobody_named_is_refused_when_it_is_fitted() -> None:
    with pytest.raises(UserError, match=r"trusted = \['.*test_estimator.Own'\]"):
        fit(settings(Own()), "yes or no")


def test_a_type_that_nobody_named_is_refused_by_name_and_none_of_its_code_runs() -> None:
    name = f"{Own.__module__}.Own"
    trusting = settings(Own(), (name,))
    text = fit(trusting, "yes or no").to_text()
    Own.loaded.clear()

    with pytest.raises(ValueError, match=r"^a model with .*test_estimator.Own, which `trusted`"):
        settings(Own()).from_text(text)

    assert Own.loaded == []
    assert trusting.from_text(text)
    assert Own.loaded != []


@pytest.mark.parametrize(
    ("estimator", "kind", "message"),
    [
        (RandomForestRegressor(), "yes or no", "return a classifier, since the label is none"),
        (RandomForestClassifier(), "number", "return a regressor, since the label is a number"),
        (LinearSVC(), "classes", r"return CalibratedClassifierCV\(LinearSVC"),
    ],
)
def test_what_does_not_fit_the_label_is_said(
    estimator: BaseEstimator, kind: str, message: str
) -> None:
    with pytest.raises(UserError, match=rf"test_estimator.py, line \d+: {message}"):
        fit(settings(estimator), kind)


def test_what_scikit_learn_refuses_is_said_with_the_place() -> None:
    with pytest.raises(UserError, match=r"test_estimator.py, line \d+: RandomForest.* fitted: The"):
        fit(settings(RandomForestClassifier(max_depth=-1)), "yes or no")


def test_a_class_without_an_estimator_is_told_what_to_write() -> None:
    with pytest.raises(UserError, match=r"write `def estimator\(self\)`"):
        fit(EstimatorSettings(), "number")


def test_features_without_any_value_teach_nothing() -> None:
    rows = features().select("empty", "nothing")

    with pytest.raises(UserError, match=r"give features\.py one"):
        Forest(trees=1).fit(rows, label(features(), "yes or no"), lambda _done, _of: None)
