"""A service of one's own, and what asks it: over HTTP, as a client does."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import httpx
import polars as pl

from keel.project.errors import UserError

STARTS = 60  # seconds that a service may take to start
STANDS_STILL = 1.0  # seconds
BEGINS = 0.05  # seconds that it has to begin with a request
PACKAGE = __name__.partition(".")[0]


class Client(Protocol):
    """What a replay needs of a service; each returns the status."""

    def predict(self, rows: pl.DataFrame) -> int: ...

    def predict_slowly(self, rows: pl.DataFrame) -> int: ...

    def label(self, rows: pl.DataFrame) -> int: ...


class Service:
    """A running service. Raises UserError if it does not answer."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self._process = process
        self._http = httpx.Client(base_url=url, timeout=60)
        self._log = log

    def predict(self, rows: pl.DataFrame) -> int:
        return self._post("/predict/batch", rows)

    def label(self, rows: pl.DataFrame) -> int:
        return self._post("/labels", rows)

    def predict_slowly(self, rows: pl.DataFrame) -> int:
        """The same, while the service stands still for a while, as if what it needs hung."""
        process = self._process

        def parts(body: bytes) -> Iterator[bytes]:
            yield body[:1]
            time.sleep(BEGINS)
            process.send_signal(signal.SIGSTOP)
            threading.Timer(STANDS_STILL, process.send_signal, [signal.SIGCONT]).start()
            yield body[1:]

        return self._post("/predict/batch", rows, parts)

    def close(self) -> None:
        self._http.close()

    def _post(
        self,
        path: str,
        rows: pl.DataFrame,
        parts: Callable[[bytes], bytes | Iterator[bytes]] = lambda body: body,
    ) -> int:
        body = f'{{"rows":{as_json(rows)}}}'.encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        try:
            return self._http.post(path, content=parts(body), headers=headers).status_code
        except httpx.TransportError as error:
            raise UserError(f"the service does not answer ({error}): see {self._log}") from error


def as_json(rows: pl.DataFrame) -> str:
    """The rows as JSON: moments with their zone, as UTC."""
    zoned = [
        pl.col(name).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        for name, dtype in rows.schema.items()
        if isinstance(dtype, pl.Datetime) and dtype.time_zone
    ]
    plain = [
        pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
        for name, dtype in rows.schema.items()
        if isinstance(dtype, pl.Datetime) and not dtype.time_zone
    ]
    return rows.with_columns(*zoned, *plain).write_json()


@contextmanager
def running(folder: Path) -> Iterator[Service]:
    """The project's own service with the model and tables in a folder, on a port that is free."""
    log = folder / "service.log"
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("SERVICE_KEYS", "ENVIRONMENT")
    }
    command = [sys.executable, "-m", f"{PACKAGE}.chassis", "serve"]
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", "0"],
            cwd=folder,
            env=kept,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        service = Service(process, _url(process, log), log)
        yield service
        service.close()
    finally:
        _stop(process)


def _url(process: subprocess.Popen[str], log: Path) -> str:
    """The first word that it says."""
    late = threading.Timer(STARTS, process.kill)
    late.start()
    try:
        said = process.stdout.readline().split() if process.stdout else []
    finally:
        late.cancel()  # also when it is stopped here: Python ends when all timers have
    if not said or not said[0].startswith("http"):
        process.wait()
        text = log.read_text(encoding="utf-8", errors="replace").strip()
        raise UserError(f"the service does not start: {text.splitlines()[-1] if text else log}")
    return said[0]


def _stop(process: subprocess.Popen[str]) -> None:
    """Let it answer what it has accepted; it has as long as it says itself."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()
