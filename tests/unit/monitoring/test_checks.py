"""What is judged of a day, and what a team is told of it."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from builders import PROJECT
from served import JULY, Served, on

from keel.judge.metrics.known import METRICS
from keel.monitoring import checks, drift, quality
from keel.monitoring.checks import Judgement
from keel.monitoring.drift import Learnt
from keel.monitoring.findings import Finding, findings
from keel.monitoring.observed import observe
from keel.project.settings import Evaluation
from keel.project.task import YesNo
from keel.serving.settings import Monitoring

AUC, LOG_LOSS = (METRICS[YesNo][name] for name in ("auc", "log_loss"))
PLAIN = Evaluation(
    slices=[], smallest_slice=10, resamples=50, seed=1, floors={"auc": 0.7}, slice_floors={}
)
FEW = Monitoring(rows=10, window_rows=10)
BAD, GOOD = True, False
NOTHING = observe(PROJECT, Path("nowhere"))
MEASURED = NOTHING.measured


def day(number: int) -> date:
    """The n-th day of July."""
    return JULY + timedelta(days=number - 1)


def judged(*bad: bool, check: str = "nulls", subject: str = "humidity") -> list[Judgement]:
    """A judgement for each day of July."""
    return [
        Judgement(check, subject, day(n), day(n), is_bad, 0.5) for n, is_bad in enumerate(bad, 1)
    ]


def learnt_from(examples: pl.DataFrame) -> Learnt:
    """What a model learnt from."""
    return Learnt(examples, examples.select(PROJECT.local_day).to_series())


def usual_after(examples: pl.DataFrame) -> dict[str, dict[str, float]]:
    """What is nothing new to a model that learnt from these."""
    return drift.usual(learnt_from(examples), NOTHING.inputs, MEASURED, FEW)


def of_requests(log: Served) -> list[Finding]:
    """The findings about the requests."""
    return findings(checks.requests(log.observed(), FEW), 2)


def test_a_share_is_surely_no_more_than_the_lower_end_of_its_interval() -> None:
    counts = pl.DataFrame({"count": [1, 0, 50], "rows": [1, 10, 100]})

    low = counts.select(drift.surely(pl.col("count"), pl.col("rows"))).to_series().round(4)

    assert low.to_list() == [0.2065, 0.0, 0.4038]  # Wilson's interval, worked out by hand


def test_a_bad_day_by_itself_is_no_finding() -> None:
    assert findings(judged(GOOD, BAD, GOOD, BAD, GOOD), in_a_row=2) == []


def test_bad_days_in_a_row_are_noticed_on_the_last_that_is_needed() -> None:
    (finding,) = findings(judged(GOOD, BAD, BAD, BAD), in_a_row=2)

    assert (finding.since, finding.noticed, finding.until) == (day(2), day(3), None)


def test_a_finding_is_over_when_as_many_days_were_well() -> None:
    (finding,) = findings(judged(BAD, BAD, GOOD, BAD, GOOD, GOOD, GOOD), in_a_row=2)

    assert (finding.since, finding.until) == (day(1), day(4))


def test_quality_is_over_only_after_a_week() -> None:
    days = judged(BAD, BAD, *[GOOD] * 6, BAD, check="quality", subject="auc")

    (finding,) = findings(days, in_a_row=2)

    assert finding.until is None


def test_columns_that_miss_a_check_together_are_one_finding() -> None:
    both = [*judged(BAD, BAD), *judged(BAD, BAD, subject="pressure")]

    (finding,) = findings(both, in_a_row=2)

    assert finding.sentence == "humidity and pressure are missing in 50% of the rows"


def test_slices_that_get_worse_in_the_same_month_are_told_each() -> None:
    scores = {"carrier = UA": "AUC is 0.6", "carrier = B6": "AUC is 0.5"}
    both = [
        Judgement("slice", name, day(31), day(31), BAD, 0.5, note) for name, note in scores.items()
    ]

    assert {finding.worst.note for finding in findings(both, in_a_row=2)} == set(scores.values())


def test_what_is_still_open_and_needs_somebody_comes_first() -> None:
    over = judged(BAD, BAD, GOOD, GOOD)
    watch = judged(BAD, BAD, BAD, BAD, check="volume", subject="")
    act = judged(GOOD, GOOD, BAD, BAD, check="same", subject="visibility")

    result = findings([*over, *watch, *act], in_a_row=2)

    assert [finding.check for finding in result] == ["same", "volume", "nulls"]


def test_days_with_few_rows_are_judged_together() -> None:
    days = pl.Series("day", [day(1)] * 2 + [day(2)] * 2 + [day(3)] * 4 + [day(4)])

    result = drift.blocks(days, enough=4)

    assert result.to_list() == [day(2)] * 4 + [day(3)] * 4 + [None]


def test_a_sensor_that_hangs_is_noticed_but_not_one_that_hung_in_training_too(
    tmp_path: Path,
) -> None:
    log = Served(tmp_path)
    log.days(4, 20)
    hanging = [on(day(n), 20) for n in (1, 2)]
    varied = [rows.with_columns(humidity=pl.int_range(20).cast(pl.Float64)) for rows in hanging]
    usual = [usual_after(pl.concat(learnt)) for learnt in (varied, hanging)]

    result = [findings(checks.inputs(log.observed(), known, FEW), 2) for known in usual]

    assert [subject for finding in result[0] for subject in finding.subjects] == ["humidity"]
    assert result[1] == []


def test_a_value_that_is_no_longer_known_is_noticed_on_the_second_day(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.days(2, 20)
    log.days(3, 20, day(3), humidity=None)
    usual = usual_after(pl.concat([on(day(n), 20) for n in (1, 2)]))

    (finding,) = findings(checks.inputs(log.observed(), usual, FEW), 2)

    assert (finding.check, finding.since, finding.noticed) == ("nulls", day(3), day(4))


def test_rows_without_any_measurement_are_told_at_once_also_without_training_data(
    tmp_path: Path,
) -> None:
    log = Served(tmp_path)
    log.days(1, 20, JULY, **dict.fromkeys(MEASURED))

    (finding,) = findings(checks.inputs(log.observed(), None, FEW), 2)

    assert (finding.check, finding.noticed, finding.worst.value) == ("unmeasured", day(1), 1.0)


def test_rows_without_any_measurement_are_told_once_and_not_for_each_column(
    tmp_path: Path,
) -> None:
    learnt = pl.concat([on(day(n), 20) for n in (1, 2)])
    log = Served(tmp_path)
    for n in (3, 4):
        log.days(1, 20, day(n), **dict.fromkeys(MEASURED))

    result = checks.inputs(log.observed(), usual_after(learnt), FEW)

    assert {finding.check for finding in findings(result, 2)} == {"unmeasured"}


def test_rows_without_any_measurement_are_nothing_new_where_training_had_as_many(
    tmp_path: Path,
) -> None:
    without = dict.fromkeys(MEASURED)
    learnt = pl.concat([on(day(1), 10), on(day(1), 10, **without)])
    log = Served(tmp_path)
    log.predict(learnt)

    usual = usual_after(learnt)

    assert not any(judgement.bad for judgement in checks.inputs(log.observed(), usual, FEW))


def test_a_new_category_is_noticed(tmp_path: Path) -> None:
    log = Served(tmp_path)
    for n in (1, 2):
        log.predict(on(day(n), 20, carrier="ZZ"), unseen=["carrier"])

    (finding,) = findings(checks.inputs(log.observed(), None, FEW), 2)

    assert (finding.check, finding.subjects) == ("unseen", ("carrier",))


def test_a_failing_service_is_told_and_one_failure_of_a_thousand_is_not(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY))
    for _ in range(998):
        log.request(status=200, rows=0)
    log.request(status=500)
    log.at += timedelta(days=1)
    for status in (200, 500, 500):
        log.request(status=status)

    (finding,) = [finding for finding in of_requests(log) if finding.check == "failed"]

    assert finding.since == day(2)


def test_refused_rows_are_told_with_their_field(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY, 10))
    log.request(status=422, rows=10, fields=["rows.3.carrier", "rows.4.carrier"])

    (finding,) = of_requests(log)

    assert finding.sentence == "50.0% of the rows were refused for carrier"


@pytest.mark.parametrize(("route", "late"), [("/predict", 0.9), ("/predict/batch", 2.1)])
def test_slow_answers_are_told_when_they_stay_slow(tmp_path: Path, route: str, late: float) -> None:
    log = Served(tmp_path)
    for n, seconds in enumerate((late, 0.1, late, late), 1):
        log.predict(on(day(n)), seconds=seconds, route=route)

    (finding,) = of_requests(log)

    assert (finding.check, finding.since) == ("slow", day(3))


def test_several_rows_may_take_longer_than_one(tmp_path: Path) -> None:
    log = Served(tmp_path)
    for n in range(1, 5):
        log.predict(on(day(n)), seconds=0.9)

    assert of_requests(log) == []


@pytest.mark.parametrize(
    ("sure", "told"),
    [
        ([], ["doubt"]),
        ([BAD] * 20, ["quality"]),
        ([*[GOOD] * 10, *[BAD] * 10], ["quality"]),
        ([*[BAD] * 5, *[GOOD] * 15], ["doubt", "quality"]),  # of what was sure and is over
    ],
)
def test_there_is_no_doubt_of_what_is_sure(sure: list[bool], told: list[str]) -> None:
    doubts = judged(*[BAD] * 20, check="doubt", subject="")

    found = findings([*doubts, *judged(*sure, check="quality", subject="")], 2)

    assert sorted(finding.check for finding in found) == told


def test_a_day_without_requests_is_told_and_a_free_sunday_is_not(tmp_path: Path) -> None:
    log = Served(tmp_path)
    for n in range(1, 29):
        if day(n).isoweekday() != 7 and n != 24:
            log.predict(on(day(n), 20))

    (finding,) = findings(checks.volume(log.observed(), None, FEW, day(28)), 2)

    assert (finding.check, finding.since, finding.until) == ("gap", day(24), day(24))


def test_the_first_free_sunday_is_known_from_training(tmp_path: Path) -> None:
    log, learnt = Served(tmp_path), learnt_from(pl.concat([on(day(n)) for n in range(1, 7)]))
    for n in range(1, 7):  # 7 July is a Sunday
        log.predict(on(day(n), 20))

    result = findings(checks.volume(log.observed(), learnt, FEW, day(7)), 2)

    assert result == []


def test_half_of_the_usual_rows_are_too_few_when_it_stays_so(tmp_path: Path) -> None:
    log = Served(tmp_path)
    for n in range(1, 11):
        log.predict(on(day(n), 20 if n < 9 else 9))

    (finding,) = findings(checks.volume(log.observed(), None, FEW, day(10)), 2)

    assert (finding.check, finding.since, finding.worst.value) == ("volume", day(9), 0.45)


def test_labels_that_do_not_come_are_told_when_they_are_overdue(tmp_path: Path) -> None:
    log = Served(tmp_path)
    for n in (1, 2):
        log.predict(on(day(n), 10))

    (finding,) = findings(checks.labels(log.observed(), FEW, day(20)), 2)

    assert (finding.check, finding.noticed, finding.worst.value) == ("labels", day(9), 0.0)


def test_labels_are_not_missed_before_they_are_due(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY, 10))

    assert list(checks.labels(log.observed(), FEW, day(7))) == []


def test_quality_waits_for_enough_labels_of_a_day(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY, 10)
    log.predict(rows)
    log.label(rows.head(7), labels=True)

    assert len(quality.judgeable(log.observed().facts, FEW)) == 0


def test_quality_is_noticed_on_the_day_on_which_enough_labels_had_come(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY, 10)
    log.predict(rows)
    for n in range(10):
        log.label(rows[n : n + 1], labels=True)
        log.at += timedelta(days=1)

    facts = quality.judgeable(log.observed().facts, FEW)

    assert facts["enough_on"].unique().to_list() == [day(8)]  # the eighth of ten


def test_quality_is_not_judged_by_a_few_days(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.days(16, 30)
    rows = quality.judgeable(log.observed().facts, FEW)

    result = list(quality.windows(PROJECT, rows, FEW, PLAIN))

    # Labels of the last day are missing.
    assert [window.day for window in result] == [day(14), day(15)]
    assert result[0].score == 1.0


def test_a_new_model_is_not_judged_by_the_predictions_of_the_old_one(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.days(15, 30)
    rows = on(day(20), 30)
    log.predict(rows, model="bbbbbbbbbbbb")
    log.label(rows, [n % 2 == 0 for n in range(30)])
    facts = quality.judgeable(log.observed().facts, FEW)

    assert day(20) not in [window.day for window in quality.windows(PROJECT, facts, FEW, PLAIN)]


def test_a_day_that_is_like_no_other_makes_the_interval_wide() -> None:
    days = [n for n in range(1, 21) for _ in range(20)]
    rows = pl.DataFrame(
        {
            "day": [day(n) for n in days],
            "label": [n == 20 for n in days],  # all that came true, did on one day
            "prediction": [0.1 + n / 100 for n in days],
        }
    )
    spread = rows.with_columns(label=pl.Series([n % 20 == 0 for n in range(400)]))

    (one_day,), (each_day,) = (
        quality.judged(
            PROJECT.task, part, {"log_loss": LOG_LOSS}, PLAIN, day=day(20), noticed=day(20)
        )
        for part in (rows, spread)
    )

    assert one_day.high - one_day.low > 2 * (each_day.high - each_day.low)


@pytest.mark.parametrize(("score", "bad"), [(0.6, True), (0.69, False)])
def test_quality_is_bad_only_when_it_surely_is(score: float, *, bad: bool) -> None:
    auc = quality.Quality("auc", AUC, 1000, score, score - 0.05, score + 0.05, JULY, day(2))

    result = {check.check: check.bad for check in checks.quality([auc], "auc", PLAIN.floors)}

    assert result == {"quality": bad, "doubt": True}
