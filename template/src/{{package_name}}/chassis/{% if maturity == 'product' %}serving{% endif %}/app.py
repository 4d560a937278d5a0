# Keel keeps this file up to date.
"""The routes of the service, and the page that describes them."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from .problems import ProblemError
from .service import Service
from .telemetry import Metrics

JSON = "application/json"
Work = Callable[[bytes, dict[str, Any]], dict[str, Any]]


def application(service: Service, title: str, threads: int) -> FastAPI:
    """The routes. Work that takes long is done in so many threads of its own."""
    app = FastAPI(
        title=title,
        version=service.used.version,
        docs_url=None,
        redoc_url=None,
        telemetry={"metrics": False, "logs": False},
        exception_handlers=dict.fromkeys((ProblemError, HTTPException, Exception), _refuse),
    )
    pool = ThreadPoolExecutor(threads, "predict")
    posts: dict[str, tuple[Work, type[BaseModel]]] = {
        "/predict": (service.predict_one, service.rows.model),
        "/predict/batch": (service.predict_many, service.rows.batch),
        "/labels": (service.take_labels, service.labels.batch),
    }
    for path, (work, wanted) in posts.items():
        app.add_api_route(
            path, _in_thread(work, pool), methods=["POST"], openapi_extra=_asks_for(wanted)
        )
    gets: dict[str, Callable[[], Response]] = {
        "/health": lambda: _json({"status": "runs"}),
        "/ready": lambda: _json(service.ready()),
        "/version": lambda: _json(service.version()),
        "/metrics": lambda: _figures(service.metrics),
    }
    for path, answer in gets.items():
        app.add_api_route(path, answer, methods=["GET"])
    return app


def _in_thread(work: Work, pool: ThreadPoolExecutor) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        _check_media_type(request)
        body = await request.body()
        state = request.scope["state"]
        state["work"] = pool.submit(contextvars.copy_context().run, work, body, state)
        return _json(await asyncio.wrap_future(state["work"]))

    return endpoint


def _asks_for(wanted: type[BaseModel]) -> dict[str, Any]:
    schema = wanted.model_json_schema()
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


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


def _figures(metrics: Metrics) -> Response:
    content, media_type = metrics.expose()
    return Response(content, media_type=media_type)
