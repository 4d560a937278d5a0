"""What the service costs beside the same model behind a bare FastAPI route: a table in Markdown.

`python serving.py PROJECT` measures both in turn, on this machine, in a project whose pipeline has
run. Each figure is a median, with the least and the greatest in brackets.
"""

import argparse
import asyncio
import http.client
import json
import os
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure import ADDED, REMOVED, spread

HERE = Path(__file__).parent
ROUNDS = 7
ROW = {
    "time_hour": "2013-07-01T16:00:00Z",
    "carrier": "UA",
    "flight": 100,
    "sched_dep_time": 1200,
    "sched_arr_time": 1345,
    "tailnum": "N12345",
    "origin": "EWR",
    "dest": "ORD",
    "distance": 719,
}


class Running:
    """A service that runs, and a connection to it."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], start: float) -> None:
        self.port = port
        self.process = process
        self.start = start
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path: str, body: bytes) -> float:
        """How many seconds an answer takes."""
        started = time.perf_counter()
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}: {content[:500]!r}")
        return time.perf_counter() - started

    @property
    def memory(self) -> float:
        """What it holds now, in MB."""
        shown = subprocess.check_output(("ps", "-o", "rss=", "-p", str(self.process.pid)))
        return int(shown) / 1024


@contextmanager
def running(project: Path, *command: str) -> Iterator[Running]:
    """Start a service in a project; the last part of the command is its port."""
    kept = {name: value for name, value in os.environ.items() if name not in REMOVED}
    started = time.perf_counter()
    process = subprocess.Popen(
        (str(project / ".venv/bin/python"), *command),
        cwd=project,
        env={**kept, **ADDED, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    port = int(command[-1])
    try:
        while not answers(port):
            time.sleep(0.01)
            if process.poll() is not None:
                raise RuntimeError(f"`{' '.join(command)}` ended with {process.returncode}")
        yield Running(port, process, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    """Whether a service is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


async def at_once(port: int, connections: int, requests: int) -> float:
    """Requests a second that are answered when so many ask at once."""
    body = json.dumps(ROW).encode()
    lines = ("Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}")
    head = "\r\n".join(["POST /predict HTTP/1.1", *lines, "", ""])
    left = iter(range(requests))

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in answer:
                raise RuntimeError(answer.decode())
            length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return requests / (time.perf_counter() - started)


def in_turn(pair: tuple[Running, Running], path: str, body: Any, times: int) -> list[list[float]]:
    """The median seconds of both for an answer, in each of several rounds."""
    text = json.dumps(body).encode()
    for one in pair:
        one.ask(path, text)
    rounds = []
    for _ in range(ROUNDS):
        seconds = [[one.ask(path, text) for one in pair] for _ in range(times)]
        rounds.append([statistics.median(column) for column in zip(*seconds, strict=True)])
    return rounds


def line(what: str, ours: list[float], bare: list[float], unit: str) -> None:
    """Print a row of the table."""
    ratio = spread(one / other for one, other in zip(ours, bare, strict=True))
    print(f"| {what} | {spread(ours)} {unit} | {spread(bare)} {unit} | {ratio} |", flush=True)


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--requests", type=int, default=100_000, help="before memory is measured")
    options = parser.parse_args()
    project = options.project.resolve()
    serve = ("-m", "keel", "serve", "--port")
    bare = (str(HERE / "bare_service.py"),)
    print("| what | the service | a bare route | ratio |\n|---|---|---|---|", flush=True)
    starts: tuple[list[float], list[float]] = ([], [])
    for _ in range(3):
        for command, seconds in zip((serve, bare), starts, strict=True):
            with running(project, *command, free_port()) as one:
                seconds.append(one.start)
    line("start", *starts, "s")
    with (
        running(project, *serve, free_port()) as ours,
        running(project, *bare, free_port()) as other,
    ):
        pair = (ours, other)
        rows = [{**ROW, "flight": number} for number in range(1, 1001)]
        for what, path, body, times in (
            ("one row", "/predict", ROW, 200),
            ("1,000 rows", "/predict/batch", {"rows": rows}, 10),
        ):
            first, second = zip(*in_turn(pair, path, body, times), strict=True)
            line(what, [1e3 * s for s in first], [1e3 * s for s in second], "ms")
        rates = [[asyncio.run(at_once(one.port, 16, 1_000)) for one in pair] for _ in range(ROUNDS)]
        first, second = zip(*rates, strict=True)
        line("requests a second, 16 at once", list(first), list(second), "")
        for _ in range(options.requests // 1_000):
            asyncio.run(at_once(ours.port, 16, 1_000))
            asyncio.run(at_once(other.port, 16, 1_000))
        line(f"memory after {options.requests:,} more", [ours.memory], [other.memory], "MB")
    print("\nWhat a request costs to record, in µs, of which nothing is in the bare route:")
    script = (str(project / ".venv/bin/python"), str(HERE / "recording.py"))
    print(subprocess.check_output(script, cwd=project, text=True, stderr=subprocess.DEVNULL))


if __name__ == "__main__":
    main()
