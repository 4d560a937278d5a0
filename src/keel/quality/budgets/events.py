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
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from keel.project.errors import UserError, reason
from keel.project.settings import Section
from keel.quality.records.documents import text

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
        if sum(one is not None for one in (self.indicator, self.csv, self.prometheus)) != 1:
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


class _Result(BaseModel):
    result: list[_Series] = Field(default_factory=list)


class _Answer(BaseModel):
    """What Prometheus answers to a query of a range."""

    status: Literal["success", "error"]
    error: str = ""
    data: _Result = Field(default_factory=_Result)


_LINE = TypeAdapter(_Line)


def read(root: Path, source: Source, now: datetime) -> Events:
    """The events of a source. Raises UserError if there is no such file, or no answer."""
    if source.prometheus:
        return Events(asked(source.prometheus, now))
    if source.csv:
        return table(text(root, source.csv), source.csv)
    file = root / INDICATORS
    if not file.is_file():
        return Events(notes=[f"there is no {INDICATORS}: `uv run keel monitor` writes it"])
    return lines(text(root, INDICATORS).splitlines(), str(source.indicator))


def until(known: Events, last: date) -> Events:
    """Only what was known at the end of a day."""
    return Events({day: one for day, one in known.days.items() if day <= last}, known.notes)


def lines(written: Iterable[str], indicator: str) -> Events:
    """One indicator's lines of monitoring's file. The last one of a day counts: it knew most."""
    found, broken = {}, 0
    for line in written:
        if indicator not in line:
            continue  # most are of others
        try:
            one = _LINE.validate_json(line)
        except ValidationError:
            broken += 1
            continue
        if one.indicator == indicator:
            found[one.day] = Day(one.good, one.bad, one.why)
    wrong = f"not counted: broken lines in {INDICATORS}: {broken}"
    return Events(found, [wrong] if broken else [])


def table(written: str, name: str) -> Events:
    """A CSV with the columns day, good and bad. Raises UserError that names the line."""
    rows = csv.DictReader(written.splitlines())
    missing = {"day", "good", "bad"} - set(rows.fieldnames or [])
    if missing:
        raise UserError(
            f"{name}:1: the column {min(missing)} is missing: write it in the first line"
        )
    found: dict[date, Day] = {}
    for row in rows:
        place = f"{name}:{rows.line_num}"
        try:
            one = _LINE.validate_python({key: row[key] for key in ("day", "good", "bad")})
        except ValidationError as error:
            wrong = error.errors()[0]
            raise UserError(
                f"{place}: {wrong['loc'][0]} is {wrong['input']!r}: {wrong['msg'].lower()}"
            ) from error
        if one.day in found:
            raise UserError(f"{place}: {one.day} comes twice: add up what belongs together")
        found[one.day] = Day(one.good, one.bad)
    return Events(found)


def asked(source: Prometheus, now: datetime) -> dict[date, Day]:
    """What Prometheus says of each 24 hours up to now, by the day on which they end.

    Raises UserError if it does not answer, or with something else than one number for each day.
    """
    bad, total = (_series(source, query, now) for query in (source.bad, source.total))
    return {
        day: Day(max(count - bad.get(day, 0.0), 0.0), min(bad.get(day, 0.0), count))
        for day, count in total.items()
        if count > 0
    }


def _series(source: Prometheus, query: str, now: datetime) -> dict[date, float]:
    import httpx  # slow to import, and only needed here

    token = os.environ.get(TOKEN)
    span = {"start": (now - BACK * DAY).timestamp(), "end": now.timestamp(), "step": 86400}
    try:
        answer = httpx.get(
            f"{str(source.url).rstrip('/')}/api/v1/query_range",
            params={"query": query, **span},
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=SECONDS,
        )
        said = _Answer.model_validate_json(answer.content)
    except (httpx.HTTPError, ValueError) as error:
        raise UserError(
            f"{source.url} gives no answer ({reason(error)}): is it Prometheus?"
        ) from error
    if said.status != "success":
        raise UserError(f"{source.url} refuses {query!r} ({said.error}): mend the query")
    series = said.data.result
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
