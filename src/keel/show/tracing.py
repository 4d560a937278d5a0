"""Spans: what took how long, as OpenTelemetry has them.

A proof of concept has no OpenTelemetry; there, and wherever nobody records, a span costs nothing.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keel.show.traceparent import COLLECTOR, VARIABLE, Ids

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

PIPELINE = Path("reports/traces.jsonl")


_tracers: list["Tracer"] = []  # the one in use is the last


def current() -> "Tracer | None":
    """What records, if anybody does."""
    return _tracers[-1] if _tracers else None


def span(name: str, **attributes: str | float | bool) -> AbstractContextManager[object]:
    """Record what runs within as a span, with its errors, if somebody records."""
    tracer = current()
    return tracer.start_as_current_span(name, attributes=attributes) if tracer else nullcontext()


@contextmanager
def recording(
    file: Path,
    parent: str = "",
    ids: Ids | None = None,
    *,
    service: str = "keel",
    share: float = 1.0,
) -> Iterator[Any]:
    """Record the spans of what runs within, in a file or at the collector that is named.

    Yields OpenTelemetry's `TracerProvider`, for libraries that record too, or None without it.
    `parent` is the span that they belong to, as the header `traceparent` writes it (W3C); `service`
    is what records, where OTEL_SERVICE_NAME does not say it, and `share` how many of the traces.
    """
    try:
        from keel.show import spans
    except ImportError:
        yield None  # a proof of concept has no OpenTelemetry
        return
    with spans.provider(file, parent, ids, service, share) as provider:
        tracer = provider.get_tracer(__package__)
        _tracers.append(tracer)
        try:
            yield provider
        finally:
            _tracers.remove(tracer)


@contextmanager
def processes(name: str, file: Path, *, service: str = "keel") -> Iterator[None]:
    """One span for all the processes that are started within, and that record in the same file.

    If none of them recorded, there is none: then nothing was to do, and nothing may take time.
    """
    parent = os.environ.get(VARIABLE, "")
    above = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-.*", parent)
    ids = Ids(above[1] if above else os.urandom(16).hex(), os.urandom(8).hex())
    before, started = _size(file), time.time_ns()
    os.environ[VARIABLE] = str(ids)
    try:
        yield
    finally:
        os.environ[VARIABLE] = parent
        if _size(file) != before or any(map(os.environ.get, COLLECTOR)):
            _write(name, file, parent, ids, started, service)


def _write(name: str, file: Path, parent: str, ids: Ids, started: int, service: str) -> None:
    with recording(file, parent, ids, service=service):
        tracer = current()
        if tracer is None:
            return
        with tracer.start_as_current_span(name, start_time=started):
            pass


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0
