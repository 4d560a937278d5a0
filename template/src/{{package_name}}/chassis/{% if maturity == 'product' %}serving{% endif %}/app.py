# Keel keeps this file up to date.
"""The routes of the service, and the page that describes them."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import polars as pl
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from ...examples import LABEL, Examples
from ...tables import TABLES
from ..errors import UserError
from ..predictor import InUse
from ..store import Store
from .guard import not_recorded
from .log import Log, key
from .lookups import Lookups
from .problems import ProblemError, Wrong
from .rows import Rows, asked
from .scoring import Answers, Scorer
from .settings import Serving
from .telemetry import Metrics

JSON = "application/json"
Work = Callable[[bytes, dict[str, Any]], dict[str, Any]]


class Service:
    """What the routes call; all of it may be called from several threads."""

    def __init__(self, store: Store, serving: Serving, used: InUse, metrics: Metrics) -> None:
        """Raises UserError if a lookup is missing, or a setting names what is not there."""
        self.table = serving.table or next(iter(TABLES))
        if self.table not in TABLES:
            raise UserError(f"serving.table is {self.table!r}: the tables are {', '.join(TABLES)}")
        self.store = store
        self.used = used
        self.metrics = metrics
        self.rows = Rows(TABLES[self.table], asked(TABLES[self.table]), serving.rows)
        self.labels = Rows(Examples, [*key(personal=False), LABEL], serving.rows)
        self.lookups = Lookups(store, self.table, serving.oldest_lookup)
        self.log = Log(store.root, serving.keep_days)
        self.log.forget()
        self._scorer = Scorer(used.predictor, self.table)
        passport = used.passport
        metrics.model(
            used.version,
            datetime.fromisoformat(passport["trained_at"]),
            passport["training"]["share_positive"],
        )
        for table, written in self.lookups.written().items():
            metrics.lookup(table, written)

    def predict_one(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """The answer to a row. Raises ProblemError if there is none."""
        rows = self.rows.read_one(body)
        state["rows"] = 1
        (answer,) = self._predict(rows, state)
        if wrong := answer.get("wrong"):
            raise ProblemError(422, f"{wrong.field} {wrong.reason}".strip(), [wrong])
        return answer | self._about(state)

    def predict_many(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """The answers to rows, in their order; a row that has none gets a problem."""
        rows = self.rows.read_many(body)
        state["rows"] = len(rows)
        answers = self._predict(rows, state)
        for answer in answers:
            if wrong := answer.pop("wrong", None):
                answer["problem"] = wrong.as_json()
        return {"predictions": answers} | self._about(state)

    def take_labels(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """Write down what came out."""
        rows = self.labels.read_many(body)
        state["rows"] = len(rows)
        try:
            self.log.labels(rows)
        except OSError as error:
            raise not_recorded(error) from error
        return {"recorded": len(rows), "request": state["request"]}

    def ready(self) -> dict[str, str]:
        """Raises ProblemError if a lookup is too old, or can't be read."""
        self.lookups.tables()
        if stale := self.lookups.stale():
            wrong = [Wrong(table, reason) for table, reason in stale.items()]
            raise ProblemError(503, "; ".join(stale.values()), wrong)
        return {"status": "ready", "model": self.used.version}

    def version(self) -> dict[str, Any]:
        """The passport of the model, and its scores where it is the one that was judged last."""
        report = self.store.report("metrics.json")
        judged = not (self.store.root / "champion.dvc").is_file() and report.is_file()
        scores = {"metrics": self.store.read_json(report)} if judged else {}
        return {"model": self.used.version, **self.used.passport, **scores}

    def _predict(self, rows: pl.DataFrame, state: dict[str, Any]) -> list[dict[str, Any]]:
        found = self._scorer.answer(rows, self.lookups.tables())
        state["problems"] = [
            {"field": wrong.field, "reason": wrong.reason} for wrong in found.wrong.values()
        ]
        answers: list[dict[str, Any]] = [
            {"row": row, "probability": probability, "unseen": unseen}
            for row, probability, unseen in zip(
                found.rows, found.probability, found.unseen, strict=True
            )
        ]
        try:
            if answers:
                self.log.predictions(state["request"], self.used.version, answers, found.examples)
        except OSError as error:
            raise not_recorded(error) from error
        self._count(found)
        keys = found.examples.select(*key(personal=True)).iter_rows(named=True)
        by_row: dict[int, dict[str, Any]] = {
            row: {"wrong": wrong} for row, wrong in found.wrong.items()
        }
        for answer, own in zip(answers, keys, strict=True):
            row = answer.pop("row")
            by_row[row] = {"key": own, **answer}
        return [by_row[row] for row in range(len(rows))]

    def _count(self, found: Answers) -> None:
        unseen = dict.fromkeys(self.used.predictor.known, 0)
        for names in found.unseen:
            for name in names:
                unseen[name] += 1
        missing = {column.name: column.null_count() for column in found.examples}
        self.metrics.predictions(pl.Series(found.probability, dtype=pl.Float64), missing, unseen)

    def _about(self, state: dict[str, Any]) -> dict[str, Any]:
        return {
            "request": state["request"],
            "model": self.used.version,
            "stale": list(self.lookups.stale()),
        }


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
