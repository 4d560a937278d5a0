"""The routes of the service, and the page that describes them as OpenAPI has it."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from typing import Any

import dataframely as dy
from fastapi import FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import TracerProvider
from polars.exceptions import PanicException
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import models_json_schema
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Lifespan

from keel.serving.examples.rows import annotation, model
from keel.serving.guard import Guard, Keys
from keel.serving.log import key
from keel.serving.problems import MEDIA_TYPE, ProblemError, WrongField
from keel.serving.service import Service

GONE = ProblemError(400, "the client went away before its answer")
JSON, UTF_8, IDENTITY = "application/json", "utf-8", "identity"
READ_AS_IT_IS = (UTF_8, "utf8", "us-ascii", "ascii")  # charsets whose bytes are those of UTF-8
QUIET = ("/health", "/ready", "/metrics")
REFUSED = {
    "400": "The body is no JSON.",
    "401": "A key of the service is missing.",
    "408": "Sending the request took too long.",
    "413": "The body is too long.",
    "415": "The body is not sent as JSON in UTF-8.",
    "422": "No row is as asked for or, with all_or_nothing, one is not; wrong fields are named.",
    "503": "Too many requests at once, too slow, or it can't be recorded: come again.",
}
Work = Callable[[bytes, dict[str, Any]], dict[str, Any]]


class Problem(BaseModel):
    """Why there is no other answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    problems: list[WrongField] = []


class RefusedRow(BaseModel):
    """A row of several that has no prediction."""

    problem: WrongField


class Recorded(BaseModel):
    """How many labels were written down."""

    recorded: int
    request: str


@dataclass(frozen=True)
class Post:
    """A route that takes a body: what it is for, what it does, takes and gives."""

    summary: str
    work: Work
    takes: type[BaseModel]
    gives: type[BaseModel]
    example: Any = None


def application(
    service: Service,
    about: Mapping[str, str],
    keys: Keys = (),
    *,
    threads: int = 2,
    tracers: TracerProvider | None = None,
    lifespan: Lifespan[FastAPI] | None = None,
) -> ASGIApp:
    """The service of the project `about` (`name`, `purpose`), behind its guard.

    What takes long is done in so many threads of its own.
    """
    app = FastAPI(
        title=about["name"],
        description=about["purpose"],
        version=service.used.version,
        docs_url=None if keys else "/docs",  # its scripts come from another server
        redoc_url=None,
        telemetry=_traced(tracers),
        lifespan=lifespan,
        exception_handlers=dict.fromkeys((ProblemError, HTTPException, Exception), _refuse),
    )
    pool = ThreadPoolExecutor(threads, "predict")
    posts = _posts(service)
    for path, post in posts.items():
        app.add_api_route(path, _in_thread(post.work, pool), methods=["POST"], name=path)
    gets: dict[str, Callable[[], Response]] = {
        "/health": lambda: _json({"status": "runs"}),
        "/ready": lambda: _json(service.ready()),
        "/version": lambda: _json(service.version()),
        "/metrics": lambda: Response(service.figures(), media_type=CONTENT_TYPE_PLAIN_0_0_4),
    }
    for path, answer in gets.items():
        kind = PlainTextResponse if path == "/metrics" else JSONResponse
        app.add_api_route(path, answer, methods=["GET"], name=path, response_class=kind)
        app.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)
    _describe(app.openapi(), posts, secured=bool(keys))
    return Guard(app, service, keys)


def _posts(service: Service) -> dict[str, Post]:
    project = service.project
    columns = {name: project.examples.columns()[name] for name in key(project, personal=True)}
    about: dict[str, Any] = {
        "request": (str, Field(description="the request's X-Request-ID")),
        "model": (str, Field(description="the start of the hash of the model's file")),
        "stale": (list[str], Field(description="lookups that are older than they should be")),
    }
    answer: dict[str, Any] = {
        "key": (model("Key", columns), Field(description="of the example that was made")),
        **_predicted(service),
        "unseen": (list[str], Field(description="features whose category training did not see")),
    }
    if service.measured:
        nothing = f"nothing that is measured is known: {', '.join(service.measured)}"
        answer["unmeasured"] = (bool, Field(description=nothing))
    predicted: Any = create_model("PredictedRow", **answer)
    answers: dict[str, Any] = {"predictions": (list[predicted | RefusedRow], ...)}
    row = service.example()
    return {
        "/predict": Post(
            "The prediction for a row.",
            service.predict_one,
            service.rows.model,
            create_model("Answer", **answer, **about),
            row,
        ),
        "/predict/batch": Post(
            "The same for many rows, in order; one that is wrong gets a problem in its place.",
            service.predict_many,
            service.rows.batch,
            create_model("Answers", **answers, **about),
            row and {"rows": [row]},
        ),
        "/labels": Post(
            "Say what came out later.", service.take_labels, service.labels.batch, Recorded
        ),
    }


def _predicted(service: Service) -> dict[str, Any]:
    """The fields of a prediction, with their types, ranges and what is predicted."""
    project, interval = service.project, service.used.passport.get("interval")
    task, column = project.task, project.examples.columns()[project.label]
    share = dy.Float64(min=0, max=1)
    about = Field(description=": ".join(filter(None, [project.label, column.description])))
    if task.classes:
        likeliest = annotation(dy.Enum(task.classes))
        shares = model("Probabilities", dict.fromkeys(task.classes, share))
        return {"prediction": (likeliest, about), task.field: (shares, ...)}
    fields: dict[str, Any] = {
        task.field: (annotation(share) if task.has_probabilities else float, about)
    }
    if interval:
        within = Field(description=f"has the truth in {interval['share']:.0%} of the rows")
        ends: Any = {"low": (float, ...), "high": (float, ...)}
        fields["interval"] = (create_model("Interval", **ends), within)
    return fields


def _describe(openapi: dict[str, Any], posts: Mapping[str, Post], *, secured: bool) -> None:
    """Have the description say what the service takes and gives, with ranges and units."""
    models: list[type[BaseModel]] = [
        Problem,
        *(side for post in posts.values() for side in (post.takes, post.gives)),
    ]
    names, shared = models_json_schema(
        [(each, "validation") for each in models], ref_template="#/components/schemas/{model}"
    )
    refused = _content(MEDIA_TYPE, names[Problem, "validation"])
    openapi["components"] = {"schemas": shared["$defs"]}
    for path, post in posts.items():
        takes = _content(JSON, names[post.takes, "validation"], post.example)
        gives = _content(JSON, names[post.gives, "validation"])
        openapi["paths"][path]["post"] |= {
            "summary": post.summary,
            "requestBody": {"required": True} | takes,
            "responses": {
                "200": {"description": post.summary} | gives,
                **{status: {"description": why} | refused for status, why in REFUSED.items()},
            },
        }
    openapi["paths"]["/ready"]["get"]["responses"]["503"] = {"description": "not yet"} | refused
    if secured:
        openapi["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        openapi["security"] = [{"bearer": []}, {"header": []}]


def _content(media_type: str, schema: Any, example: Any = None) -> dict[str, Any]:
    shown = {"example": example} if example else {}
    return {"content": {media_type: {"schema": schema} | shown}}


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
        submitted = pool.submit(contextvars.copy_context().run, _done, work, body, state)
        answer, gone = asyncio.wrap_future(submitted), asyncio.ensure_future(request.receive())
        either: list[asyncio.Future[Any]] = [answer, gone]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise GONE
            return _json(answer.result())
        finally:
            state["cancelled"] = True  # what runs looks here; what waits does not begin
            answer.cancel()
            gone.cancel()

    return endpoint


def _done(work: Work, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
    try:
        return work(body, state)
    except PanicException as error:  # Polars', which is no `Exception`: nothing would answer
        raise RuntimeError(str(error)) from error


async def _refuse(request: Request, error: Exception) -> Response:
    problem = _problem(error)
    request.scope["state"]["problems"] = problem.logged()
    return problem.response()


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, HTTPException):
        return ProblemError(error.status_code, str(error.detail), headers=error.headers)
    return ProblemError(500, "the service failed; its log says why")


def _check_media_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    about = Message()
    about["content-type"] = given
    charset = about.get_content_charset(UTF_8).replace("_", "-")
    if not given or about.get_content_type() != JSON or charset not in READ_AS_IT_IS:
        raise ProblemError(
            415,
            f"Content-Type is {given[:100] or 'missing'}: it has to be {JSON}, in {UTF_8}",
            headers={"Accept-Post": JSON},
        )
    encoding = request.headers.get("content-encoding", IDENTITY).lower()
    if encoding != IDENTITY:
        raise ProblemError(
            415,
            f"Content-Encoding is {encoding[:100]}: send the body as it is",
            headers={"Accept-Encoding": IDENTITY},
        )


def _json(content: Any) -> Response:
    body = to_json(content, inf_nan_mode="null", timedelta_mode="float")
    return Response(body, media_type=JSON)
