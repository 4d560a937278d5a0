"""The same model behind the shortest route by hand: runs inside a project, `plain_service.py PORT`.

No `build`, no frame, no record of what it said: the tables are dictionaries and sorted lists, the
features are arithmetic on one row, written a second time.
"""

import json
import math
import sys
from bisect import bisect_right
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import lightgbm as lgb
import numpy as np
import polars as pl
import uvicorn
from annotated_types import Ge, Le, Len
from fastapi import FastAPI
from pydantic import AwareDatetime, BaseModel

CHECKED = Path("data/checked")
ZONE = ZoneInfo("America/New_York")
NAN = math.nan
MEASURED = ("temp", "humid", "wind_speed", "precip", "pressure", "visib", "dewp")


class Flight(BaseModel):
    """A row of the request table."""

    time_hour: AwareDatetime
    carrier: str
    flight: Annotated[int, Ge(1)]
    sched_dep_time: Annotated[int, Ge(0), Le(2359)]
    sched_arr_time: Annotated[int, Ge(0), Le(2400)]
    tailnum: str | None = None
    origin: str
    dest: str
    distance: Annotated[int, Ge(0)]


class Flights(BaseModel):
    """Rows of it."""

    rows: Annotated[list[Flight], Len(1, 1_000)]


passport = json.loads(Path("model/passport.json").read_bytes())
CODES = {
    name: {value: float(code) for code, value in enumerate(values)}
    for name, values in passport["features"].items()
    if isinstance(values, list)
}
booster = lgb.Booster(model_file=str(next(Path("model").glob("model.*"))))
weather: dict[str, tuple[list[datetime], list[tuple[float, ...]]]] = defaultdict(lambda: ([], []))
for row in pl.read_parquet(CHECKED / "weather.parquet").sort("time_hour").iter_rows(named=True):
    times, values = weather[row["origin"]]
    times.append(row["time_hour"])
    values.append(tuple(NAN if row[name] is None else row[name] for name in MEASURED))
built = dict(pl.read_parquet(CHECKED / "planes.parquet").select("tailnum", "year").iter_rows())
app = FastAPI()


@app.post("/predict")
def predict(row: Flight) -> dict[str, float]:
    """The probability of one."""
    return {"probability": predicted([row])[0]}


@app.post("/predict/batch")
def predict_batch(body: Flights) -> dict[str, list[float]]:
    """The probabilities of many, in their order."""
    return {"probabilities": predicted(body.rows)}


@app.get("/health")
def health() -> dict[str, str]:
    """Whether it runs."""
    return {}


def predicted(rows: list[Flight]) -> list[float]:
    """What the model says of rows."""
    probabilities: list[float] = np.asarray(
        booster.predict(np.array([features(row) for row in rows]))
    ).tolist()
    return probabilities


def features(row: Flight) -> tuple[float, ...]:
    """The features of a row, in the model's order."""
    departure = row.time_hour + timedelta(minutes=row.sched_dep_time % 100)
    local = departure.astimezone(ZONE)
    temp, humid, wind, rain, pressure, visibility, dew = measured(
        row.origin, departure - timedelta(hours=2)
    )
    year = built.get(row.tailnum)
    return (
        CODES["carrier"].get(row.carrier, NAN),
        CODES["origin"].get(row.origin, NAN),
        CODES["destination"].get(row.dest, NAN),
        temp,
        humid,
        wind,
        rain,
        pressure,
        visibility,
        local.hour + local.minute / 60,
        (row.sched_arr_time // 100 * 60 + row.sched_arr_time % 100) / 60,
        local.isoweekday(),
        NAN if year is None else departure.year - year,
        temp - dew,
    )


def measured(origin: str, at: datetime) -> tuple[float, ...]:
    """The last weather there, unless it is older than three hours."""
    times, values = weather[origin]
    last = bisect_right(times, at) - 1
    if last < 0 or at - times[last] > timedelta(hours=3):
        return (NAN,) * len(MEASURED)
    return values[last]


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
