"""How every model must behave, after CheckList (Ribeiro et al., ACL 2020).

To add a case, add a row to a list. `share` says for which part of the test examples it must hold.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from keel.testing import Trained, trained

from tests.builders import PROJECT, examples

MORNING = datetime(2013, 5, 15, 11, tzinfo=UTC)  # 7 a.m. in New York
EVENING = datetime(2013, 5, 15, 23, tzinfo=UTC)  # 7 p.m.
STORM = {
    "humidity": 97.0,
    "precipitation": 0.3,
    "visibility": 1.0,
    "pressure": 1000.0,
    "wind_speed": 25.0,
}


@pytest.fixture(scope="session")
def model() -> Trained:
    return trained(PROJECT)


@dataclass(frozen=True)
class Change:
    """A change of examples, and the share of them whose prediction must change as the test says."""

    why: str
    before: dict[str, pl.Expr]
    after: dict[str, pl.Expr]
    share: float


def local_hour(hour: int) -> dict[str, pl.Expr]:
    """Examples whose departure is at this hour of the same day, in New York."""
    midnight = (
        pl.col("scheduled_departure").dt.convert_time_zone("America/New_York").dt.truncate("1d")
    )
    departure = midnight.dt.offset_by(f"{hour}h").dt.convert_time_zone("UTC")
    return {"scheduled_departure": departure, "decision_time": departure - timedelta(hours=2)}


def literals(**values: Any) -> dict[str, pl.Expr]:
    return {name: pl.lit(value) for name, value in values.items()}


MINIMUM = [
    ("an evening in a storm is risky", {"scheduled_departure": EVENING, **STORM}, 0.4, 1.0),
    ("a quiet morning is not", {"scheduled_departure": MORNING}, 0.0, 0.25),
]

INVARIANT = [
    Change("the flight number means nothing", {}, literals(flight_number=9999), 1.0),
]

RISKIER = [
    Change("delays pile up during the day", local_hour(7), local_hour(19), 0.9),
    Change(
        "rain and fog delay", literals(humidity=50.0, precipitation=0.0), literals(**STORM), 0.8
    ),
]


@pytest.mark.parametrize(
    ("why", "columns", "least", "most"), MINIMUM, ids=[row[0] for row in MINIMUM]
)
def test_a_clear_case_is_seen(
    why: str, columns: dict[str, Any], least: float, most: float, model: Trained
) -> None:
    example = examples(**{name: [value] for name, value in columns.items()})

    assert least <= model.probability(example).item() <= most, why


@pytest.mark.parametrize("change", INVARIANT, ids=lambda change: change.why)
def test_what_does_not_matter_changes_nothing(change: Change, model: Trained) -> None:
    before, after = both(change, model)

    holds = (before - after).abs() < 1e-9

    assert_share(holds, change, model.test_examples, before, after)


@pytest.mark.parametrize("change", RISKIER, ids=lambda change: change.why)
def test_what_is_riskier_is_predicted_so(change: Change, model: Trained) -> None:
    before, after = both(change, model)

    holds = after > before

    assert_share(holds, change, model.test_examples, before, after)


def both(change: Change, model: Trained) -> tuple[pl.Series, pl.Series]:
    rows = model.test_examples
    return (
        model.probability(rows.with_columns(**change.before)),
        model.probability(rows.with_columns(**change.after)),
    )


def assert_share(
    holds: pl.Series, change: Change, rows: pl.DataFrame, before: pl.Series, after: pl.Series
) -> None:
    """Fail with the first examples for which it does not hold."""
    share = holds.sum() / len(holds)
    failing = rows.with_columns(before=before, after=after).filter(~holds)
    shown = failing.select("before", "after", pl.all().exclude("before", "after")).head(5)
    assert share >= change.share, f"{change.why}: holds for {share:.1%}, but not for\n{shown}"
