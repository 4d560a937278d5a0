"""The same model behind a bare FastAPI route: runs inside a project, `python bare_service.py PORT`.

It has the same `build`, the same tables in memory and the same predictor, and nothing else: no
limits, no checks but the types, no record of what it said.
"""

import sys
from datetime import datetime
from pathlib import Path

import polars as pl
import uvicorn
from fastapi import FastAPI
from flight_delay.project import PROJECT
from pydantic import BaseModel

from keel.data.store import Store
from keel.model.predictor import in_use


class Flight(BaseModel):
    """A row of the request table."""

    time_hour: datetime
    carrier: str
    flight: int
    sched_dep_time: int
    sched_arr_time: int
    tailnum: str | None
    origin: str
    dest: str
    distance: int


class Flights(BaseModel):
    """Rows of it."""

    rows: list[Flight]


store = Store(Path.cwd(), Path.cwd())
predictor = in_use(store, PROJECT).predictor
schema = PROJECT.tables["flights"].create_empty().schema
lookups = {name: store.read_table(store.checked(name)).collect() for name in ("weather", "planes")}
app = FastAPI()


@app.post("/predict")
def predict(row: Flight) -> dict[str, float]:
    """The probability of one."""
    return {"probability": probabilities([row])[0]}


@app.post("/predict/batch")
def predict_batch(body: Flights) -> dict[str, list[float]]:
    """The probabilities of many, in the order that `build` gives them."""
    return {"probabilities": probabilities(body.rows)}


@app.get("/health")
def health() -> dict[str, str]:
    """Whether it runs."""
    return {}


def probabilities(rows: list[Flight]) -> list[float]:
    """What the model says of rows."""
    flights = pl.DataFrame([row.model_dump() for row in rows], schema=schema)
    tables = {name: frame.lazy() for name, frame in lookups.items()}
    examples = PROJECT.build({**tables, "flights": flights.lazy()}).collect()
    return predictor.predict(examples).to_list()


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
