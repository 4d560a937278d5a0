"""The process that serves: its log, its port, and how it stops."""

import atexit
import gc
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Thread
from typing import TextIO

import structlog
import uvicorn
from opentelemetry import trace
from starlette.types import ASGIApp
from structlog.typing import EventDict, Processor, WrappedLogger
from uvicorn.config import STARTUP_FAILURE

from keel.data.store import Store
from keel.project.about import about, load, package
from keel.project.cpus import cpus
from keel.project.description import Project
from keel.project.errors import UserError, reason
from keel.serving import settings
from keel.serving.app import application
from keel.serving.guard import Keys, keys
from keel.serving.server import configured, draining, end_with_parent, run_workers
from keel.serving.service import Service
from keel.serving.settings import Serving
from keel.show.tracing import recording


def serve(
    store: Store,
    project: Project,
    environment: Mapping[str, str],
    serving: Serving,
    announce: Callable[[str], None],
) -> None:
    """Answer requests until it is stopped by a signal; those that it accepted are answered first.

    `announce` is called with a line that begins with the URL. Raises UserError if the model, a
    lookup or a setting is not right, or the port is taken.
    """
    allowed = keys(environment)
    _check_is_closed(serving.host, allowed)
    serving = serving.of_each_worker()
    with started(store, project, allowed, serving) as (app, service):
        server = uvicorn.Server(configured(app, serving))
        for number in (signal.SIGTERM, signal.SIGINT):
            # Also before it runs; and when all is answered, it raises the signal once more.
            signal.signal(number, server.handle_exit)
        listening = _listen(serving.host, serving.port)
        line = (
            f"{_url(listening)} answers with model {service.used.version}, trained at "
            f"{service.used.passport['trained_at']}; Ctrl-C stops it"
        )
        if serving.workers == 1:
            announce(line)
            server.run(sockets=[listening])
            return
    del app, service, server  # each worker has its own
    config = configured(partial(_again, store, allowed, serving), serving, factory=True)
    run_workers(config, listening, partial(announce, line))


@contextmanager
def started(
    store: Store, project: Project, allowed: Keys, serving: Serving
) -> Iterator[tuple[ASGIApp, Service]]:
    """The service of this process. Raises UserError as `Service` does."""
    root = store.repository
    set_up_logging(sys.stderr)
    file = store.root / "served/traces.jsonl"
    with recording(file, service=package(root), share=serving.traced) as tracers:
        service = Service(store, project, serving)
        for limit, value in settings.load(root).alerts:
            service.metrics.set("alert_limit", value, limit)
        threads = max(1, 2 * cpus() // serving.workers)  # more only wait for each other
        lifespan = partial(draining, service, tracers)
        app = application(
            service, about(root), allowed, threads=threads, tracers=tracers, lifespan=lifespan
        )
        gc.freeze()  # what was loaded stays: garbage is looked for among requests only
        yield app, service


def _again(store: Store, allowed: Keys, serving: Serving) -> ASGIApp:
    """The service in the process of a worker: models, lookups and threads can't be handed over."""
    process = ExitStack()  # it stays open until the process ends
    try:
        app, _ = process.enter_context(started(store, load(store.repository), allowed, serving))
    except UserError as error:
        structlog.get_logger().error("not_started", reason=str(error))
        sys.exit(STARTUP_FAILURE)
    atexit.register(process.close)
    Thread(target=end_with_parent, daemon=True).start()
    return app


def set_up_logging(stream: TextIO) -> None:
    """Send all events there, also those of libraries that use Python's own logging.

    They are lines of JSON for machines, colours at a terminal, and name the request and the trace
    that they belong to. Never put values of a request in one: they may be personal.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _trace_ids,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    plain = structlog.dev.plain_traceback  # another one would show the values of variables
    hidden = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    after: list[Processor] = [
        structlog.processors.ExceptionRenderer(hidden),
        structlog.processors.JSONRenderer(),
    ]
    if stream.isatty():
        after = [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    formatter = structlog.stdlib.ProcessorFormatter
    structlog.configure(
        processors=[*shared, formatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    rendered = [formatter.remove_processors_meta, *after]
    handler.setFormatter(formatter(foreign_pre_chain=shared, processors=rendered))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.raiseExceptions = False  # a disk that is full, or a reader that is gone, fails nobody


def _trace_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The ids of the span that the event happened in, as collectors write them."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = trace.format_trace_id(span.trace_id)
        event["span_id"] = trace.format_span_id(span.span_id)
    return event


def _check_is_closed(host: str, allowed: Keys) -> None:
    """Raises UserError if anybody on the network could ask."""
    try:
        alone = ipaddress.ip_address(host).is_loopback
    except ValueError:
        alone = host == "localhost"
    if not (alone or allowed):
        raise UserError(
            f"without keys it listens on this machine only, and not on {host}: put keys into the "
            "environment variable SERVICE_KEYS, or use --host 127.0.0.1"
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise UserError(
            f"it can't listen on {host}, port {port} ({reason(error)}): --port 0 takes a free one"
        ) from error
    # Connections inherit it; without, an answer waits 40 ms for the client's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
