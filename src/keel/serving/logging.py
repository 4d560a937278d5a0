"""What the service says while it runs: lines of JSON for machines, colours at a terminal.

An event names the request and the trace that it belongs to. Never put values of a request in one:
they may be personal.
"""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger


def set_up_logging(stream: TextIO = sys.stderr) -> None:
    """Send all events there, also those of libraries that use Python's own logging.

    uvicorn's are among them if it is started with `log_config=None`.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        trace_ids,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    after = _for_people() if stream.isatty() else _for_machines()
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", Lossy(stream))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=[remove, *after])
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


class Lossy:
    """A stream whose disk may be full, or whose reader may be gone: no request fails of that."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def trace_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The ids of the span that the event happened in, as collectors write them."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = trace.format_trace_id(span.trace_id)
        event["span_id"] = trace.format_span_id(span.span_id)
    return event


def _for_people() -> list[Processor]:
    plain = structlog.dev.plain_traceback  # another one would show the values of variables
    return [structlog.dev.ConsoleRenderer(exception_formatter=plain)]


def _for_machines() -> list[Processor]:
    transform = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(transform),
        structlog.processors.JSONRenderer(),
    ]
