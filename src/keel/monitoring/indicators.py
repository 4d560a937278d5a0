"""What error budgets are computed from: for each day what was good and what was bad, and why.

Requests and rows are counted where each is good or bad by itself. Where only a period can be
judged, a day is one event: the quality of the window that ends on it, or its inputs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date

import polars as pl

from keel.monitoring.checks import OK, Judgement, fields
from keel.monitoring.drift import unmeasured
from keel.monitoring.observed import FAILED, Observed
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
    found = [*_answers(seen, settings), *_rows(seen), *_days(list(judgements))]
    return sorted(found, key=lambda one: (one.day, one.indicator))


def lines(found: Iterable[Indicator]) -> list[dict[str, object]]:
    """The indicators as JSON has them."""
    return [{**asdict(one), "day": one.day.isoformat()} for one in found]


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
    facts = seen.facts.select("day", "unseen", missing=unmeasured(seen.examples))
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
        reasons = [
            *_counted("refused", row["refused"], row["fields"]),
            *_counted("with unseen", None, row["unseen"]),
            *([f"{row['missing']:,} without any measurement"] if row["missing"] else []),
        ]
        bad = (row["bad"] or 0) + (row["refused"] or 0)
        good = (row["rows"] or 0) - (row["bad"] or 0)
        yield Indicator(row["day"], "valid_predictions", good, bad, "; ".join(reasons))


def _counted(what: str, count: int | None, names: list[str] | None) -> list[str]:
    """Such as "3 refused: carrier", or "3 with unseen carrier"."""
    if not names and not count:
        return []
    if count is not None:
        return [f"{count:,} {what}: {', '.join(sorted(set(names or [])))}".removesuffix(": ")]
    return [f"{(names or []).count(name):,} {what} {name}" for name in sorted(set(names or []))]


def _days(judgements: list[Judgement]) -> Iterator[Indicator]:
    for name, checks in EVENTS.items():
        by_day: dict[date, list[Judgement]] = {}
        for one in judgements:
            if one.check in checks:
                by_day.setdefault(one.day, []).append(one)
        for day, found in by_day.items():
            bad = [one for one in found if one.bad]
            why = "; ".join(sorted({_why(one) for one in bad}))
            yield Indicator(day, name, int(not bad), int(bool(bad)), why)


def _why(one: Judgement) -> str:
    if one.note:
        return one.note
    if one.check == "gap":
        return "no requests"
    if one.check == "volume":
        return f"{one.value:.0%} of the usual rows"
    what = {"nulls": "unknown", "same": "one and the same value"}
    if one.check in what:
        return f"{one.subject}: {what[one.check]} in {one.value:.0%} of the rows"
    return f"{one.subject}: stability index {one.value:.1f}"
