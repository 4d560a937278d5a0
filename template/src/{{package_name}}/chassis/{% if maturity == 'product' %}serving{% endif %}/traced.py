# Keel keeps this file up to date.
"""A span for each request, as part of the trace that a caller began."""

from typing import Any

from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import tracing

QUIET = ("/health", "/ready", "/metrics")  # asked every few seconds: they would bury the rest


class Traced:
    """Wraps an application. The header `traceparent` (W3C) names the caller's span."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tracer = tracing.current()
        if tracer is None or scope["type"] != "http" or scope["path"] in QUIET:
            await self._app(scope, receive, send)
            return
        with tracer.start_as_current_span(
            scope["method"], context=_caller(scope), kind=SpanKind.SERVER
        ) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _describe(span, scope, message["status"])
                await send(message)

            await self._app(scope, receive, watched)


def _caller(scope: Scope) -> Any:
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in (b"traceparent", b"tracestate")
    }
    return TraceContextTextMapPropagator().extract(headers)


def _describe(span: Span, scope: Scope, status: int) -> None:
    """Attributes by OpenTelemetry's conventions for HTTP; the route is known when it answers."""
    span.set_attribute("http.request.method", scope["method"])
    span.set_attribute("http.response.status_code", status)
    if route := getattr(scope.get("route"), "path", None):
        span.set_attribute("http.route", route)
        span.update_name(f"{scope['method']} {route}")
    if status >= 500:
        span.set_status(StatusCode.ERROR)
