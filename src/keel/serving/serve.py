"""Serve the model over HTTP: `uv run keel serve`."""

import argparse
import ipaddress
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from keel.project.errors import UserError, reason
from keel.serving import settings
from keel.serving.settings import Serving

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp


def main(root: Path, arguments: list[str]) -> int:
    """Answer requests until it is told to stop; those that it accepted are answered first.

    Raises UserError if the model, a lookup or a setting is not right, or the port is taken.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before LightGBM is loaded: rows come singly
    from keel.data.store import Store
    from keel.model.predictor import in_use
    from keel.serving.app import application
    from keel.serving.guard import Guard
    from keel.serving.keys import keys
    from keel.serving.logging import set_up_logging
    from keel.serving.service import Service
    from keel.serving.telemetry import Metrics
    from keel.show.tracing import recording

    operation = settings.load(root)
    serving = operation.serving
    options = _options(arguments, serving)
    allowed = keys(os.environ)
    if not allowed and not _is_loopback(options.host):
        raise UserError(
            f"without keys it listens on this machine only, and not on {options.host}: put keys "
            "into the environment variable SERVICE_KEYS, or use --host 127.0.0.1"
        )
    set_up_logging()
    store, metrics = Store(root, root), Metrics()
    metrics.limits(operation.alerts.model_dump())
    with recording(root / "served/traces.jsonl") as tracers:
        service = Service(store, serving, in_use(store), metrics)
        app = application(
            service,
            project(root),
            threads=2 * (os.cpu_count() or 1),  # more only wait for each other
            secured=bool(allowed),
            tracers=tracers,
        )
        listening = _listen(options.host, options.port)
        server = _server(Guard(app, serving, allowed, service.log, metrics), serving)
        print(
            f"{_url(listening)} answers with model {service.used.version}, trained at "
            f"{service.used.passport['trained_at']}; Ctrl-C stops it",
            flush=True,
        )
        server.run(sockets=[listening])
    return 0


def _server(app: "ASGIApp", serving: Serving) -> "uvicorn.Server":
    """What stops on SIGTERM and Ctrl-C, when all that was accepted is answered."""
    import uvicorn

    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        log_config=None,  # `set_up_logging` did it
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=int(serving.seconds) + 5,
    )
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        # Also before it runs; and when all is answered, it raises the signal once more.
        signal.signal(number, server.handle_exit)
    return server


def _options(arguments: list[str], serving: Serving) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="poe serve", description="Serve the model over HTTP.")
    parser.add_argument("--host", default=serving.host, help="where to listen")
    parser.add_argument("--port", type=int, default=serving.port, help="0 takes any that is free")
    return parser.parse_args(arguments)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
