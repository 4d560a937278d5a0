"""What error budgets are computed from: for each day what was good and what was bad, and why.

Requests and rows are counted where each is good or bad by itself. Where only a period can be
judged, a day is one event: the quality of the window that ends on it, or its inputs.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from operator import attrgetter

import polars as pl

from keel.monitoring.checks import Judgement, fields
from keel.monitoring.drift import unmeasured
from keel.monitoring.observed import FAILED, OK, Observed
from keel.serving.settings import Monitoring

EVENTS = {  # of which a day is one, by the checks that make it bad
    "volume": ("gap", "volume"),
    "drift": ("nulls", "same", "psi"),
    "quality": ("quality",),
    "calibration": ("metric",),
}


@dataclass(frozen=True)
class Indicator:
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
    counted = [*_answers(seen, settings), *_rows(seen), *_days(list(judgements))]
    return sorted(counted, key=attrgetter("day", "indicator"))


def as_lines(indicators: Iterable[Indicator]) -> str:
    """The indicators as JSON, one a line."""
    return "".join(
        json.dumps({**asdict(part), "day": part.day.isoformat()}, ensure_ascii=False) + "\n"
        for part in indicators
    )


def _answers(seen: Observed, settings: Monitoring) -> Iterator[Indicator]:
    status = pl.col("status")
    late = (status < OK) & (pl.col("seconds") > settings.answer_within)
    days = seen.requests.drop_nulls("day").group_by("day").agg(
        rows=pl.len(), failed=(status >= FAILED).sum(), ok=(status < OK).sum(), late=late.sum()
    )  # fmt: skip
    for day, rows, failed, ok, slow in days.iter_rows():
        why = f"{failed:,} with status 5xx" if failed else ""
        yield Indicator(day, "availability", rows - failed, failed, why)
        why = f"{slow:,} took more than {settings.answer_within} s" if slow else ""
        yield Indicator(day, "latency", ok - slow, slow, why)


def _rows(seen: Observed) -> Iterator[Indicator]:
    """Rows that could be predicted from what they should be, and those that could not."""
    new = pl.col("unseen").list.len() > 0
    facts = seen.facts.select("day", "unseen", missing=unmeasured(seen.examples, seen.measured))
    days = facts.group_by("day").agg(
        rows=pl.len(),
        bad=(new | pl.col("missing")).sum(),
        missing=pl.col("missing").sum(),
        unseen=pl.col("unseen").filter(new).explode(),
    )
    refused = (
        seen.requests.filter(pl.col("refused") > 0)
        .group_by("day")
        .agg(pl.col("refused").sum(), fields=fields().explode().drop_nulls())
    )
    both = days.join(refused, on="day", how="full", coalesce=True).drop_nulls("day")
    for row in both.iter_rows(named=True):
        names = ", ".join(sorted(set(row["fields"] or [])))
        why_refused = f"{row['refused'] or 0:,} refused: {names}".removesuffix(": ")
        unseen = sorted(Counter(row["unseen"] or []).items())
        reasons = [
            *([why_refused] if row["refused"] else []),
            *(f"{count:,} with unseen {name}" for name, count in unseen),
            *([f"{row['missing']:,} without any measurement"] if row["missing"] else []),
        ]
        bad = (row["bad"] or 0) + (row["refused"] or 0)
        good = (row["rows"] or 0) - (row["bad"] or 0)
        yield Indicator(row["day"], "valid_predictions", good, bad, "; ".join(reasons))


def _days(judgements: list[Judgement]) -> Iterator[Indicator]:
    for name, checks in EVENTS.items():
        by_day: dict[date, list[Judgement]] = defaultdict(list)
        for judgement in judgements:
            if judgement.check in checks:
                by_day[judgement.day].append(judgement)
        for day, judged in by_day.items():
            reasons = {_why(judgement) for judgement in judged if judgement.bad}
            yield Indicator(
                day, name, int(not reasons), int(bool(reasons)), "; ".join(sorted(reasons))
            )


def _why(judgement: Judgement) -> str:
    if judgement.note:
        return judgement.note
    if judgement.check == "gap":
        return "no requests"
    if judgement.check == "volume":
        return f"{judgement.value:.0%} of the usual rows"
    if judgement.check == "psi":
        return f"{judgement.subject}: stability index {judgement.value:.1f}"
    what = {"nulls": "unknown", "same": "one and the same value"}[judgement.check]
    return f"{judgement.subject}: {what} in {judgement.value:.0%} of the rows"
