from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from builders import NOON, PROJECT, examples
from hypothesis import given
from hypothesis import strategies as st

from keel.judge.gates import against_shift
from keel.judge.shift import gaps, stability
from keel.project.settings import Gates

NUMBERS = st.lists(st.floats(-1e6, 1e6) | st.none(), max_size=200)


def year(seed: int, rows: int = 2000) -> pl.DataFrame:
    """Examples of ordinary weather, five hours apart, so that they cover a year."""
    random = np.random.default_rng(seed)
    return examples(
        decision_time=[NOON + timedelta(hours=5 * n) for n in range(rows)],
        humidity=random.uniform(30, 100, rows).tolist(),
        carrier=random.choice(["UA", "B6", "DL"], rows).tolist(),
    )


def missed(learnt: pl.DataFrame, judged: pl.DataFrame, gates: Gates | None = None) -> list[str]:
    verdicts = against_shift(PROJECT, learnt, judged, gates or Gates())
    return [verdict.gate for verdict in verdicts if not verdict.passed]


def test_other_rows_of_the_same_kind_have_not_shifted() -> None:
    assert missed(year(1), year(2)) == []


CHANGES: dict[str, tuple[pl.Expr, str]] = {
    "a sensor that hangs": (pl.lit(55.0).alias("humidity"), "shift.humidity"),
    "a share for a percentage": (pl.col("humidity") / 100, "shift.humidity"),
    "a sensor that went silent": (pl.lit(None, pl.Float64).alias("humidity"), "shift.humidity"),
    "one that is silent at night": (
        pl.when(pl.col("decision_time").dt.hour() > 6).then("humidity").alias("humidity"),
        "shift.humidity",
    ),
    "a new code": (pl.col("carrier").replace({"UA": "UAL"}), "shift.carrier"),
    "codes in small letters": (pl.col("carrier").str.to_lowercase(), "shift.carrier"),
}


@pytest.mark.parametrize(("change", "gate"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_source_is_noticed(change: pl.Expr, gate: str) -> None:
    assert missed(year(1), year(2).with_columns(change)) == [gate]


def test_a_gate_that_is_off_notices_nothing() -> None:
    off = Gates(psi=None, nulls=None, same=None, unseen=None, gap=None)
    changed = year(2).with_columns(humidity=pl.lit(55.0), carrier=pl.lit("new"))

    assert missed(year(1), changed, off) == []


def test_a_season_is_no_shift_where_training_has_not_seen_a_year() -> None:
    winter = year(1).head(900).with_columns(temperature=pl.lit(30.0) + pl.col("humidity") / 10)
    summer = winter.with_columns(pl.col("temperature") + 40)

    assert missed(winter, summer) == []


def test_a_column_that_no_feature_reads_may_be_as_it_likes() -> None:
    numbers = pl.int_range(pl.len(), dtype=pl.Int32)

    assert missed(year(1), year(2).with_columns(flight_number=100_000 + numbers)) == []


def test_what_is_new_is_named() -> None:
    changed = year(2).with_columns(carrier=pl.lit("XX"))

    (verdict,) = (v for v in against_shift(PROJECT, year(1), changed, Gates()) if not v.passed)

    assert "such as 'XX', in 100% of the rows, gates.unseen = 0.05" in verdict.sentence


def test_few_rows_prove_nothing() -> None:
    """One of three rows with a new code can be chance."""
    learnt = year(1).filter(pl.col("carrier") != "DL")
    few = learnt.head(3).with_columns(carrier=pl.Series(["UA", "B6", "DL"]))

    assert missed(learnt, few) == []


def test_days_without_examples_are_named() -> None:
    rows = year(1).head(400)
    local = pl.col("decision_time").dt.convert_time_zone("America/New_York")
    rows = rows.filter(~local.dt.day().is_between(20, 29))

    assert gaps(PROJECT, rows, longest=9) == [
        "the 10 days before 2013-03-30",
        "the 10 days before 2013-04-30",
        "the 10 days before 2013-05-30",
    ]
    assert gaps(PROJECT, rows, longest=10) == []


@given(NUMBERS)
def test_a_column_is_as_stable_as_can_be_beside_itself(values: list[float | None]) -> None:
    column = pl.Series(values, dtype=pl.Float64)

    assert stability(column, column) == 0


@given(NUMBERS, NUMBERS)
def test_stability_is_never_negative(before: list[float | None], after: list[float | None]) -> None:
    index = stability(pl.Series(before, dtype=pl.Float64), pl.Series(after, dtype=pl.Float64))

    assert index >= 0


def test_stability_is_what_the_formula_says() -> None:
    """Halves below and above the median become a quarter and three quarters."""
    before = pl.Series([0.0] * 50_000 + [1.0] * 50_000)
    after = pl.Series([0.0] * 25_000 + [1.0] * 75_000)

    expected = 0.25 * np.log(0.75 / 0.5) - 0.25 * np.log(0.25 / 0.5)
    assert stability(before, after) == pytest.approx(expected, abs=0.001)
