"""Where spans go: a file beside the other results, or a collector that understands OTLP.

The standard variables of OpenTelemetry say which, and how much: OTEL_EXPORTER_OTLP_ENDPOINT,
OTEL_TRACES_SAMPLER, OTEL_SDK_DISABLED, OTEL_SERVICE_NAME.
"""

import fcntl
import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from opentelemetry import context
from opentelemetry.sdk.environment_variables import OTEL_TRACES_SAMPLER
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from keel.project.errors import UserError
from keel.show.traceparent import COLLECTOR, Ids

OTLP = "opentelemetry.exporter.otlp.proto.http.trace_exporter"  # installed where it is wanted
LARGEST = 20_000_000  # bytes; then the file is put aside, in the place of the one before


@contextmanager
def provider(
    file: Path,
    parent: str = "",
    ids: Ids | None = None,
    service: str = "keel",
    share: float = 1.0,
) -> Iterator[TracerProvider]:
    """What makes tracers; all spans that those started are written at the end at the latest.

    `parent` is the header `traceparent` of the span above; `ids` are those of the one to start.
    Of traces that begin here a `share` is recorded, unless OTEL_TRACES_SAMPLER says which.
    """
    name = os.environ.get("OTEL_SERVICE_NAME", service)
    by_us = OTEL_TRACES_SAMPLER not in os.environ
    made = TracerProvider(
        sampler=ParentBasedTraceIdRatio(share) if by_us else None,
        resource=Resource.create({"service.name": name}),
        id_generator=Given(ids) if ids else None,
        shutdown_on_exit=False,
    )
    made.add_span_processor(BatchSpanProcessor(_exporter(file)))
    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": parent}))
    try:
        yield made
    finally:
        context.detach(token)
        made.shutdown()


def _exporter(file: Path) -> SpanExporter:
    """Raises UserError if a collector is named and what speaks with it is not installed."""
    named = next((name for name in COLLECTOR if os.environ.get(name)), None)
    if named is None:
        return File(file)
    try:
        otlp = importlib.import_module(OTLP)
    except ImportError as error:
        raise UserError(
            f"{named} is set, and what sends spans there is not installed: `uv add 'keel-ml[otlp]'`"
        ) from error
    return cast("SpanExporter", otlp.OTLPSpanExporter())


class Given(IdGenerator):
    """Ids that another process has written down already."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def generate_trace_id(self) -> int:
        return int(self._ids.trace, 16)

    def generate_span_id(self) -> int:
        return int(self._ids.span, 16)


class File(SpanExporter):
    """Appends spans to a file, one JSON object a line; of an earlier file one is kept.

    Several processes may: who puts the file aside holds it alone.
    """

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path = path
        self._largest = largest

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = "".join(span.to_json(indent=None) + "\n" for span in spans)
        try:
            self._append(lines)
        except OSError:  # a full disk stops no work
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _append(self, lines: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if file.tell() and file.tell() + len(lines) > self._largest:
                self._put_aside(os.fstat(file.fileno()))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(lines)

    def _put_aside(self, full: os.stat_result) -> None:
        """Move the full file away, unless another process did while this one waited for it."""
        if os.path.samestat(full, self._path.stat()):
            self._path.replace(self._path.with_suffix(".old.jsonl"))
