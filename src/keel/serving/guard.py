"""What stands before the service: keys, limits, and the log of who asked and what became of it."""

import asyncio
import hmac
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from http import HTTPStatus
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keel.project.errors import UserError
from keel.serving import settings
from keel.serving.problems import ProblemError, not_recorded
from keel.serving.service import Service
from keel.serving.telemetry import POSTS

OPEN = ("/health", "/ready")  # to everybody: they say nothing of the model
SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
SHORTEST = 16  # characters of a key
AGAIN = {"Retry-After": "1"}
NO_KEY = ProblemError(
    401,
    "this needs a key of the service: `Authorization: Bearer …` or `X-API-Key: …`",
    headers={"WWW-Authenticate": "Bearer"},
)
BUSY = ProblemError(
    503, "more requests came at once than serving.at_once allows: come again", headers=AGAIN
)

logger = structlog.get_logger()


class Keys:
    """The keys that open the service; without any it is open to all."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        """Raises UserError if one could be guessed."""
        self._keys = [key.encode() for key in keys]
        if any(len(key) < SHORTEST for key in self._keys):
            raise UserError(
                f"a key of the service has fewer than {SHORTEST} characters, and could be guessed: "
                '`python -c "import secrets; print(secrets.token_urlsafe())"` makes a good one'
            )

    def __bool__(self) -> bool:
        return bool(self._keys)

    def fit(self, headers: Headers) -> bool:
        """Whether a request has one of the keys. It takes as long, whichever and however wrong."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        fits = [hmac.compare_digest(given.encode("latin-1"), key) for key in self._keys]
        return any(fits)


def keys(environment: Mapping[str, str]) -> Keys:
    """The keys in SERVICE_KEYS, or in the file that SERVICE_KEYS_FILE names, by lines or commas.

    Raises UserError if there are none in production.
    """
    text = environment.get("SERVICE_KEYS", "")
    if file := environment.get("SERVICE_KEYS_FILE"):
        try:
            text += "," + Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"SERVICE_KEYS_FILE is {file}, which can't be read: {error}") from error
    allowed = Keys(key.strip() for key in re.split(r"[,\n]", text) if key.strip())
    if settings.environment(environment) == settings.PRODUCTION and not allowed:
        raise UserError(
            "in production the service needs keys: put them into the environment variable "
            "SERVICE_KEYS, or into a file that SERVICE_KEYS_FILE names"
        )
    return allowed


class Guard:
    """Lets through what may pass, in time, and records each request before it is answered."""

    def __init__(self, app: ASGIApp, service: Service, keys: Keys) -> None:
        self._app = app
        self._serving = service.serving
        self._keys = keys
        self._log = service.log
        self._metrics = service.metrics
        self._places = BoundedSemaphore(service.serving.at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send, self._serving.bytes, self._record)
        self._metrics.running(1)
        try:
            with structlog.contextvars.bound_contextvars(request=exchange.request):
                await self._handle(exchange)
        finally:
            self._metrics.running(-1)

    async def _handle(self, exchange: "Exchange") -> None:
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
            logger.exception("failed", path=exchange.path)  # it was answered with what `app` says

    def _record(self, exchange: "Exchange", status: int) -> ProblemError | None:
        """Count and log what is answered; the problem to answer in its place if that fails."""
        seconds = time.perf_counter() - exchange.started
        route = getattr(exchange.scope.get("route"), "path", "") or exchange.path
        self._metrics.request(route, status, seconds)
        if exchange.scope["method"] != "POST" or route not in POSTS:
            return None
        facts = {"route": route, "status": status, "rows": exchange.state.get("rows", 0)}
        logger.info("answered", **facts)
        try:
            self._log.request(
                request=exchange.request,
                **facts,
                seconds=round(seconds, 6),
                problems=exchange.state.get("problems", []),
            )
        except OSError as error:
            logger.warning("not_recorded", reason=str(error))
            return not_recorded(error) if status < HTTPStatus.BAD_REQUEST else None
        return None


Record = Callable[["Exchange", int], ProblemError | None]


class Exchange:
    """A request and its answer, as they pass through."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, most: int, record: Record
    ) -> None:
        self.scope = scope
        self.state: dict[str, Any] = scope.setdefault("state", {})
        self.headers = Headers(scope=scope)
        self.path: str = scope["path"]
        self.started = time.perf_counter()
        given = self.headers.get("x-request-id", "")
        self.request = given if SANE.fullmatch(given) else uuid.uuid4().hex
        self.state["request"] = self.request
        self.reading = False
        self._receive, self._send = receive, send
        self._most, self._came = most, 0
        self._record = record
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
            problem = self._record(self, message["status"])
            if problem:
                self._replaced = True
                await self._answer(problem)
                return
            MutableHeaders(scope=message)["X-Request-ID"] = self.request
        await self._send(message)

    async def refuse(self, problem: ProblemError) -> None:
        """Answer with a problem, unless another answer has begun."""
        if not self._begun:
            self.state["problems"] = problem.logged()
            self._begun = True
            self._record(self, problem.status)
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
