"""How many events were good and bad on each day: from monitoring's file, Prometheus or a CSV."""

import csv
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from annotated_types import Ge, MinLen
from pydantic import (
    AliasPath,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from keel.project.errors import UserError, reason
from keel.project.settings import Section
from keel.quality.records.documents import text, typed

INDICATORS = "reports/indicators.jsonl"
DAY = timedelta(days=1)
BACK = 366  # days that Prometheus is asked for at most
SECONDS = 10.0  # that it may take
TOKEN = "PROMETHEUS_TOKEN"  # noqa: S105 -- the name of the environment variable
Name = Annotated[str, MinLen(1)]
Count = Annotated[float, Ge(0)]


class Prometheus(Section):
    """Two queries for how many events there were in a day, such as `sum(increase(…[1d]))`."""

    url: AnyHttpUrl
    bad: Name
    total: Name


class Source(Section):
    """Where the events of an objective stand: one of these."""

    indicator: Name | None = None
    csv: Name | None = None  # a file with the columns day, good and bad
    prometheus: Prometheus | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(place is not None for place in (self.indicator, self.csv, self.prometheus)) != 1:
            raise ValueError("write one of indicator, csv and prometheus")
        return self


@dataclass(frozen=True)
class Day:
    """The events of a day, and why some of them were bad."""

    good: float
    bad: float
    why: str = ""


@dataclass(frozen=True)
class Events:
    """The days that had any, and what could not be counted."""

    days: Mapping[date, Day] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def until(self, last: date) -> "Events":
        """Only what was known at the end of a day."""
        return Events({day: self.days[day] for day in self.days if day <= last}, self.notes)


class _Line(BaseModel):
    """A line of a file; what else stands there is no matter."""

    model_config = ConfigDict(allow_inf_nan=False)

    day: date
    good: Count
    bad: Count
    indicator: str = ""
    why: str = ""


class _Series(BaseModel):
    values: list[tuple[float, float]]  # seconds since 1970, and a number


class _Answer(BaseModel):
    """What Prometheus answers to a query of a range."""

    status: Literal["success", "error"]
    error: str = ""
    series: list[_Series] = Field(default=[], validation_alias=AliasPath("data", "result"))


def read(
    root: Path, source: Source, now: datetime, environ: Mapping[str, str] = os.environ
) -> Events:
    """The events of a source. Raises UserError if there is no such file, or no answer."""
    if source.prometheus:
        return Events(asked(source.prometheus, now, environ.get(TOKEN)))
    if source.csv:
        return table(text(root, source.csv), source.csv)
    if not (root / INDICATORS).is_file():
        return Events(notes=[f"there is no {INDICATORS}: `uv run keel monitor` writes it"])
    return lines(text(root, INDICATORS).splitlines(), str(source.indicator))


def lines(written: Iterable[str], indicator: str) -> Events:
    """One indicator's lines of monitoring's file. The last one of a day counts: it knew most."""
    days, broken = {}, 0
    for fact in written:
        if indicator not in fact:
            continue  # most are of others
        try:
            line = _Line.model_validate_json(fact)
        except ValidationError:
            broken += 1
            continue
        if line.indicator == indicator:
            days[line.day] = Day(line.good, line.bad, line.why)
    wrong = f"not counted: broken lines in {INDICATORS}: {broken}"
    return Events(days, [wrong] if broken else [])


def table(written: str, name: str) -> Events:
    """A CSV with the columns day, good and bad. Raises UserError that names the line."""
    rows = csv.DictReader(written.splitlines())
    missing = {"day", "good", "bad"} - set(rows.fieldnames or [])
    if missing:
        raise UserError(
            f"{name}:1: the column {min(missing)} is missing: write it in the first line"
        )
    days: dict[date, Day] = {}
    for row in rows:
        place = f"{name}:{rows.line_num}"
        line = typed({key: row[key] for key in ("day", "good", "bad")}, place, _Line)
        if line.day in days:
            raise UserError(f"{place}: {line.day} comes twice: add up what belongs together")
        days[line.day] = Day(line.good, line.bad)
    return Events(days)


def asked(source: Prometheus, now: datetime, token: str | None = None) -> dict[date, Day]:
    """What Prometheus says of each 24 hours up to now, by the day on which they end.

    Raises UserError if it does not answer, or with something else than one number for each day.
    """
    bad, total = (_series(source, query, now, token) for query in (source.bad, source.total))
    return {
        day: Day(max(count - bad.get(day, 0.0), 0.0), min(bad.get(day, 0.0), count))
        for day, count in total.items()
        if count > 0
    }


def _series(source: Prometheus, query: str, now: datetime, token: str | None) -> dict[date, float]:
    import httpx  # slow to import, and only needed here

    span = {"start": (now - BACK * DAY).timestamp(), "end": now.timestamp(), "step": 86400}
    try:
        response = httpx.get(
            f"{str(source.url).rstrip('/')}/api/v1/query_range",
            params={"query": query, **span},
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=SECONDS,
        )
        answer = _Answer.model_validate_json(response.content)
    except (httpx.HTTPError, ValueError) as error:
        raise UserError(
            f"{source.url} gives no answer ({reason(error)}): is it Prometheus?"
        ) from error
    if answer.status != "success":
        raise UserError(f"{source.url} refuses {query!r} ({answer.error}): mend the query")
    series = answer.series
    if len(series) > 1:
        raise UserError(
            f"{source.url} gives {len(series)} series for {query!r}, and one is needed: `sum(…)`"
        )
    points = series[0].values if series else []
    return {  # a division by no traffic gives NaN
        datetime.fromtimestamp(time, UTC).date(): number
        for time, number in points
        if math.isfinite(number)
    }
