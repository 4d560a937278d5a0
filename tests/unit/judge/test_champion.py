"""When a candidate takes the champion's place."""

import json
from datetime import date, datetime, timedelta
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from builders import PROJECT, TODAY, content
from sklearn.metrics import roc_auc_score

from keel.data.store import Store
from keel.judge.champion import compare, table, verdicts
from keel.judge.chance import Difference
from keel.judge.gates import waived
from keel.judge.metrics.yes_no import METRICS
from keel.pipeline import configuration, promote
from keel.project.settings import Waiver
from keel.project.task import YesNo

ROWS = 4000
AUC = METRICS["auc"]
TASK = YesNo("late")


def judged(noise: float, seed: int = 1, first: int = 0) -> pl.DataFrame:
    """Predictions of the same flights, the worse the more noise."""
    random = np.random.default_rng(7)
    risk = random.uniform(0.05, 0.95, ROWS)
    label = random.uniform(size=ROWS) < risk
    predicted = risk + np.random.default_rng(seed).normal(0, noise, ROWS)
    start = datetime(2013, 7, 1)  # noqa: DTZ001 -- only has to differ from row to row
    return pl.DataFrame(
        {
            "example": [{"departure": start + timedelta(hours=first + n)} for n in range(ROWS)],
            "label": label,
            "model": np.clip(predicted, 0.01, 0.99),
            "carrier": np.where(np.arange(ROWS) < 500, "UA", "B6"),
        }
    )


def refused(champion: pl.DataFrame, candidate: pl.DataFrame) -> list[str]:
    found = verdicts(compare(TASK, champion, candidate, AUC, ["carrier"], smallest_slice=400), AUC)
    return [verdict.gate for verdict in found if verdict.refused]


def test_a_better_candidate_wins() -> None:
    assert refused(judged(0.4), judged(0.1)) == []


def test_one_that_is_as_good_does_not() -> None:
    assert refused(judged(0.3, seed=1), judged(0.3, seed=2)) == ["champion"]


def test_a_worse_one_does_not() -> None:
    assert refused(judged(0.1), judged(0.4))[0] == "champion"


def test_one_that_is_better_on_the_whole_and_worse_on_a_slice_does_not() -> None:
    backwards = pl.when(carrier="UA").then(1 - pl.col("model")).otherwise("model").alias("model")

    assert refused(judged(0.6), judged(0.05).with_columns(backwards)) == ["champion.slices"]


def test_a_slice_that_is_too_small_does_not_count() -> None:
    backwards = pl.when(carrier="UA").then(1 - pl.col("model")).otherwise("model").alias("model")
    compared = compare(
        TASK, judged(0.6), judged(0.05).with_columns(backwards), AUC, ["carrier"], 501
    )

    assert [one.place for one in compared] == ["all rows", "carrier = B6"]


def test_only_examples_that_both_were_judged_on_count() -> None:
    compared = compare(TASK, judged(0.3), judged(0.1, first=1000), AUC, [], smallest_slice=1)

    assert [one.rows for one in compared] == [3000]


def test_each_is_scored_by_what_it_said_itself() -> None:
    worse, better = judged(0.4), judged(0.1)

    (whole,) = compare(TASK, worse, better, AUC, [], smallest_slice=1)

    by_hand = [roc_auc_score(each["label"], each["model"]) for each in (worse, better)]
    assert [whole.champion, whole.candidate] == pytest.approx(by_hand)
    assert whole.gain.value == pytest.approx(by_hand[1] - by_hand[0])


def test_the_more_slices_there_are_the_surer_each_has_to_be() -> None:
    """Else one of twenty is worse by chance: 0.05 is shared among all of them (Bonferroni)."""
    champion, candidate = (
        judged(0.3, seed).with_columns(hour=pl.int_range(ROWS) % 20) for seed in (1, 2)
    )
    few, many = (
        compare(TASK, champion, candidate, AUC, slices, smallest_slice=1)[1].gain
        for slices in (["carrier"], ["carrier", "hour"])
    )

    wider = NormalDist().inv_cdf(1 - 0.025 / 22) / NormalDist().inv_cdf(1 - 0.025 / 2)
    assert (many.high - many.low) / (few.high - few.low) == pytest.approx(wider)


def test_without_a_common_example_the_champion_stays() -> None:
    assert refused(judged(0.3), judged(0.1, first=ROWS)) == ["champion"]


def test_after_a_change_of_the_key_the_champion_stays() -> None:
    other = judged(0.1).with_columns(example=pl.struct(number=pl.int_range(ROWS)))

    assert refused(judged(0.3), other) == ["champion"]


def test_the_champion_may_be_waived() -> None:
    waiver = Waiver(why="its data are gone", owner="the lead", until=date.max)
    found = verdicts(compare(TASK, judged(0.3), judged(0.1, first=ROWS), AUC, [], 1), AUC)

    assert not any(one.refused for one in waived(found, {"champion": waiver}, date(2026, 1, 1)))


def test_the_table_has_a_row_for_all_and_for_each_slice() -> None:
    lines = table(compare(TASK, judged(0.4), judged(0.1), AUC, ["carrier"], 400), AUC).splitlines()

    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| all rows",
        "| carrier = B6",
        "| carrier = UA",
    ]


def test_the_champion_is_the_model_with_what_it_was_made_from_and_predicted(
    run_copy: Store,
) -> None:
    promote.take_over(run_copy)

    assert run_copy.champion("model.txt").read_bytes() == run_copy.model.read_bytes()
    passport = json.loads(run_copy.champion("passport.json").read_text("utf-8"))
    assert passport == run_copy.read_json(run_copy.passport)
    predictions = pl.read_parquet(run_copy.champion("predictions.parquet"))
    assert predictions["example"].is_unique().all()
    assert len(predictions) == len(run_copy.read_table(run_copy.predictions).collect())


@pytest.mark.parametrize("name", promote.FILES)
def test_all_files_are_taken_over_or_none(run_copy: Store, name: str) -> None:
    promote.take_over(run_copy)
    before = {file: run_copy.champion(file).read_bytes() for file in promote.FILES}
    made = (run_copy.model, run_copy.passport, run_copy.predictions, run_copy.report("facts.json"))
    sources = dict(zip(promote.FILES, made, strict=True))
    for source in sources.values():
        source.write_bytes(b"another")
    sources[name].unlink()

    with pytest.raises(Exception, match="can't be written"):
        promote.take_over(run_copy)

    assert {file: run_copy.champion(file).read_bytes() for file in promote.FILES} == before


def test_a_comparison_is_written_where_people_find_it(run_copy: Store) -> None:
    configuration.write(PROJECT, content("-"), run_copy)
    promote.take_over(run_copy)

    (verdict, *_) = promote.judge(run_copy, PROJECT, TODAY)

    assert verdict.gate == "champion"
    assert "The champion stays." in run_copy.report("candidate.md").read_text("utf-8")


@pytest.mark.parametrize("high", [-0.01, 0.01])
def test_no_model_that_is_surely_worse_than_the_last_commit_s_is_the_first_champion(
    run_copy: Store, monkeypatch: pytest.MonkeyPatch, high: float
) -> None:
    configuration.write(PROJECT, content("-"), run_copy)
    gains = {"AUC": Difference(-0.02, -0.03, high), "log loss": Difference(-0.02, -0.03, -0.01)}
    monkeypatch.setattr(promote, "run", lambda *_: 0)
    monkeypatch.setattr(promote, "must", lambda *_: "")
    monkeypatch.setattr(promote, "gains_since_commit", lambda _: gains)

    stays = promote.promote(run_copy.root, PROJECT, TODAY)

    assert stays == (high < 0)
    assert run_copy.champion("model.txt").is_file() == (high > 0)
