"""A service of one's own, and what asks it: over HTTP, as a client does."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE

import httpx
import polars as pl
from pydantic_core import to_json

from keel.data.store import Store
from keel.project.errors import UserError

STARTS = 60  # seconds that a service may take to start
STOPS = 30  # seconds that it may take to answer what it has accepted
STANDS_STILL = 1.0  # seconds
BEGINS = 0.05  # seconds that it has to begin with a request
OWN = ("SERVICE_KEYS", "ENVIRONMENT")  # variables that are about another service


class Service:
    """A running service. Raises UserError if it does not answer."""

    def __init__(self, process: subprocess.Popen[str], http: httpx.Client, log: Path) -> None:
        self._process = process
        self._http = http
        self._log = log

    def predict(self, rows: pl.DataFrame, *, slowly: bool) -> int:
        """Ask for rows; slowly means that the service stands still for a while, as if it hung."""
        body = to_json({"rows": rows.to_dicts()})
        return self._post("/predict/batch", self._slowly(body) if slowly else body, len(body))

    def label(self, rows: pl.DataFrame) -> int:
        body = to_json({"rows": rows.to_dicts()})
        return self._post("/labels", body, len(body))

    def _slowly(self, body: bytes) -> Iterator[bytes]:
        yield body[:1]
        time.sleep(BEGINS)
        self._process.send_signal(signal.SIGSTOP)
        threading.Timer(STANDS_STILL, self._process.send_signal, [signal.SIGCONT]).start()
        yield body[1:]

    def _post(self, path: str, content: bytes | Iterator[bytes], length: int) -> int:
        headers = {"Content-Type": "application/json", "Content-Length": str(length)}
        try:
            return self._http.post(path, content=content, headers=headers).status_code
        except httpx.TransportError as error:
            raise UserError(f"the service does not answer ({error}): see {self._log}") from error


@contextmanager
def running(store: Store) -> Iterator[Service]:
    """A service with the repository's code and settings, and the model and tables of the store.

    It listens on a port that is free. Raises UserError if it does not start.
    """
    log = store.root / "service.log"
    options = ("--host", "127.0.0.1", "--port", "0", "--folder", str(store.root))
    command = (sys.executable, "-m", "keel", "serve", *options)
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command, cwd=store.repository, env=environment, stdout=PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            with httpx.Client(base_url=_url(process, log), timeout=60) as http:
                yield Service(process, http, log)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOPS)
            process.kill()  # nothing, if it has ended


def _url(process: subprocess.Popen[str], log: Path) -> str:
    """The first word that it says."""
    late = threading.Timer(STARTS, process.kill)
    late.start()
    try:
        words = process.stdout.readline().split() if process.stdout else []
    finally:
        late.cancel()  # also when it is stopped here: Python ends when all timers have
    if not words or not words[0].startswith("http"):
        process.wait()
        text = log.read_text(encoding="utf-8", errors="replace").strip()
        raise UserError(f"the service does not start: {text.splitlines()[-1] if text else log}")
    return words[0]
