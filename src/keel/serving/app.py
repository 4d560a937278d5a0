"""The routes of the service, and the page that describes them."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import TracerProvider
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse

from keel.serving.describe import JSON, describe
from keel.serving.problems import ProblemError
from keel.serving.service import Service

QUIET = ("/health", "/ready", "/metrics")
Work = Callable[[bytes, dict[str, Any]], dict[str, Any]]


def application(
    service: Service,
    about: Mapping[str, str],
    threads: int,
    *,
    secured: bool = False,
    tracers: TracerProvider | None = None,
) -> FastAPI:
    """The routes, of the project `about`. What takes long is done in so many threads of its own."""
    app = FastAPI(
        title=about["name"],
        description=about["purpose"],
        version=service.used.version,
        docs_url=None if secured else "/docs",  # its scripts come from another server
        redoc_url=None,
        telemetry=_traced(tracers),
        exception_handlers=dict.fromkeys((ProblemError, HTTPException, Exception), _refuse),
    )
    pool = ThreadPoolExecutor(threads, "predict")
    posts: dict[str, Work] = {
        "/predict": service.predict_one,
        "/predict/batch": service.predict_many,
        "/labels": service.take_labels,
    }
    for path, work in posts.items():
        app.add_api_route(path, _in_thread(work, pool), methods=["POST"], name=path)
    gets: dict[str, Callable[[], Response]] = {
        "/health": lambda: _json({"status": "runs"}),
        "/ready": lambda: _json(service.ready()),
        "/version": lambda: _json(service.version()),
        "/metrics": lambda: _figures(service.figures()),
    }
    for path, answer in gets.items():
        kind = PlainTextResponse if path == "/metrics" else JSONResponse
        app.add_api_route(path, answer, methods=["GET"], name=path, response_class=kind)
    describe(app, service, secured=secured)
    return app


def _traced(tracers: TracerProvider | None) -> TelemetryConfig:
    """A span for each request but those that come every few seconds and would bury the rest."""
    return {
        "tracing": tracers is not None,
        "tracer_provider": tracers,
        "operation_spans": False,
        "exclude": lambda scope: scope["path"] in QUIET,
        "metrics": False,  # `Metrics` has them
        "logs": False,
    }


def _in_thread(work: Work, pool: ThreadPoolExecutor) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        _check_media_type(request)
        body = await request.body()
        state = request.scope["state"]
        state["work"] = pool.submit(contextvars.copy_context().run, work, body, state)
        return _json(await asyncio.wrap_future(state["work"]))

    return endpoint


async def _refuse(request: Request, error: Exception) -> Response:
    problem = _problem(error)
    request.scope["state"]["problems"] = [
        {"field": one.field, "reason": one.reason} for one in problem.wrong
    ] or [{"field": "", "reason": problem.detail}]
    return problem.response()


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, HTTPException):
        return ProblemError(error.status_code, str(error.detail), headers=error.headers)
    return ProblemError(500, "the service failed; its log says why")


def _check_media_type(request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != JSON:
        raise ProblemError(
            415,
            f"Content-Type is {given[:100] or 'missing'}: it has to be {JSON}",
            headers={"Accept-Post": JSON},
        )


def _json(content: Any) -> Response:
    body = to_json(content, inf_nan_mode="null", timedelta_mode="float")
    return Response(body, media_type=JSON)


def _figures(figures: tuple[bytes, str]) -> Response:
    content, media_type = figures
    return Response(content, media_type=media_type)
