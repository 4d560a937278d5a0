"""What is wrong with a request, as RFC 9457 has it: `application/problem+json`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

if TYPE_CHECKING:
    from starlette.responses import JSONResponse

MOST = 50  # problems that one answer names
MEDIA_TYPE = "application/problem+json"
LONG = 100  # characters of a value or name that it repeats


@dataclass(frozen=True)
class WrongField:
    """A field that is not as asked for."""

    field: str
    reason: str
    value: Any = None

    def as_json(self) -> dict[str, Any]:
        value = {} if self.value is None else {"value": _short(self.value)}
        return {"field": self.field, **value, "reason": self.reason}

    def logged(self) -> dict[str, str]:
        """The same without the value, which may be personal."""
        return {"field": self.field, "reason": self.reason}


class ProblemError(Exception):
    """Why there is no other answer than this."""

    def __init__(
        self,
        status: int,
        detail: str,
        wrong: Sequence[WrongField] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = int(status)
        self.detail = detail
        self.wrong = wrong[:MOST]
        self.headers = headers

    def logged(self) -> list[dict[str, str]]:
        """What the log says of it."""
        return [wrong.logged() for wrong in self.wrong or [WrongField("", self.detail)]]

    def response(self) -> "JSONResponse":
        from starlette.responses import JSONResponse  # a proof of concept scores files without it

        problems = {"problems": [wrong.as_json() for wrong in self.wrong]} if self.wrong else {}
        content = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **problems,
        }
        return JSONResponse(content, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def refused(
    wrong: Sequence[WrongField], whole: str = "the row", count: int | None = None
) -> ProblemError:
    """The problem of rows that are not as asked for, with the first of `count` in a sentence."""
    count = len(wrong) if count is None else count
    more = f", and {count - 1} more" if count > 1 else ""
    detail = f"{wrong[0].field or whole} {wrong[0].reason}{more}".strip()
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, wrong)


def unreadable(error: ValidationError, fields: Sequence[str]) -> ProblemError:
    """The problem of a body that is not as asked for; `fields` are those that there are."""
    errors = error.errors(include_url=False, include_context=False)
    if errors[0]["type"] == "json_invalid":
        cure = "send JSON, as the example in /docs or /openapi.json"
        return ProblemError(HTTPStatus.BAD_REQUEST, f"{cure}: {errors[0]['msg']}")
    errors.sort(key=lambda part: part["type"] != "extra_forbidden")  # it tells which keys there are
    wrong = [_wrong(part, fields) for part in errors[:MOST]]
    return refused(wrong, "the body", len(errors))


def not_recorded(error: OSError) -> ProblemError:
    """What is answered when a prediction or a label can't be written down."""
    reason = error.strerror or str(error)
    return ProblemError(503, f"this can't be recorded, and so not answered: {reason}")


def _wrong(error: Any, fields: Sequence[str]) -> WrongField:
    field = ".".join(str(part) for part in error["loc"])[:LONG]
    if error["type"] == "missing":
        return WrongField(field, "is missing")
    if error["type"] == "extra_forbidden":
        return WrongField(field, f"is not known here: the keys are {', '.join(fields)}")
    reason = error["msg"].replace("Value error, ", "").replace("Input ", "")
    return WrongField(field, reason[0].lower() + reason[1:], error["input"])


def _short(value: Any) -> Any:
    """The value if it is short and JSON can hold it, else the start of its text."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = str(value)
    return text if len(text) <= LONG else f"{text[:LONG]}…"
