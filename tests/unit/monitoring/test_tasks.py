"""What the monitoring makes of whatever is predicted, with a time, a date, or none."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from served import Served
from tasks import FIRST, LABELS, TIMES, orders, task_project, task_settings, task_store

from keel.data.store import Store
from keel.model.predictor import in_use
from keel.monitoring.checks import Judgement
from keel.monitoring.indicators import indicators
from keel.monitoring.monitor import monitor
from keel.monitoring.page import outcomes
from keel.monitoring.watch import Watched
from keel.pipeline import configuration
from keel.pipeline.flow import flow
from keel.project.description import Project
from keel.project.task import Task
from keel.serving.settings import Monitoring

FEW = Monitoring(rows=10, window_rows=20)
TODAY = date(2025, 4, 1)
LATER = timedelta(hours=6)
DAYS = 20
STAGES = ("ingest", "validate", "prepare", "train")
ALL = [(kind, time) for kind in LABELS for time in (*TIMES, None)]
SCORES = {
    "yes or no": ["its probability"],
    "one of several": [f"its probability of {name}" for name in ("home", "office", "shop", "box")],
    "a number": ["its prediction"],
}
Trained = Callable[..., Store]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str | None], Path]:
    """A run up to a model of each kind and time, which tests leave as it is."""

    @cache
    def made(kind: str, time: str | None) -> Path:
        project, folder = task_project(kind, time), tmp_path_factory.mktemp("run")
        flow(project, task_settings(project, folder / "source"), task_store(folder), TODAY, STAGES)
        return folder

    return made


@pytest.fixture
def trained(run: Callable[[str, str | None], Path], tmp_path: Path) -> Trained:
    """A copy of such a run, with other settings of how it is judged."""

    def copied(kind: str, time: str | None = "time", **evaluation: object) -> Store:
        folder = Path(shutil.copytree(run(kind, time), tmp_path / "run"))
        project, store = task_project(kind, time), Store(folder, folder)
        settings = task_settings(project, folder / "source")
        settings["evaluation"] |= evaluation
        configuration.write(project, settings, store)
        return store

    return copied


def use(project: Project, store: Store, *, worse: bool = False) -> Served:
    """The log of its model for three weeks, whose labels come a few hours later."""
    model, log = in_use(store, project), Served(store.root, FIRST, project)
    for day in orders(project, DAYS).iter_slices(10):
        predicted = model.predictor.predict(day)
        log.predict(day, predicted.reverse() if worse else predicted, model=model.version)
        log.at += LATER
        log.label(day, day[project.label].to_list())
        log.at += timedelta(days=1) - LATER
    return log


def watched(project: Project, store: Store) -> Watched:
    return monitor(store, project, FEW, FIRST + timedelta(days=DAYS))


def page(store: Store) -> str:
    return store.report("monitoring.html").read_text("utf-8")


def some(task: Task) -> pl.Series:
    """Predictions for ten rows."""
    one = [1 / len(task.classes)] * len(task.classes) if task.classes else 0.5
    return pl.Series([one] * 10, dtype=task.dtype)


@pytest.mark.parametrize(("kind", "time"), ALL)
def test_predictions_and_labels_are_as_the_task_has_them(
    kind: str, time: str | None, tmp_path: Path
) -> None:
    project = task_project(kind, time)
    log, rows = Served(tmp_path, FIRST, project), orders(project, 1)
    log.predict(rows, some(project.task))
    log.label(rows, rows["outcome"].to_list())

    facts = log.observed().facts

    expected = some(project.task).alias("prediction")
    assert facts["prediction"].equals(expected, check_names=True)
    assert facts["label"].to_list() == project.task.labels(rows["outcome"]).to_list()
    assert set(facts["day"]) == {FIRST.date()}


def test_without_a_time_the_day_is_that_of_the_request(tmp_path: Path) -> None:
    project = task_project("a number", None)
    log, rows = Served(tmp_path, FIRST, project), orders(project, 1)
    for hours, row in zip((0, 10, 13), rows.iter_slices(1), strict=False):
        log.at = FIRST + timedelta(hours=hours)  # an hour earlier than in Zurich
        log.predict(row, 1.5)

    seen = log.observed()

    days = [date(2025, 1, 1), date(2025, 1, 1), date(2025, 1, 2)]
    assert seen.facts["day"].to_list() == days
    assert seen.requests["day"].to_list() == days


def test_a_prediction_of_other_classes_is_counted_and_not_judged(tmp_path: Path) -> None:
    project = task_project("one of several")
    log, rows = Served(tmp_path, FIRST, project), orders(project, 1, 2)
    shares = [[0.5, 0.5, 0.0, None], [0.4, 0.3, 0.2, 0.1]]
    log.predict(rows, pl.Series(shares, dtype=project.task.dtype))

    assert log.observed().facts["prediction"].is_null().to_list() == [True, False]


@pytest.mark.parametrize(("kind", "time"), ALL)
def test_it_is_well_as_long_as_nothing_changes(
    kind: str, time: str | None, trained: Trained
) -> None:
    project, store = task_project(kind, time), trained(kind, time)
    use(project, store)

    found = watched(project, store)

    assert not found.open
    assert not found.gaps
    assert {shift.subject for shift in found.shifts} == {"weight", *SCORES[kind]}
    assert len(found.windows) == DAYS - 13
    assert "There are no training data" not in page(store)


@pytest.mark.parametrize(
    ("kind", "floors", "says", "events"),
    [
        ("yes or no", {"auc": 0.8, "calibration_error": 1}, "AUC is", {"calibration"}),
        ("one of several", {"log_loss": 1.2, "macro_f1": 0}, "Log loss is", {"macro_f1"}),
        ("a number", {"mae": 60, "bias": 500}, "Mean absolute error is", {"bias"}),
    ],
)
def test_predictions_that_are_worse_are_told_and_spend_the_budget_of_quality(
    kind: str, floors: dict[str, float], says: str, events: set[str], trained: Trained
) -> None:
    project = task_project(kind)
    store = trained(kind, "time", floors=floors)
    use(project, store, worse=True)

    found = watched(project, store)

    assert [finding.check for finding in found.urgent] == ["quality"]
    assert found.urgent[0].sentence.startswith(says)
    bad = {event.indicator: event.bad for event in found.indicators}
    assert bad["quality"] == 1
    assert {event: bad[event] for event in events} == dict.fromkeys(events, 0)


def test_the_settings_say_which_metric_decides(trained: Trained) -> None:
    project = task_project("a number")
    store = trained("a number", "time", metrics=["r2", "mae"])
    use(project, store)

    assert list(watched(project, store).metrics) == ["r2", "mae"]
    assert "R², last 28 days" in page(store)


@pytest.mark.parametrize(
    ("kind", "there", "absent"),
    [
        (
            "yes or no",
            ["outcome = yes, 2025-01", "its probability"],
            ["on average", "classes only"],
        ),
        (
            "one of several",
            ["outcome = ", "Of 4 classes only the commonest are shown."],
            ["on average"],
        ),
        (
            "a number",
            ["outcome, on average, 2025-01", "its prediction"],
            ["probability", "outcome = ", "classes only"],
        ),
    ],
)
def test_the_page_speaks_of_what_is_predicted(
    kind: str, there: list[str], absent: list[str], trained: Trained
) -> None:
    project, store = task_project(kind), trained(kind, "time")
    use(project, store)
    watched(project, store)

    text = page(store)

    assert [words for words in there if words not in text] == []
    assert [words for words in absent if words in text] == []


def test_a_model_of_what_has_no_time_has_no_age(trained: Trained) -> None:
    project, store = task_project("a number", None), trained("a number", None)
    store.write_json(store.report("staleness.json"), {"retrain_after": 1})
    use(project, store)

    found = watched(project, store)

    assert "age" not in {finding.check for finding in found.findings}
    assert "examples without a time, so their age is unknown" in page(store)
    assert "by the time of the examples" not in page(store)


def test_of_classes_the_commonest_are_shown_first() -> None:
    task = task_project("one of several").task
    facts = pl.DataFrame(
        {
            "day": [FIRST.date()] * 3,
            "last": True,
            "prediction": pl.Series([[0.1, 0.2, 0.3, 0.4]] * 3, dtype=task.dtype),
            "label": pl.Series(["shop", "box", "shop"], dtype=pl.Enum(task.classes)),
        }
    )

    shown = outcomes(task, facts)

    assert list(shown) == ["shop", "box", "home"]
    assert shown["shop"]["came"].to_list() == [1, 0, 1]
    assert shown["shop"]["predicted"].to_list() == [0.3] * 3


def test_each_metric_with_a_floor_is_an_indicator_of_its_own(tmp_path: Path) -> None:
    day = FIRST.date()
    judged = [
        Judgement("metric", name, day, day, bad=name == "rmse", value=1.0, note="it is 1.0")
        for name in ("rmse", "calibration_error")
    ]
    nothing = Served(tmp_path, FIRST, task_project("a number")).observed()

    events = indicators(nothing, judged, FEW)

    assert events == [
        (day, "calibration", 1, 0, ""),
        (day, "rmse", 0, 1, "it is 1.0: this is not chance"),
    ]
