"""The description of the service as OpenAPI has it: what may be asked, and what is answered."""

from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import models_json_schema
from TEAM.examples import Examples

from keel.serving.log import key
from keel.serving.problems import MEDIA_TYPE
from keel.serving.rows import model
from keel.serving.service import Service

JSON = "application/json"
REFUSED = {
    "400": "The body is no JSON.",
    "401": "A key of the service is missing.",
    "408": "Sending the request took too long.",
    "413": "The body is too long.",
    "415": "The body is not sent as JSON.",
    "422": "The rows are not as asked for; each wrong field is named.",
    "503": "Too many requests at once, too slow, or it can't be recorded: come again.",
}


class WrongField(BaseModel):
    """A field that is not as asked for."""

    field: str
    reason: str
    value: Any = None


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


def describe(app: FastAPI, service: Service, *, secured: bool) -> None:
    """Have the app say what its service takes and gives, with ranges and units."""
    posts = _posts(service)
    models: list[type[BaseModel]] = [Problem]
    for _, takes, gives in posts.values():
        models += [takes, gives]
    names, shared = models_json_schema(
        [(one, "validation") for one in dict.fromkeys(models)],
        ref_template="#/components/schemas/{model}",
    )
    refused = _content(MEDIA_TYPE, names[Problem, "validation"])
    described = app.openapi()
    described["components"] = {"schemas": shared["$defs"]}
    row = service.example()
    examples = {"/predict": row, "/predict/batch": row and {"rows": [row]}}
    for path, (summary, takes, gives) in posts.items():
        example = examples.get(path)
        described["paths"][path]["post"] |= {
            "summary": summary,
            "requestBody": {"required": True} | _content(JSON, names[takes, "validation"], example),
            "responses": {
                "200": {"description": summary} | _content(JSON, names[gives, "validation"]),
                **{status: {"description": why} | refused for status, why in REFUSED.items()},
            },
        }
    described["paths"]["/ready"]["get"]["responses"]["503"] = {"description": "not yet"} | refused
    if secured:
        described["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        described["security"] = [{"bearer": []}, {"header": []}]


def _posts(service: Service) -> dict[str, tuple[str, type[BaseModel], type[BaseModel]]]:
    """What each route is for, what it takes and what it gives."""
    columns = {name: Examples.columns()[name] for name in key(personal=True)}
    about: dict[str, Any] = {
        "request": (str, Field(description="the request's X-Request-ID")),
        "model": (str, Field(description="the start of the hash of the model's file")),
        "stale": (list[str], Field(description="lookups that are older than they should be")),
    }
    answer: dict[str, Any] = {
        "key": (model("Key", columns), Field(description="of the example that was made")),
        "probability": (Annotated[float, Field(ge=0, le=1)], ...),
        "unseen": (list[str], Field(description="features whose category training did not see")),
    }
    row: Any = create_model("PredictedRow", **answer)
    rows: dict[str, Any] = {"predictions": (list[row | RefusedRow], ...)}
    one, many = create_model("Answer", **answer, **about), create_model("Answers", **rows, **about)
    return {
        "/predict": ("The prediction for a row.", service.rows.model, one),
        "/predict/batch": ("The same for many rows, in order.", service.rows.batch, many),
        "/labels": ("Say what came out later.", service.labels.batch, Recorded),
    }


def _content(media_type: str, schema: Any, example: Any = None) -> dict[str, Any]:
    shown = {"example": example} if example else {}
    return {"content": {media_type: {"schema": schema} | shown}}
