# Keel keeps this file up to date.
"""Spans: what took how long, as OpenTelemetry has them.

A proof of concept has no OpenTelemetry; there, and wherever nobody records, a span costs nothing.
"""

import importlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol


class Tracer(Protocol):
    """What starts spans."""

    def start_as_current_span(
        self, name: str, *, attributes: dict[str, Any]
    ) -> AbstractContextManager[object]: ...


_tracers: list[Tracer] = []  # the one in use is the last


def span(name: str, **attributes: str | float | bool) -> AbstractContextManager[object]:
    """Record what runs within as a span, with its errors, if somebody records."""
    if not _tracers:
        return nullcontext()
    return _tracers[-1].start_as_current_span(name, attributes=attributes)


@contextmanager
def recording(file: Path, parent: str | None = None) -> Iterator[None]:
    """Record the spans of what runs within, in a file or at the collector that is named.

    `parent` is the span that they belong to, as the header `traceparent` writes it (W3C).
    """
    if not (Path(__file__).parent / "serving").is_dir():
        yield  # a proof of concept
        return
    spans = importlib.import_module(".serving.spans", __package__)
    with spans.tracer(file, parent) as tracer:
        _tracers.append(tracer)
        try:
            yield
        finally:
            _tracers.remove(tracer)
