"""What stops a model, what is waived, and what the page says of it."""

import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml
from builders import PROJECT, REPOSITORY, content, settings, stage, store, with_feature

from keel.data.store import Store
from keel.judge.chance import Difference
from keel.judge.gates import (
    Verdict,
    against_floors,
    against_simple,
    for_features,
    scale,
    waived,
)
from keel.judge.metrics import numbers
from keel.judge.metrics.yes_no import METRICS
from keel.pipeline import configuration
from keel.pipeline.flow import flow
from keel.pipeline.run import stop_at_ended_waivers, stop_at_refusals
from keel.project.errors import RefusedError, UserError
from keel.project.settings import Gates, Staleness, Waiver
from keel.project.task import Number

TODAY = date(2026, 3, 1)
AUC = METRICS["auc"]
MISSED = Verdict("feature.humidity", passed=False, sentence="it gives nothing")
WAIVER = Waiver(why="the airline asks for it", owner="the team's lead", until=TODAY)


@pytest.mark.parametrize(
    ("low", "passed"), [(0.001, True), (0.0, False), (-0.001, False), (float("nan"), False)]
)
def test_a_model_has_to_beat_the_baseline_by_more_than_chance(low: float, passed: bool) -> None:
    (verdict,) = against_simple("baseline", Difference(0.01, low, 0.02), AUC, 1, Gates())

    assert verdict.passed is passed


def test_a_feature_that_is_surely_worth_little_is_refused() -> None:
    losses = {
        "useful": Difference(0.01, 0.005, 0.015),
        "constant": Difference(0, 0, 0),
        "harmful": Difference(-0.01, -0.015, -0.005),
        "not known well": Difference(0, -0.002, 0.002),
        "not known at all": Difference(float("nan"), float("nan"), float("nan")),
    }

    verdicts = {verdict.gate: verdict.passed for verdict in for_features(losses, AUC, 1, Gates())}

    assert verdicts == {
        "feature.useful": True,
        "feature.constant": False,
        "feature.harmful": False,
        "feature.not known well": True,
        "feature.not known at all": True,
    }


@pytest.mark.parametrize(("of_guess", "worth"), [(1, True), (40, False)])
def test_a_limit_of_an_error_is_a_share_of_what_the_naive_guess_scores(
    of_guess: float, worth: bool
) -> None:
    limits, mae = Gates(feature_loss=0.0005, better_than_baseline=0.0005), numbers.METRICS["mae"]
    gain = Difference(0.009, 0.008, 0.01)  # 0.0005 of 40 are 0.02

    verdicts = [
        *for_features({"feature": gain}, mae, of_guess, limits),
        *against_simple("baseline", gain, mae, of_guess, limits),
    ]

    assert [verdict.passed for verdict in verdicts] == [worth, worth]


def test_the_naive_guess_scores_an_error_and_no_share() -> None:
    label, guess = pl.Series([10.0, 30.0]), pl.Series([20.0, 20.0])

    assert scale(Number("label"), numbers.METRICS["mae"], label, guess) == 10
    assert scale(Number("label"), numbers.METRICS["r2"], label, guess) == 1


def test_a_gate_that_is_off_says_nothing() -> None:
    off = Gates(better_than_baseline=None, feature_loss=None)

    assert not [*against_simple("baseline", Difference(-1, -1, -1), AUC, 1, off)]
    assert not [*for_features({"constant": Difference(0, 0, 0)}, AUC, 1, off)]


@pytest.mark.parametrize(("later", "refused"), [(0, False), (1, True)])
def test_a_waiver_holds_to_its_last_day(later: int, refused: bool) -> None:
    (verdict,) = waived([MISSED], {"feature.humidity": WAIVER}, TODAY + timedelta(days=later))

    assert verdict.refused is refused


def test_a_waiver_is_for_its_gate_alone() -> None:
    (verdict,) = waived([MISSED], {"feature.pressure": WAIVER}, TODAY)

    assert verdict.refused


def test_each_floor_that_is_missed_is_told() -> None:
    missed = ["AUC is low", "log loss is high"]

    assert [verdict.sentence for verdict in against_floors(missed) if verdict.refused] == missed
    assert [verdict.passed for verdict in against_floors([])] == [True]


# --- In the stage -----------------------------------------------------------------------------


def test_a_feature_that_gives_nothing_stops_the_pipeline(source: str, tmp_path: Path) -> None:
    run = store(tmp_path / "run")
    project = with_feature("seven", pl.lit(7.0))

    with pytest.raises(RefusedError, match=r"feature\.seven: shuffling"):
        flow(project, content(source, {"gates.feature_loss": 0.0005}), run, TODAY)

    assert "feature.seven" in run.report("report.html").read_text("utf-8")
    gates = {one["gate"]: one for one in json.loads(run.report("gates.json").read_text())}
    assert gates["feature.wind_speed"]["passed"]
    assert not gates["feature.seven"]["passed"]


def test_a_waiver_lets_it_pass_and_is_shown(run_copy: Store) -> None:
    changes = {"gates.better_than_baseline": 0.9}
    waivers = {"waivers": {"baseline": WAIVER.model_copy(update={"until": date.max}).model_dump()}}
    whole = {**content("-", changes), **waivers}

    stage("evaluate", run_copy, configuration.checked(PROJECT, whole, ""))

    page = run_copy.report("report.html").read_text("utf-8")
    assert "Waived until 9999-12-31 by the team&#39;s lead: the airline asks for it" in page


def test_a_part_of_the_data_is_judged_by_the_floors_alone(run_copy: Store) -> None:
    part = settings("-", {"gates.better_than_baseline": 0.9, "data.rows": {"flights": 10}})

    stage("evaluate", run_copy, part)

    assert "Only the floors were checked" in run_copy.report("report.html").read_text("utf-8")


def test_the_baseline_need_not_beat_itself_but_the_naive_guess(source: str, tmp_path: Path) -> None:
    changes = {"gates.better_than_baseline": 0.0}
    same = content(source, changes)
    same["model"] = same["baseline"]

    flow(PROJECT, same, store(tmp_path / "run"), TODAY)


# --- Their settings ---------------------------------------------------------------------------


def test_the_settings_show_what_holds_where_they_leave_it_out() -> None:
    composed = configuration.compose(REPOSITORY / "conf", [])

    assert Gates.model_validate(composed["gates"]) == Gates()
    assert Staleness.model_validate(composed["staleness"]) == Staleness()


def test_a_project_without_these_settings_has_the_usual_ones(tmp_path: Path) -> None:
    composed = content("-")
    del composed["gates"], composed["staleness"]

    configuration.write(PROJECT, composed, Store(tmp_path, tmp_path))

    written = yaml.safe_load((tmp_path / "settings.yaml").read_text())
    assert written["gates"] == Gates().model_dump()
    assert written["waivers"] == {}


def waivers_file(root: Path, text: str) -> Path:
    (root / "conf").mkdir()
    (root / "conf/waivers.yaml").write_text(text, "utf-8")
    return root


ENTRY = "feature.humidity: {why: asked for, owner: the lead, until: 2026-02-28}\n"


def test_waivers_become_settings(tmp_path: Path) -> None:
    root = waivers_file(tmp_path, ENTRY)

    configuration.write(PROJECT, content("-"), Store(root, root))

    waiver = configuration.load(Store(root, root)).waivers["feature.humidity"]
    assert (waiver.owner, waiver.until) == ("the lead", date(2026, 2, 28))


WRONG: dict[str, tuple[str, str]] = {
    "no owner": ("baseline: {why: x, until: 2026-01-01}", r"baseline\.owner is missing"),
    "no day": ("baseline: {why: x, owner: y, until: soon}", r"baseline\.until is 'soon'"),
    "no reason": ("baseline: {why: '', owner: y, until: 2026-01-01}", r"baseline\.why is ''"),
    "a word": ("baseline", r"conf/waivers\.yaml is 'baseline': write"),
    "a list": ("- baseline", r"conf/waivers\.yaml is \['baseline'\]: write"),
    "the floors": (
        "floors: {why: x, owner: y, until: 2026-01-01}",
        r"floors can't be waived: change them in conf/",
    ),
    "no YAML": ("a: [", r"conf/waivers\.yaml is not YAML"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_waiver_is_named(text: str, message: str, tmp_path: Path) -> None:
    root = waivers_file(tmp_path, text)

    with pytest.raises(UserError, match=message):
        configuration.waivers(root / "conf")


@pytest.mark.parametrize("text", [ENTRY, f"{{{ENTRY.strip()}}}\n", f"# one\n  {ENTRY}"])
def test_a_run_stops_at_a_waiver_that_has_ended(text: str, tmp_path: Path) -> None:
    root = waivers_file(tmp_path, text)

    with pytest.raises(UserError, match=r"feature\.humidity \(the lead, 2026-02-28\) has ended"):
        stop_at_ended_waivers(root, TODAY)


@pytest.mark.parametrize(
    "text", ["", "{}\n", "# feature.x: y\n{}\n", ENTRY.replace("02-28", "03-01")]
)
def test_a_run_goes_on_without_one_that_has_ended(text: str, tmp_path: Path) -> None:
    stop_at_ended_waivers(waivers_file(tmp_path, text), TODAY)


def test_a_run_stops_at_a_model_that_an_experiment_left_though_it_is_refused(
    tmp_path: Path,
) -> None:
    run = Store(tmp_path, tmp_path)
    run.write_json(
        run.report("gates.json"),
        [Verdict("baseline", passed=False, sentence="no better").as_json()],
    )

    with pytest.raises(RefusedError, match="baseline: no better"):
        stop_at_refusals(tmp_path)


def test_a_run_goes_on_with_a_model_that_is_not(tmp_path: Path) -> None:
    run = Store(tmp_path, tmp_path)
    missed = Verdict("baseline", passed=False, sentence="no better", waiver=WAIVER)
    run.write_json(run.report("gates.json"), [missed.as_json()])

    stop_at_refusals(tmp_path)
