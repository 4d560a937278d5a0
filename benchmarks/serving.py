"""What the service costs beside the same model behind FastAPI alone: a table in Markdown.

Once with the project's `build` and nothing else, and once as short as it can be written by hand.
`python serving.py PROJECT` measures them in turn, on this machine, in a project whose pipeline has
run. Each figure is a median of rounds, with the least and the greatest in brackets.
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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
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


def in_turn(all_of: Sequence[Running], path: str, body: Any, times: int) -> list[list[list[float]]]:
    """The milliseconds of each for its answers, in each of several rounds."""
    text = json.dumps(body).encode()
    for one in all_of:
        one.ask(path, text)
    rounds = []
    for _ in range(ROUNDS):
        asked = [[1e3 * one.ask(path, text) for one in all_of] for _ in range(times)]
        rounds.append([list(column) for column in zip(*asked, strict=True)])
    return rounds


def p99(values: list[float]) -> float:
    """What one of a hundred takes longer than."""
    return statistics.quantiles(values, n=100, method="inclusive")[-1]


def line(what: str, unit: str, rounds: Sequence[Sequence[float]]) -> None:
    """Print a row of the table: a figure of each in each round, and how they compare to ours."""
    figures = [spread(column) for column in zip(*rounds, strict=True)]
    ratios = [spread(each[0] / each[n] for each in rounds) for n in (1, 2)]
    cells = [what, *(f"{figure} {unit}" for figure in figures), *map(str, ratios)]
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--requests", type=int, default=100_000, help="before memory is measured")
    options = parser.parse_args()
    project = options.project.resolve()
    commands = (
        ("-m", "keel", "serve", "--port"),
        (str(HERE / "bare_service.py"),),
        (str(HERE / "plain_service.py"),),
    )
    print("| what | the service | `build` alone | by hand | ratio | ratio |", flush=True)
    print("|---|---|---|---|---|---|", flush=True)
    starts = []
    for _ in range(3):
        seconds = []
        for command in commands:
            with running(project, *command, free_port()) as one:
                seconds.append(one.start)
        starts.append(seconds)
    line("start", "s", starts)
    with ExitStack() as stack:
        services = [stack.enter_context(running(project, *c, free_port())) for c in commands]
        rows = [{**ROW, "flight": number} for number in range(1, 1001)]
        for what, path, body, times in (
            ("one row", "/predict", ROW, 200),
            ("1,000 rows", "/predict/batch", {"rows": rows}, 10),
        ):
            rounds = in_turn(services, path, body, times)
            line(f"{what}, median", "ms", [list(map(statistics.median, each)) for each in rounds])
            line(f"{what}, p99", "ms", [list(map(p99, each)) for each in rounds])
        ports = [one.port for one in services]
        rates = [[asyncio.run(at_once(port, 16, 1_000)) for port in ports] for _ in range(ROUNDS)]
        line("requests a second, 16 at once", "", rates)
        for port in ports * (options.requests // 1_000):
            asyncio.run(at_once(port, 16, 1_000))
        memory = [one.memory for one in services]
        line(f"memory after {options.requests:,} more", "MB", [memory])
    print("\nWhat a request costs to record, in µs, of which nothing is in the others:")
    script = (str(project / ".venv/bin/python"), str(HERE / "recording.py"))
    print(subprocess.check_output(script, cwd=project, text=True, stderr=subprocess.DEVNULL))


if __name__ == "__main__":
    main()
