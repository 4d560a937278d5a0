"""How uvicorn runs the service: who dawdles is dropped, and a stop loses no request."""

import asyncio
import multiprocessing
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import cast

import uvicorn
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client.multiprocess import mark_process_dead
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from keel.project.errors import UserError, reason
from keel.serving.service import Service
from keel.serving.settings import Serving
from keel.serving.telemetry import WORKERS

IDLE = 5  # seconds that a connection stays open without a request, or with half of a head
STARTED = 60  # seconds within which a worker answers

Handler = Callable[[int, FrameType | None], object]


class Connection(H11Protocol):
    """A connection that is closed when a request does not come to its end.

    Uvicorn waits for ever for the rest of a head, for the rest of a body that was refused, and for
    a client that does not read.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        self._waits_for = ""
        self._timer: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        self._wait_for("head")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for("head")
        else:
            self._wait_for("body" if self.cycle.more_body else "")

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_for("")
        super().connection_lost(exc)

    def _wait_for(self, part: str) -> None:
        """Of what the client has still to send; the time begins with the part."""
        if part == self._waits_for:
            return
        if self._timer:
            self._timer.cancel()
        self._waits_for, self._timer = part, None
        if part:
            in_work = self.config.timeout_graceful_shutdown  # `Guard` has said 408 before
            seconds = in_work if part == "body" and in_work else IDLE
            self._timer = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        self.transport.close()
        self.loop.call_later(IDLE, self.transport.abort)  # if the last answer is not read either


@asynccontextmanager
async def draining(
    service: Service, tracers: TracerProvider | None, _app: object
) -> AsyncIterator[None]:
    """The service stops only when load balancers and clients had time to see it.

    From SIGTERM on `/ready` says so, each answer closes its connection, and new ones are still
    answered for `drain_seconds`; then uvicorn stops, when all that it accepted is answered. So a
    client with a connection is never cut off while it sends. A second signal stops it at once.
    """
    loop, stop = asyncio.get_running_loop(), cast("Handler", signal.getsignal(signal.SIGTERM))
    seconds = service.serving.drain_seconds

    def drain(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, stop)  # uvicorn's
        service.stopping = True
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, frame)

    signal.signal(signal.SIGTERM, drain)
    yield
    if tracers:
        tracers.force_flush()  # uvicorn ends a worker by the signal: nothing runs after this


class Workers(Multiprocess):
    """Uvicorn's processes, which say when all of them answer, and hear a signal meanwhile."""

    def __init__(
        self, config: uvicorn.Config, listening: socket.socket, ready: Callable[[], object]
    ) -> None:
        super().__init__(config, [listening])
        self._ready = ready
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.should_exit.set())

    def init_processes(self) -> None:
        super().init_processes()
        if all(process.wait_until_ready(STARTED, self.should_exit) for process in self.processes):
            self._ready()

    def keep_subprocess_alive(self) -> None:
        """Start anew what has died; uvicorn would wait for one that starts before it looks."""
        for number, worker in enumerate(self.processes):
            if worker.process.is_alive():
                continue
            worker.join()
            mark_process_dead(worker.pid, os.environ[WORKERS])  # type: ignore[no-untyped-call]  # it has no types
            if worker.exitcode == STARTUP_FAILURE:
                self.should_exit.set()
                return
            self.processes[number] = Process(self.config, self.sockets)
            self.processes[number].start()


def run_workers(
    config: uvicorn.Config, listening: socket.socket, ready: Callable[[], object]
) -> None:
    """Run so many processes that answer what comes there; one that dies is started anew.

    Each shows the metrics of all. `ready` is called when they answer. Raises UserError if one can't
    start.
    """
    with _folder() as folder:
        os.environ[WORKERS] = folder
        supervisor = Workers(config, listening, ready)
        supervisor.run()
        if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
            raise UserError("a worker did not start; the lines above say why")


def _folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="keel-")
    except OSError as error:
        raise UserError(
            "mount something at /tmp that can be written to, or set TMPDIR: workers keep their "
            f"figures there, and {reason(error)}"
        ) from error


def end_with_parent() -> None:
    """Stop a worker whose parent was killed: nobody else would, and it keeps the port."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def configured(
    app: ASGIApp | Callable[[], ASGIApp], serving: Serving, *, factory: bool = False
) -> uvicorn.Config:
    """How uvicorn is to run it, or what each worker makes."""
    return uvicorn.Config(
        app,
        factory=factory,
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        log_config=None,  # `set_up_logging` did it
        server_header=False,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=int(serving.seconds) + 5,
        timeout_worker_healthcheck=STARTED,
        workers=serving.workers,
    )
