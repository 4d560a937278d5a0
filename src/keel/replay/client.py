"""A service of one's own, and what asks it, as a client does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import polars as pl
import structlog
from pydantic_core import to_json

from keel.data.store import Store
from keel.project.about import about
from keel.project.description import Project
from keel.serving.app import application
from keel.serving.service import Service
from keel.serving.settings import Serving


class Clock:
    """Stands still until it is set, and so does its stopwatch.

    How long this machine takes, beside all else that it does, says nothing of production.
    """

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return self.now

    def timer(self) -> float:
        return self.seconds


class Client:
    """Asks the whole service, from its guard to its log; only the network is left out."""

    def __init__(
        self, runner: asyncio.Runner, http: httpx.AsyncClient, clock: Clock, slow: float
    ) -> None:
        self._runner = runner
        self._http = http
        self._clock = clock
        self._slow = slow

    def on(self, moment: datetime) -> None:
        """From now on the service's clock says so."""
        self._clock.now = moment

    def predict(self, rows: pl.DataFrame, *, slowly: bool) -> int:
        """Ask for rows; slowly means that the request takes long, by the service's stopwatch."""
        return self._post("/predict/batch", rows, self._slow if slowly else 0.0)

    def label(self, rows: pl.DataFrame) -> int:
        return self._post("/labels", rows)

    def _post(self, path: str, rows: pl.DataFrame, seconds: float = 0.0) -> int:
        async def body() -> AsyncIterator[bytes]:
            self._clock.seconds += seconds
            yield to_json({"rows": rows.to_dicts()})

        headers = {"Content-Type": "application/json"}
        request = self._http.post(path, content=body(), headers=headers)
        return self._runner.run(request).status_code


@contextmanager
def running(store: Store, project: Project, serving: Serving, slow: float) -> Iterator[Client]:
    """A service with the model and the tables of the store, to which it writes its log.

    A slow request takes `slow` seconds. Raises UserError if one of them is missing.
    """
    clock = Clock()
    service = Service(store, project, serving, clock, clock.timer)
    app = application(service, about(store.repository))
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://replay")
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        with asyncio.Runner() as runner:
            yield Client(runner, http, clock, slow)
    finally:
        structlog.configure(**before)
