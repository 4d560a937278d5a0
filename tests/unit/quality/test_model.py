"""What the page says of model and data, from the files that runs and monitoring write."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from repositories import Repository

from keel.judge.gates import Verdict
from keel.judge.metrics import known
from keel.project.settings import Waiver
from keel.project.task import Classes, Number, Task, YesNo
from keel.quality.budgets.events import INDICATORS
from keel.quality.product import data, model
from keel.quality.product.model import Ageing, Facts, Judging, Passport, Row
from keel.quality.records.figures import Figure, State
from keel.quality.records.settings import Data, Model

METRICS = known.METRICS[YesNo]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
JUDGING = Judging(
    floors={"auc": 0.68, "calibration_error": 0.05}, slice_floors={"auc": 0.6}, smallest_slice=100
)
WAIVED = Waiver(why="the sensor", owner="Ada", until=date(2026, 12, 1))


def row(score: float | None, spread: float = 0.01, **facts: Any) -> Row:
    """A score of the model on all rows, unless it says something else."""
    low, high = (None, None) if score is None else (score - spread, score + spread)
    usual = {"slice": "all", "value": "all", "rows": 1_000, "metric": "auc"}
    return Row(**{**usual, "score": score, "low": low, "high": high, **facts})


def figure(name: str, **facts: Any) -> Figure:
    found = model.figures(Facts(**{"judging": JUDGING, **facts}), METRICS, Model())
    return {one.name: one for one in found}[name]


def read(root: Path) -> list[Figure]:
    return model.figures(model.gather(root, NOW), METRICS, Model())


def of_data(root: Path, name: str, **tables: Any) -> Figure:
    if tables:
        (root / "reports").mkdir(exist_ok=True)
        (root / data.FILE).write_text(json.dumps(tables))
    return {one.name: one for one in data.figures(root, Data())}[name]


def verdict(*, passed: bool, waiver: Waiver | None = None) -> Verdict:
    return Verdict(gate="shift.days", passed=passed, sentence="a gap of 9 days", waiver=waiver)


def used(last: date | None, trained_to: date | None, retrain_after: int | None = None) -> Figure:
    ageing = Ageing(retrain_after=retrain_after)
    passport = Passport.model_validate({"training": {"to": trained_to}})
    return figure("model.age", passport=passport, ageing=ageing, last_day=last)


@pytest.mark.parametrize(
    ("score", "state"), [(0.70, State.GOOD), (0.685, State.WATCH), (0.679, State.BAD)]
)
def test_a_model_below_its_floor_is_bad_and_one_that_luck_may_have_helped_is_watched(
    score: float, state: State
) -> None:
    assert figure("model.score", scores=[row(score)]).state == state


@pytest.mark.parametrize(
    ("score", "state"), [(0.03, State.GOOD), (0.045, State.WATCH), (0.051, State.BAD)]
)
def test_of_an_error_less_is_better(score: float, state: State) -> None:
    found = figure("model.calibration_error", scores=[row(score, metric="calibration_error")])

    assert (found.state, found.target) == (state, "at most 0.05")


def test_the_model_is_shown_beside_the_simple_one_and_by_month() -> None:
    scores = [
        row(0.7),
        row(0.65, model="baseline"),
        row(0.72, slice="month", value="2026-01"),
        row(0.68, slice="month", value="2026-02"),
    ]

    found = figure("model.score", scores=scores)

    assert found.text == "AUC 0.700 (0.690 to 0.710); a simple model has 0.650"
    assert found.details == ["by month: 2026-01 0.720, 2026-02 0.680"]
    assert (found.value, found.events, found.target) == (0.7, 1_000, "at least 0.68")


def test_without_a_judged_model_nothing_is_claimed() -> None:
    found = model.figures(Facts(), METRICS, Model())

    assert {one.state for one in found} == {State.UNKNOWN}
    assert all("not enough data yet" in one.text for one in found)


def test_a_score_that_is_not_defined_is_not_counted() -> None:
    assert figure("model.score", scores=[row(None)]).state == State.UNKNOWN


def test_the_worst_group_that_is_large_enough_is_named() -> None:
    scores = [
        row(0.5, slice="carrier", value="AA", rows=99),
        row(0.59, slice="carrier", value="UA"),
        row(0.8, slice="origin", value="JFK"),
        row(0.1, slice="carrier", value="UA", model="baseline"),
    ]

    found = figure("model.slices", scores=scores)

    assert found.text == "AUC 0.590 (0.580 to 0.600) for carrier UA; origin JFK has 0.800"
    assert (found.state, found.events) == (State.BAD, 2)


@pytest.mark.parametrize(
    ("verdicts", "state", "text"),
    [
        ([verdict(passed=True)], State.GOOD, "0 of 1 rule missed"),
        ([verdict(passed=False, waiver=WAIVED)], State.WATCH, "1 of 1 rule missed, 1 of them"),
        ([verdict(passed=False), verdict(passed=True)], State.BAD, "1 of 2 rules missed"),
    ],
)
def test_a_rule_that_is_missed_is_bad_unless_somebody_waived_it(
    verdicts: list[Verdict], state: State, text: str
) -> None:
    found = figure("model.gates", verdicts=verdicts)

    assert found.state == state
    assert found.text.startswith(text)


def test_a_waived_rule_says_until_when() -> None:
    found = figure("model.gates", verdicts=[verdict(passed=False, waiver=WAIVED)])

    assert found.details == ["shift.days: a gap of 9 days, waived until 2026-12-01"]


def test_quality_in_use_is_that_of_the_last_month_with_its_groups() -> None:
    rows = [
        row(0.69, month="2026-02", spread=0.001),
        row(0.74, month="2026-01"),
        row(0.61, month="2026-02", slice="carrier", value="UA"),
        row(0.50, month="2026-01", slice="carrier", value="UA"),
    ]

    found = figure("model.in_use", used=rows)

    assert found.text == "AUC 0.690 (0.689 to 0.691) in 2026-02"
    assert found.trend == [(date(2026, 1, 1), 0.74), (date(2026, 2, 1), 0.69)]
    assert found.details == ["carrier UA: 0.610 (0.600 to 0.620), 1,000 rows"]


@pytest.mark.parametrize(
    ("last", "retrain_after", "state"),
    [
        (date(2026, 11, 30), None, State.GOOD),  # 5 months, and 6 are the limit of the settings
        (date(2026, 11, 30), 4, State.WATCH),
        (date(2026, 11, 30), 2, State.BAD),
        (date(2026, 6, 1), None, State.GOOD),  # asked of days that it has learnt from
        (None, 4, State.UNKNOWN),
    ],
)
def test_a_model_ages_by_the_days_that_it_is_used_on(
    last: date | None, retrain_after: int | None, state: State
) -> None:
    assert used(last, date(2026, 6, 30), retrain_after).state == state


def test_of_what_has_no_time_no_age_is_told() -> None:
    found = used(date(2026, 11, 30), None)

    assert (found.state, found.text) == (
        State.UNKNOWN,
        "not told: what it learnt from has no time",
    )


@pytest.mark.parametrize(
    ("task", "main", "text"),
    [
        (Number, "mae", "mean absolute error 0.700 (0.690 to 0.710)"),
        (Classes, "log_loss", "log loss 0.700 (0.690 to 0.710)"),
    ],
)
def test_whatever_is_predicted_the_first_metric_of_its_task_is_shown(
    task: type[Task], main: str, text: str
) -> None:
    facts = Facts(judging=Judging(floors={main: 0.8}), scores=[row(0.7, metric=main)])

    score, *_ = model.figures(facts, known.METRICS[task], Model())

    assert (score.state, score.text, score.target) == (State.GOOD, text, "at most 0.8")


def test_the_metric_that_the_settings_name_first_decides() -> None:
    judging = Judging(metrics=["log_loss", "auc"])

    score, *_ = model.figures(
        Facts(judging=judging, scores=[row(0.7), row(0.4, metric="log_loss")]), METRICS, Model()
    )

    assert score.text == "log loss 0.400 (0.390 to 0.410)"


def test_the_past_of_a_model_is_what_was_committed(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    for day, score in (("2026-11-01", 0.69), ("2026-11-02", 0.7), ("2026-11-02", 0.71)):
        repository.commit(day, files={model.METRICS_FILE: json.dumps({"auc": score})})
    repository.commit("2026-11-03", files={model.METRICS_FILE: "{"})
    repository.file(model.SCORES, "slice,value,rows,model,metric,score,low,high\n")
    repository.file(
        model.SCORES, (tmp_path / model.SCORES).read_text() + "all,all,9,model,auc,0.7,,"
    )

    found = {one.name: one for one in read(tmp_path)}["model.score"]

    assert found.trend == [(date(2026, 11, 1), 0.69), (date(2026, 11, 2), 0.71)]


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        (model.SCORES, {"model.score", "model.slices"}),
        (model.IN_USE, {"model.in_use"}),
        (model.GATES, {"model.gates"}),
        ("model/passport.json", {"model.age"}),
    ],
)
@pytest.mark.parametrize("content", [b"{", b"a,b\n1,2\n", b"\xff\xfe", b"[1]"])
def test_a_broken_report_is_named_by_its_own_figures_only(
    tmp_path: Path, name: str, lost: set[str], content: bytes
) -> None:
    file = tmp_path / name
    file.parent.mkdir()
    file.write_bytes(content)

    found = read(tmp_path)

    if name.endswith(".csv") and content in (b"{", b"[1]"):
        assert {one.state for one in found} == {State.UNKNOWN}  # a table without rows
    else:
        assert {one.name for one in found if one.broken} == lost
        assert all(name in one.text for one in found if one.broken)


TABLE = {
    "rows": 200,
    "set_aside": 3,
    "reasons": {"wind|max": 3},
    "without_match": {"planes": 50, "weather": 1},
    "columns": {"a": {"nulls": 20}, "b": {}},
}


@pytest.mark.parametrize(
    ("name", "value", "state", "told"),
    [
        ("data.valid", 0.985, State.BAD, "t: 3 of 200 rows set aside (wind is too large 3)"),
        ("data.missing", 0.05, State.GOOD, "t.a: 10.0% unknown"),
        ("data.joins", 0.25, State.WATCH, "t without planes: 50 of 200 rows"),
    ],
)
def test_the_data_are_judged_by_what_validation_found(
    tmp_path: Path, name: str, value: float, state: State, told: str
) -> None:
    found = of_data(tmp_path, name, t=TABLE)

    assert (found.value, found.state, found.details[0]) == (value, state, told)


def test_nearly_all_is_not_shown_as_all(tmp_path: Path) -> None:
    found = of_data(tmp_path, "data.valid", t={**TABLE, "rows": 1_000_000, "set_aside": 1})

    assert found.text == "all but 1 of 1,000,000"


@pytest.mark.parametrize("name", ["data.valid", "data.missing", "data.joins", "data.drift"])
def test_without_data_nothing_is_claimed(tmp_path: Path, name: str) -> None:
    assert of_data(tmp_path, name).state == State.UNKNOWN
    assert of_data(tmp_path, name, t={"rows": 0}).state == State.UNKNOWN


def test_drift_is_counted_in_the_last_days_of_use(tmp_path: Path) -> None:
    days = {date(2026, 10, 26): (0, 1)}  # the last 28 days begin on 27 October
    days |= {date(2026, 11, n): (0, 1) if n > 14 else (1, 0) for n in range(1, 24)}
    lines = [
        {"day": str(day), "indicator": "drift", "good": good, "bad": bad}
        for day, (good, bad) in days.items()
    ]
    (tmp_path / "reports").mkdir()
    (tmp_path / INDICATORS).write_text("\n".join(map(json.dumps, lines)))

    found = of_data(tmp_path, "data.drift")

    assert found.text == "9 of 23 days up to 2026-11-23"
    assert found.state == State.WATCH


def test_a_broken_report_on_data_is_no_good_news(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / data.FILE).write_text('{"t": {"rows": "many"}}')

    found = data.figures(tmp_path, Data())

    assert [one.broken for one in found] == [True, True, True, False]
