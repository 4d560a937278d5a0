"""What is wrong with a request, as RFC 9457 has it: `application/problem+json`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse

MOST = 50  # problems that one answer names
MEDIA_TYPE = "application/problem+json"
LONG = 100  # characters of a value or name that it repeats


@dataclass(frozen=True)
class Wrong:
    """A field, its value where there is one, and what is wrong or allowed."""

    field: str
    reason: str
    value: Any = None

    def as_json(self) -> dict[str, Any]:
        value = {} if self.value is None else {"value": _short(self.value)}
        return {"field": self.field, **value, "reason": self.reason}


class ProblemError(Exception):
    """Why there is no other answer than this."""

    def __init__(
        self,
        status: int,
        detail: str,
        wrong: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = int(status)
        self.detail = detail
        self.wrong = wrong[:MOST]
        self.headers = headers

    def as_json(self) -> dict[str, Any]:
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **({"problems": [one.as_json() for one in self.wrong]} if self.wrong else {}),
        }

    def response(self) -> JSONResponse:
        return JSONResponse(
            self.as_json(),
            self.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


def unreadable(error: ValidationError, fields: Sequence[str]) -> ProblemError:
    """The problem of a body that is not as asked for; `fields` are those that there are."""
    found = error.errors(include_url=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        return ProblemError(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {found[0]['msg']}")
    wrong = [_wrong(one, fields) for one in found[:MOST]]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    detail = f"{wrong[0].field or 'the body'} {wrong[0].reason}{more}"
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, wrong)


def not_recorded(error: OSError) -> ProblemError:
    """What is answered when a prediction or a label can't be written down."""
    reason = error.strerror or str(error)
    return ProblemError(503, f"this can't be recorded, and so not answered: {reason}")


def _wrong(found: Any, fields: Sequence[str]) -> Wrong:
    field = ".".join(str(part) for part in found["loc"])[:LONG]
    if found["type"] == "missing":
        return Wrong(field, "is missing")
    if found["type"] == "extra_forbidden":
        return Wrong(field, f"is not known here: there is {', '.join(fields)}")
    reason = found["msg"].replace("Value error, ", "").replace("Input ", "")
    return Wrong(field, reason[0].lower() + reason[1:], found["input"])


def _short(value: Any) -> Any:
    """The value if it is short and JSON can hold it, else the start of its text."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = str(value)
    return text if len(text) <= LONG else f"{text[:LONG]}…"
