"""What stands before the service: keys, limits, and the log of who asked and what became of it."""

import asyncio
import re
import time
import uuid
from concurrent.futures import Future
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keel.serving.keys import Keys
from keel.serving.log import Log
from keel.serving.problems import ProblemError, not_recorded
from keel.serving.settings import Serving
from keel.serving.telemetry import Metrics

OPEN = ("/health", "/ready")  # to everybody: they say nothing of the model
SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger()


class Guard:
    """Lets through what may pass, in time, and records each request before it is answered."""

    def __init__(
        self, app: ASGIApp, serving: Serving, keys: Keys, records: Log, metrics: Metrics
    ) -> None:
        self._app = app
        self._serving = serving
        self._keys = keys
        self._records = records
        self._metrics = metrics
        self._places = BoundedSemaphore(serving.at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send, self._serving.bytes)
        self._metrics.running(1)
        try:
            with structlog.contextvars.bound_contextvars(request=exchange.request):
                await self._handle(exchange)
        finally:
            self._metrics.running(-1)

    async def _handle(self, exchange: "Exchange") -> None:
        exchange.before_answer = self._record
        limited = exchange.scope["method"] == "POST"
        if self._keys and exchange.path not in OPEN and not self._keys.fit(exchange.headers):
            await exchange.refuse(NO_KEY)
        elif limited and not self._places.acquire(blocking=False):
            await exchange.refuse(BUSY)
        else:
            try:
                await self._in_time(exchange)
            finally:
                if limited:
                    _when_done(exchange.state.get("work"), self._places)

    async def _in_time(self, exchange: "Exchange") -> None:
        try:
            async with asyncio.timeout(self._serving.seconds):
                await self._app(exchange.scope, exchange.receive, exchange.send)
        except TimeoutError:
            late = f"took longer than {self._serving.seconds:g} seconds, serving.seconds"
            if exchange.reading:
                await exchange.refuse(ProblemError(408, f"sending the request {late}"))
            else:
                await exchange.refuse(ProblemError(503, f"the answer {late}", headers=AGAIN))
        except Exception:
            log.exception("failed", path=exchange.path)  # it was answered with what `app` says

    def _record(self, exchange: "Exchange", status: int) -> ProblemError | None:
        """Count and log what is answered; the problem to answer in its place if that fails."""
        seconds = time.perf_counter() - exchange.started
        route = getattr(exchange.scope.get("route"), "path", "") or exchange.path
        self._metrics.request(route, status, seconds)
        if exchange.scope["method"] != "POST" or route not in RECORDED:
            return None
        facts = {"request": exchange.request, "route": route, "status": status}
        facts |= {"rows": exchange.state.get("rows", 0), "seconds": round(seconds, 6)}
        log.info("answered", **{name: facts[name] for name in ("route", "status", "rows")})
        try:
            self._records.request(**facts, problems=exchange.state.get("problems", []))
        except OSError as error:
            log.warning("not_recorded", reason=str(error))
            return not_recorded(error) if status < HTTPStatus.BAD_REQUEST else None
        return None


RECORDED = ("/predict", "/predict/batch", "/labels")
AGAIN = {"Retry-After": "1"}
NO_KEY = ProblemError(
    401,
    "this needs a key of the service: `Authorization: Bearer …` or `X-API-Key: …`",
    headers={"WWW-Authenticate": "Bearer"},
)
BUSY = ProblemError(
    503, "more requests came at once than serving.at_once allows: come again", headers=AGAIN
)


class Exchange:
    """A request and its answer, as they pass through."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        self.scope = scope
        self.state: dict[str, Any] = scope.setdefault("state", {})
        self.headers = Headers(scope=scope)
        self.path: str = scope["path"]
        self.started = time.perf_counter()
        given = self.headers.get("x-request-id", "")
        self.request = given if SANE.fullmatch(given) else uuid.uuid4().hex
        self.state["request"] = self.request
        self.reading = False
        self.before_answer: Any = None
        self._receive, self._send = receive, send
        self._most, self._came = most, 0
        self._begun = self._replaced = False

    async def receive(self) -> Message:
        """The next part of the body. Raises ProblemError if it gets too long."""
        length = self.headers.get("content-length", "")
        if length.isdigit() and len(length) < 20 and int(length) > self._most:
            raise self._too_long()
        self.reading = True
        message = await self._receive()
        self.reading = bool(message.get("more_body"))
        self._came += len(message.get("body", b""))
        if self._came > self._most:
            raise self._too_long()
        return message

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            self._begun = True
            problem = self.before_answer(self, message["status"])
            if problem:
                self._replaced = True
                await self._answer(problem)
                return
            MutableHeaders(scope=message)["X-Request-ID"] = self.request
        await self._send(message)

    async def refuse(self, problem: ProblemError) -> None:
        """Answer with a problem, unless another answer has begun."""
        if not self._begun:
            self.state["problems"] = [{"field": "", "reason": problem.detail}]
            self._begun = True
            self.before_answer(self, problem.status)
            await self._answer(problem)

    async def _answer(self, problem: ProblemError) -> None:
        response = problem.response()
        response.headers["X-Request-ID"] = self.request
        await response(self.scope, self._receive, self._send)

    def _too_long(self) -> ProblemError:
        return ProblemError(
            413, f"the body has more than {self._most:,} bytes, serving.bytes: send fewer rows"
        )


def _when_done(work: "Future[Any] | None", places: BoundedSemaphore) -> None:
    """Free a place when its work has ended, which may be after its request has."""
    if work is None or work.done():
        places.release()
    else:
        work.add_done_callback(lambda _: places.release())
