"""What stands before the service: keys, limits, and the log of who asked and what became of it."""

import asyncio
import hmac
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
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
PACE, LONGEST = 0.02, 2.0  # seconds from one refusal to the next, and that one waits for it
NO_KEY = ProblemError(
    401,
    "this needs a key of the service: `Authorization: Bearer …` or `X-API-Key: …`",
    headers={"WWW-Authenticate": "Bearer"},
)
BUSY = ProblemError(
    503, "more requests came at once than serving.at_once allows: come again", headers=AGAIN
)
GONE = ProblemError(400, "the client went away before all of the request was there")

Keys = Sequence[bytes]  # that open the service; without any it is open to all

logger = structlog.get_logger()


def fits(keys: Keys, headers: Headers) -> bool:
    """Whether a request has one of the keys. It takes as long, whichever and however wrong."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    same = [hmac.compare_digest(given.encode("latin-1"), key) for key in keys]
    return any(same)


def keys(environment: Mapping[str, str]) -> Keys:
    """The keys in SERVICE_KEYS, or in the file that SERVICE_KEYS_FILE names, by lines or commas.

    Raises UserError if one could be guessed, or there are none in production.
    """
    text = environment.get("SERVICE_KEYS", "")
    if file := environment.get("SERVICE_KEYS_FILE"):
        try:
            text += "," + Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"SERVICE_KEYS_FILE is {file}, which can't be read: {error}") from error
    allowed = [key.strip().encode() for key in re.split(r"[,\n]", text) if key.strip()]
    if any(len(key) < SHORTEST for key in allowed):
        raise UserError(
            f"a key of the service has fewer than {SHORTEST} characters, and could be guessed: "
            '`python -c "import secrets; print(secrets.token_urlsafe())"` makes a good one'
        )
    if settings.environment(environment) == settings.PRODUCTION and not allowed:
        raise UserError(
            "in production the service needs keys: put them into the environment variable "
            "SERVICE_KEYS, or into a file that SERVICE_KEYS_FILE names"
        )
    return allowed


class Places:
    """Room for requests: so many are worked on, and the bodies of as many may be on their way.

    To refuse takes work too, and clients that come again at once would leave none of it for those
    that are answered. So the more are refused, the longer each waits to hear of it.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._free = most
        self._bytes_free = most * most_bytes
        self._next = 0.0

    @property
    def any_free(self) -> bool:
        return self._free > 0

    def hold(self, size: int) -> bool:
        """Keep bytes of a body, or give them back if negative; whether there was room."""
        self._bytes_free -= size
        return self._bytes_free >= 0

    def take(self) -> bool:
        """Take a place; whether there is one."""
        taken = self.any_free
        self._free -= taken
        return taken

    def give_back(self) -> None:
        self._free += 1

    def pause(self) -> float:
        """The seconds after which to refuse the next one."""
        now = time.perf_counter()
        self._next = min(max(self._next + PACE, now), now + LONGEST)
        return self._next - now


class Guard:
    """Lets through what may pass, in time, and records each request before it is answered."""

    def __init__(self, app: ASGIApp, service: Service, keys: Keys) -> None:
        self._app = app
        self._service = service
        self._seconds = service.serving.seconds
        self._keys = keys
        self._places = Places(service.serving.at_once, service.serving.bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send, self._service, self._places)
        self._service.metrics.running(1)
        try:
            with structlog.contextvars.bound_contextvars(**exchange.ids):
                await self._handle(exchange)
        finally:
            exchange.end()
            self._service.metrics.running(-1)

    async def _handle(self, exchange: "Exchange") -> None:
        if self._keys and exchange.path not in OPEN and not fits(self._keys, exchange.headers):
            await exchange.refuse(NO_KEY)
        elif exchange.needs_place and not self._places.any_free:
            await exchange.refuse(BUSY, self._places.pause())
        else:
            await self._in_time(exchange)

    async def _in_time(self, exchange: "Exchange") -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._app(exchange.scope, exchange.receive, exchange.send)
        except TimeoutError:
            late = f"took longer than {self._seconds:g} seconds, serving.seconds"
            slow, busy = (408, f"sending the request {late}"), (503, f"the answer {late}")
            await exchange.refuse(
                ProblemError(*slow, headers={"Connection": "close"})
                if exchange.reading
                else ProblemError(*busy, headers=AGAIN)
            )
        except Exception:
            logger.exception("failed", path=exchange.path)  # it was answered with what `app` says


class Exchange:
    """A request and its answer, as they pass through."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, service: Service, places: Places
    ) -> None:
        self.scope = scope
        self.state: dict[str, Any] = scope.setdefault("state", {})
        self.headers = Headers(scope=scope)
        self.path: str = scope["path"]
        self.needs_place = scope["method"] == "POST"
        given = self.headers.get("x-request-id", "")
        own = uuid.uuid4().hex
        self.request = given if SANE.fullmatch(given) else own
        self.ids = {"request": self.request}
        if self.request != own:  # a client may use an id again, so that each has one of our own too
            self.ids["exchange"] = own
        self.state |= self.ids
        scope["query_string"] = b""  # no route asks for one, and a trace would keep it
        self.reading = False
        self._receive, self._send = receive, send
        self._service, self._places = service, places
        self._started = service.timer()
        self._came = 0
        self._begun = self._replaced = self._placed = False

    async def receive(self) -> Message:
        """The next part of the body; with the last one it takes a place.

        Raises ProblemError if the body gets too long, there is no place, or the client went away.
        """
        most = self._service.serving.bytes
        length = self.headers.get("content-length", "")
        if length.isdigit() and len(length) < 20 and int(length) > most:
            raise _too_long(most)
        self.reading = not self._placed  # then it is asked whether the client is still there
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._placed:
            raise GONE
        size = len(message.get("body", b""))
        self._came += size
        if self._came > most:
            raise _too_long(most)
        if not self._places.hold(size):
            raise BUSY
        self.reading = bool(message.get("more_body"))
        if self.needs_place and not self.reading and not self._placed:
            self._placed = self._places.take()
            if not self._placed:
                raise BUSY
        return message

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            self._begun = True
            problem = self._record(message["status"])
            if problem:
                self._replaced = True
                await self._answer(problem)
                return
            self._add_headers(MutableHeaders(scope=message))
        await self._send(message)

    async def refuse(self, problem: ProblemError, pause: float = 0) -> None:
        """Answer with a problem, after some seconds, unless another answer has begun."""
        if not self._begun:
            self.state["problems"] = problem.logged()
            self._begun = True
            self._record(problem.status)
            await asyncio.sleep(pause)
            await self._answer(problem)

    def end(self) -> None:
        """Give back what it took."""
        self._places.hold(-self._came)
        if self._placed:
            self._places.give_back()

    async def _answer(self, problem: ProblemError) -> None:
        response = problem.response()
        self._add_headers(response.headers)
        await response(self.scope, self._receive, self._send)

    def _add_headers(self, headers: MutableHeaders) -> None:
        headers["X-Request-ID"] = self.request
        if self._service.stopping:
            headers["Connection"] = "close"

    def _record(self, status: int) -> ProblemError | None:
        """Count and log what is answered; the problem to answer in its place if that fails."""
        seconds = self._service.timer() - self._started
        route = getattr(self.scope.get("route"), "path", "") or self.path
        self._service.metrics.request(route, status, seconds)
        if self.scope["method"] != "POST" or route not in POSTS:
            return None
        facts = {"route": route, "status": status, "rows": self.state.get("rows", 0)}
        logger.info("answered", **facts)
        try:
            self._service.log.request(
                **self.ids,
                **facts,
                seconds=round(seconds, 6),
                problems=self.state.get("problems", []),
            )
        except OSError as error:
            logger.warning("not_recorded", reason=str(error))
            return not_recorded(error) if status < HTTPStatus.BAD_REQUEST else None
        return None


def _too_long(most: int) -> ProblemError:
    return ProblemError(
        413, f"the body has more than {most:,} bytes, serving.bytes: send fewer rows"
    )
