"""What nobody waits for is not worked on, keeps nobody out, and is not recorded."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from typing import Any

import polars as pl
import pytest
from builders import PROJECT, ROWS

from keel.data.store import Store
from keel.project.description import Tables
from keel.serving.app import application
from keel.serving.service import Service
from keel.serving.settings import Serving

JUNE = datetime(2013, 6, 24, 15, tzinfo=UTC)  # of the season, with weather


class Gated:
    """A `build` that waits to be let through, and knows whose rows it was given."""

    def __init__(self) -> None:
        self.began, self.open = Event(), Event()
        self.flights: list[int] = []

    def __call__(self, tables: Tables) -> pl.LazyFrame:
        rows = tables["flights"].select("flight").collect().to_series().to_list()
        if len(rows) == 1:  # and not all that are looked at when it starts
            self.flights += rows
            self.began.set()
            assert self.open.wait(30)
        return PROJECT.build(tables)


class Asking:
    """A client of the service in this process, which may go away."""

    def __init__(self, store: Store, **serving: Any) -> None:
        self.build = Gated()
        service = Service(store, replace(PROJECT, build=self.build), Serving(**serving))
        about = {"name": "Test", "purpose": "Is a test."}
        self._app = application(service, about, threads=1)
        self._store = store

    async def ask(self, flight: int, leaves: asyncio.Event | None = None) -> int:
        """The status of the answer."""
        known = {name: value for name, value in ROWS["flights"].items() if "_delay" not in name}
        body = json.dumps({**known, "time_hour": JUNE.isoformat(), "flight": flight}).encode()
        messages = iter([{"type": "http.request", "body": body}])
        status = [0]

        async def receive() -> Any:
            for message in messages:
                return message
            await (leaves or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            status[0] = message.get("status", status[0])

        headers = [(b"content-type", b"application/json"), (b"x-request-id", b"%d" % flight)]
        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
        await self._app({**scope, "query_string": b"", "http_version": "1.1"}, receive, send)
        return status[0]

    async def began(self) -> None:
        await asyncio.to_thread(self.build.began.wait, 30)

    def recorded(self) -> list[str]:
        files = (self._store.root / "served/predictions").glob("*.jsonl")
        return [json.loads(line)["request"] for f in files for line in f.read_text().splitlines()]


@contextmanager
def gated(store: Store, **serving: Any) -> Iterator[Asking]:
    asking = Asking(store, **serving)
    try:
        yield asking
    finally:
        asking.build.open.set()


@pytest.mark.parametrize("waiting", [True, False])
def test_what_a_client_left_is_not_scored_and_keeps_nobody_out(
    run_copy: Store, waiting: bool
) -> None:
    async def scenario(asking: Asking) -> None:
        leaves = asyncio.Event()
        first = asyncio.create_task(asking.ask(1, leaves))
        await asking.began()
        left = first
        if waiting:
            left = asyncio.create_task(asking.ask(2, leaves))
            await asyncio.sleep(0.05)
        leaves.set()
        assert await left == 400
        if waiting:
            await first
        last = asyncio.create_task(asking.ask(3))
        await asyncio.sleep(0.05)
        asking.build.open.set()
        assert await last == 200

    with gated(run_copy, at_once=2 if waiting else 1) as asking:
        asyncio.run(scenario(asking))

        assert asking.build.flights == [1, 3]
        assert asking.recorded() == ["3"]


def test_what_took_too_long_is_not_scored_and_keeps_nobody_out(run_copy: Store) -> None:
    async def scenario(asking: Asking) -> None:
        assert tuple(await asyncio.gather(asking.ask(1), asking.ask(2))) == (503, 503)
        asking.build.open.set()
        assert await asking.ask(3) == 200

    with gated(run_copy, at_once=2, seconds=0.5) as asking:
        asyncio.run(scenario(asking))

        assert asking.build.flights == [1, 3]
        assert asking.recorded() == ["3"]
