"""A judgement worked out in other ways, of whatever is predicted."""

import contextlib
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import polars as pl
import pytest
from builders import TODAY
from sklearn import metrics as sklearn
from tasks import LABELS, task_project, task_settings, task_store

from keel.data import split
from keel.data.split import Labelled, folds, training
from keel.data.store import Store
from keel.judge.judgement import Part, judge, predict
from keel.model.fitting import fit, interval
from keel.model.predictor import Predictor, load
from keel.pipeline import evaluate
from keel.pipeline.configuration import load as settings_of
from keel.pipeline.flow import flow
from keel.project.description import Project
from keel.project.errors import RefusedError

GOOD, WEAK = ({"name": "linear", "regularisation": n, "iterations": 20} for n in (1.0, 3000.0))
LIMITS = {"feature_loss": None, "psi": None, "same": None, "nulls": None, "gap": None}
FOLDS = {"by": "key", "folds": 3}
CARD = "{{ worst_slices[0].value }}; {{ baseline_better | length }}; {{ naive_better }}\n"
Oracle = Callable[[Any, Any], Any]
# What each metric is by scikit-learn: the first decides.
ORACLES: Mapping[str, Mapping[str, Oracle]] = {
    "yes or no": {
        "log_loss": sklearn.log_loss,
        "auc": sklearn.roc_auc_score,
        "average_precision": sklearn.average_precision_score,
    },
    "one of several": {
        "macro_f1": lambda label, said: sklearn.f1_score(label, said.argmax(1), average="macro"),
        "log_loss": lambda label, said: sklearn.log_loss(label, said, labels=range(4)),
        "balanced_accuracy": lambda label, said: sklearn.balanced_accuracy_score(
            label, said.argmax(1)
        ),
    },
    "a number": {
        "mae": sklearn.mean_absolute_error,
        "rmse": sklearn.root_mean_squared_error,
        "r2": sklearn.r2_score,
        "bias": lambda label, said: abs(float(np.mean(said - label))),
    },
}


@cache
def judged(kind: str, **changes: Any) -> tuple[Store, Project]:
    """A run of a project of that kind, with a baseline that is worse than the model."""
    folder, project = Path(mkdtemp(prefix="keel-")), task_project(kind)
    content = task_settings(project, folder / "source", model=GOOD, baseline=WEAK, gates=LIMITS)
    content["evaluation"] |= {"metrics": list(ORACLES[kind])}
    content["split"] = {"by": "time", "test_from": "2025-02-10"}
    content["interval"] = 0.8 if kind == "a number" else None
    store = task_store(folder)
    (folder / "docs/model-card.md").write_text(CARD, "utf-8")
    with contextlib.suppress(RefusedError):  # the verdicts are written all the same
        flow(project, content | changes, store, TODAY)
    return store, project


def predictions(store: Store) -> pl.DataFrame:
    return store.read_table(store.predictions).collect()


def scores(store: Store) -> pl.DataFrame:
    return pl.read_csv(store.report("slices.csv"))


def sides(store: Store, project: Project) -> tuple[Labelled, Labelled]:
    chosen, examples = settings_of(store).split, store.read_table(store.examples)
    return training(examples, project, chosen), split.test(examples, project, chosen)


@pytest.mark.parametrize("model", ["model", "baseline", "naive"])
@pytest.mark.parametrize("kind", LABELS)
def test_scores_are_what_scikit_learn_makes_of_the_stored_predictions(
    kind: str, model: str
) -> None:
    store, project = judged(kind)
    rows, written = predictions(store), store.read_json(store.report("metrics.json"))
    label = project.task.numbers(rows["label"])

    for name, oracle in ORACLES[kind].items():
        found = (written if model == "model" else written[model])[name]
        assert found == pytest.approx(oracle(label, rows[model].to_numpy()), abs=2e-6), name


@pytest.mark.parametrize("kind", LABELS)
def test_each_column_is_what_its_model_says_of_the_rows_that_it_has_not_seen(kind: str) -> None:
    store, project = judged(kind)
    settings, (learnt, unseen) = settings_of(store), sides(store, project)
    rows = predictions(store)

    assert rows["label"].equals(unseen.label)
    assert rows["example"].equals(unseen.examples.select(pl.struct("order")).to_series())
    assert not set(unseen.examples["order"]) & set(learnt.examples["order"])
    for column, choice, path in (
        ("model", settings.model, store.model),
        ("baseline", settings.baseline, store.baseline),
    ):
        (fitted,) = fit(project, learnt, choice)
        assert rows[column].equals(load(store, project, choice, path).predict(unseen.examples))
        assert np.allclose(rows[column].to_numpy(), fitted.predict(unseen.examples).to_numpy())
    guess = project.task.naive(learnt.label)
    assert rows["naive"].equals(guess.new_from_index(0, len(rows)))


@pytest.mark.parametrize("kind", LABELS)
def test_models_that_say_something_else_have_other_scores(kind: str) -> None:
    found = scores(judged(kind)[0]).filter(pl.col("slice") == "all")

    by_metric = found.pivot("model", index="metric", values="score")
    assert (by_metric["model"] != by_metric["baseline"]).all()
    assert (by_metric["baseline"] != by_metric["naive"]).any()


@pytest.mark.parametrize("model", ["model", "baseline"])
@pytest.mark.parametrize("kind", LABELS)
def test_slices_add_up_to_the_whole(kind: str, model: str) -> None:
    store, _ = judged(kind)
    mean = "mae" if "mae" in ORACLES[kind] else "log_loss"  # over rows

    found = scores(store).filter(model=model, metric=mean)
    whole = found.row(by_predicate=pl.col("slice") == "all", named=True)
    for name in ("town", "month"):
        rows = found.filter(slice=name)
        assert len(rows) > 1
        assert rows["rows"].sum() == whole["rows"] == len(predictions(store))
        total = (rows["rows"] * rows["score"]).sum()
        assert total / whole["rows"] == pytest.approx(whole["score"], abs=2e-6)


def test_the_interval_of_a_number_is_that_of_the_model_and_holds_as_often_as_it_says() -> None:
    store, project = judged("a number")
    settings, (learnt, _) = settings_of(store), sides(store, project)

    stored = store.read_json(store.passport)["interval"]

    assert stored == interval(project, settings.model, learnt, settings.split, 0.8)
    off = (predictions(store)["model"] - predictions(store)["label"]).abs()
    assert (off <= stored["reach"]).mean() == pytest.approx(0.8, abs=0.05)


def test_with_folds_each_row_is_judged_by_models_of_all_others() -> None:
    store, project = judged.__wrapped__("a number", split=FOLDS)
    settings, rows = settings_of(store), predictions(store)
    examples = store.read_table(store.examples)

    assert sorted(rows["example"].struct["order"]) == sorted(examples.collect()["order"])
    for learnt, unseen in folds(examples, project, settings.split):
        own = rows.filter(rows["example"].struct["order"].is_in(unseen.examples["order"].implode()))
        for column, choice in (("model", settings.model), ("baseline", settings.baseline)):
            (fitted,) = fit(project, learnt, choice)
            said = fitted.predict(unseen.examples).to_numpy()
            assert np.allclose(own[column].to_numpy(), said)


@pytest.mark.parametrize(("model", "baseline", "passed"), [(GOOD, WEAK, True), (WEAK, GOOD, False)])
@pytest.mark.parametrize("kind", ["one of several", "a number"])
def test_the_better_one_passes_whether_its_metric_is_high_or_low(
    kind: str, model: dict[str, Any], baseline: dict[str, Any], passed: bool
) -> None:
    store, _ = judged(kind) if passed else judged.__wrapped__(kind, model=model, baseline=baseline)

    verdicts = store.read_json(store.report("gates.json"))

    assert [one["passed"] for one in verdicts if one["gate"] == "baseline"] == [passed]


@pytest.mark.parametrize("kind", ["one of several", "a number"])
def test_the_report_names_the_worst_slice_and_nothing_as_better_that_is_not(kind: str) -> None:
    store, _ = judged(kind)
    main = next(iter(ORACLES[kind]))

    by_town = scores(store).filter(slice="town", model="model", metric=main).sort("score")
    worst = by_town["value"][0 if main == "macro_f1" else -1]
    assert store.report("model-card.md").read_text("utf-8") == f"{worst}; 0; False\n"


def test_a_model_that_is_the_baseline_is_shown_once() -> None:
    store, _ = judged.__wrapped__("a number", model=WEAK, baseline=WEAK)

    page = store.report("report.html").read_text("utf-8")

    assert page.count("of the baseline<b>") == 0
    assert "The model is the baseline itself" in page


# What was agreed on, whether it is of all data, and what the report says, and does not.
SAID: Mapping[str, tuple[dict[str, Any], bool, str, str]] = {
    "nobody agreed": ({"agreed_by": None}, True, "not agreed yet", "Good enough"),
    "somebody agreed": ({"agreed_by": "sales, 2026"}, True, "Good enough", "not agreed yet"),
    "a part": ({"agreed_by": "sales, 2026"}, False, "A trial on part", "Good enough"),
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("kind", LABELS)
def test_nothing_is_called_good_that_nobody_agreed_on(kind: str, said: str, tmp_path: Path) -> None:
    changes, whole, expected, absent = SAID[said]
    run, project = judged(kind)
    copy = shutil.copytree(run.root, tmp_path / "run")
    store = Store(copy, copy)
    main = next(iter(ORACLES[kind]))
    reached = store.read_json(store.report("metrics.json"))[main]
    settings = settings_of(store)
    agreed = settings.evaluation.model_copy(update={"floors": {main: reached}, **changes})
    chosen: dict[str, Any] = {"evaluation": agreed}
    if not whole:
        chosen["data"] = settings.data.model_copy(update={"rows": {"orders": 1}})

    facts = evaluate.run(store, project, settings.model_copy(update=chosen), TODAY)

    page = store.report("report.html").read_text("utf-8")
    assert expected in page
    assert absent not in page
    assert ("sales, 2026" in page) is (said == "somebody agreed")
    assert ("This may be chance for" in page) is (said == "somebody agreed")  # it's just reached
    assert ("good enough, as agreed by sales" in str(facts["verdict"])) is ("Good" in expected)


def test_what_is_new_is_told_of_the_rows_that_judge() -> None:
    """A town that training had, and the test has no more, is no shift."""
    store, project = judged("a number")
    settings, (learnt, unseen) = settings_of(store), sides(store, project)
    (fitted,) = fit(project, learnt, settings.model)
    moved = unseen.examples.with_columns(town=pl.lit("Chur"))
    part = Part(fitted, fitted, learnt, Labelled(moved, unseen.label, 3))

    one, two = (judge(project, settings, [part] * n, {}, today=TODAY) for n in (1, 2))

    (told,) = (verdict.sentence for verdict in one.verdicts if verdict.gate == "shift.town")
    assert "such as 'Chur', in" in told
    assert (one.unlabelled, two.unlabelled) == (3, 6)


def test_a_month_begins_at_local_midnight() -> None:
    store, project = judged("a number")
    learnt, unseen = sides(store, project)
    (fitted,) = fit(project, learnt, settings_of(store).model)
    nights = [datetime(2025, 1, 31, hour, 30, tzinfo=UTC) for hour in (22, 23)]  # Zurich: UTC+1
    rows = unseen.examples.head(2).with_columns(day=pl.Series(nights))

    said = predict(
        project, Part(fitted, fitted, learnt, Labelled(rows, unseen.label.head(2), 0)), []
    )

    assert said["month"].to_list() == ["2025-01", "2025-02"]


class Asked(Predictor):
    """A predictor that keeps what it was asked."""

    def inputs(self, examples: pl.DataFrame) -> pl.DataFrame:
        self.asked.extend(examples["order"])
        return super().inputs(examples)

    @property
    def asked(self) -> list[int]:
        kept: list[int] = self.__dict__.setdefault("kept", [])
        return kept


def test_nothing_but_the_unseen_rows_is_asked_for() -> None:
    """Not for scores, and not to see what each feature is worth."""
    store, project = judged("a number")
    settings, (learnt, unseen) = settings_of(store), sides(store, project)
    (fitted,) = fit(project, learnt, settings.model)
    spy = Asked(**vars(fitted))

    judge(project, settings, [Part(spy, fitted, learnt, unseen)], {}, today=TODAY)

    assert set(spy.asked) == set(unseen.examples["order"])
