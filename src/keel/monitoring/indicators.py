"""What error budgets are computed from: for each day what was good and what was bad, and why.

Requests and rows are counted where each is good or bad by itself. Where only a period can be
judged, a day is one event: the quality of the window that ends on it, or its inputs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

import polars as pl
import polars.selectors as cs

from keel.monitoring.checks import Judgement, answers, fields
from keel.monitoring.drift import unmeasured
from keel.monitoring.findings import sentence
from keel.monitoring.observed import Observed
from keel.serving.settings import Monitoring

EVENTS = {  # of which a day is one, by the checks that make it bad
    **dict.fromkeys(("gap", "volume"), "volume"),
    **dict.fromkeys(("nulls", "same", "psi"), "drift"),
    "quality": "quality",
}
NAMES = {"calibration_error": "calibration"}  # other metrics with a floor keep theirs


class Indicator(NamedTuple):
    """The good and bad events of a day."""

    day: date
    indicator: str
    good: int
    bad: int
    why: str


def indicators(
    seen: Observed, judgements: Iterable[Judgement], settings: Monitoring
) -> list[Indicator]:
    """All indicators of all days, by day and name."""
    return sorted([*_answers(seen, settings), *_rows(seen), *_days(judgements)])


def as_lines(indicators: list[Indicator]) -> str:
    """The indicators as JSON, one a line."""
    return pl.DataFrame(indicators, Indicator._fields, orient="row").write_ndjson()


def _answers(seen: Observed, settings: Monitoring) -> Iterator[Indicator]:
    for day, rows, failed, ok, slow in answers(seen, settings).iter_rows():
        why = f"{failed:,} with status 5xx" if failed else ""
        yield Indicator(day, "availability", rows - failed, failed, why)
        why = f"{slow:,} took longer than promised" if slow else ""
        yield Indicator(day, "latency", ok - slow, slow, why)


def _rows(seen: Observed) -> Iterator[Indicator]:
    """Rows that could be predicted from what they should be, and those that could not."""
    new = pl.col("unseen").list.len() > 0
    missing = unmeasured(seen.examples, seen.measured)
    facts = seen.facts.select("unseen", day="answered", missing=missing)
    days = facts.group_by("day").agg(
        good=(~(new | pl.col("missing"))).sum(),
        bad=(new | pl.col("missing")).sum(),
        missing=pl.col("missing").sum(),
        unseen=pl.col("unseen").filter(new).explode(),
    )
    requests = seen.requests.filter(pl.col("refused") > 0).group_by("day")
    refused = requests.agg(pl.col("refused").sum(), fields=fields().explode().drop_nulls())
    both = days.join(refused, on="day", how="full", coalesce=True).drop_nulls("day")
    for row in both.with_columns(cs.numeric().fill_null(0)).iter_rows(named=True):
        names = ", ".join(sorted(set(row["fields"] or [])))
        unseen = sorted(Counter(row["unseen"] or []).items())
        reasons = [
            *([f"{row['refused']:,} refused: {names}".removesuffix(": ")] * bool(row["refused"])),
            *(f"{count:,} with unseen {name}" for name, count in unseen),
            *([f"{row['missing']:,} without any measurement"] * bool(row["missing"])),
        ]
        bad = row["bad"] + row["refused"]
        yield Indicator(row["day"], "valid_predictions", row["good"], bad, "; ".join(reasons))


def _days(judgements: Iterable[Judgement]) -> Iterator[Indicator]:
    reasons: dict[tuple[date, str], set[str]] = {}
    for judged in judgements:
        name = judged.subject if judged.check == "metric" else EVENTS.get(judged.check)
        if name:
            why = reasons.setdefault((judged.day, NAMES.get(name, name)), set())
            why |= {sentence(judged)} if judged.bad else set()
    for (day, name), why in reasons.items():
        yield Indicator(day, name, int(not why), int(bool(why)), "; ".join(sorted(why)))
