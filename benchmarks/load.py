"""What the service does with ten times as many clients as it can answer: a table in Markdown.

`python load.py PROJECT` asks a service whose pipeline has run, on this machine, in turn with as
many clients as keep it busy and with ten times as many. A client asks for one row over and over on
a kept connection, and one that is told to come again does so at once, which is the worst that it
can do. Figures are medians of the rounds, with the least and the greatest in brackets.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from measure import spread
from serving import ROW, Running, free_port, running

SECONDS, ROUNDS, BUSY = 5.0, 3, 16
BODY = json.dumps(ROW).encode()
POST = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY
GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


class Seen(NamedTuple):
    """The seconds that answers took, those of `/health`, and how many were refused or lost."""

    answers: list[float]
    health: list[float]
    refused: list[int]
    lost: list[int]
    cpu: list[float]  # seconds that the service computed


async def ask(port: int, content: bytes, until: float, seen: Seen, pause: float = 0) -> None:
    """Ask over and over until then."""
    reader = writer = None
    while time.perf_counter() < until:
        started = time.perf_counter()
        try:
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(content)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            seen.lost.append(1)
            reader = writer = None
            continue
        took = time.perf_counter() - started
        if b" 200 " not in head[:20]:
            seen.refused.append(1)
        else:
            (seen.answers if content is POST else seen.health).append(took)
        if b"connection: close" in head:
            writer.close()
            reader = writer = None
        await asyncio.sleep(pause)
    if writer:
        writer.close()


def cpu(process: int) -> float:
    """Seconds that a process and those it started have computed."""
    listed = subprocess.run(("pgrep", "-P", str(process)), capture_output=True, check=False).stdout
    ticks = 0
    for one in (process, *map(int, listed.split())):
        fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def load(service: Running, clients: int) -> Seen:
    """What so many clients see in some seconds, and one that asks for `/health` beside them."""
    seen, port = Seen([], [], [], [], []), service.port
    before = cpu(service.process.pid)
    until = time.perf_counter() + SECONDS
    asking = [ask(port, POST, until, seen) for _ in range(clients)]
    await asyncio.gather(*asking, ask(port, GET, until, seen, 0.05))
    seen.cpu.append(cpu(service.process.pid) - before)
    return seen


def percentile(seconds: list[float], share: float) -> float:
    """In milliseconds."""
    return 1e3 * sorted(seconds)[int(share * (len(seconds) - 1))] if seconds else float("nan")


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("serve", nargs="*", help="more of `keel serve`'s options")
    options = parser.parse_args()
    rounds: dict[int, list[Seen]] = {BUSY: [], 10 * BUSY: []}
    command = ("-m", "keel", "serve", *options.serve, "--port", free_port())
    with running(options.project.resolve(), *command) as service:
        asyncio.run(load(service, BUSY))
        for _ in range(ROUNDS):
            for clients, seen in rounds.items():
                seen.append(asyncio.run(load(service, clients)))
    head = "clients,answers/s,p50 ms,p99 ms,CPU ms an answer,refused/s,lost,health p50,health p99"
    print(f"| {head.replace(',', ' | ')} |\n{'|---' * 9}|")
    for clients, all_seen in rounds.items():
        row = [
            str(spread(len(seen.answers) / SECONDS for seen in all_seen)),
            str(spread(percentile(seen.answers, 0.5) for seen in all_seen)),
            str(spread(percentile(seen.answers, 0.99) for seen in all_seen)),
            str(spread(1e3 * seen.cpu[0] / max(1, len(seen.answers)) for seen in all_seen)),
            str(spread(len(seen.refused) / SECONDS for seen in all_seen)),
            str(sum(len(seen.lost) for seen in all_seen)),
            str(spread(percentile(seen.health, 0.5) for seen in all_seen)),
            str(spread(percentile(seen.health, 0.99) for seen in all_seen)),
        ]
        print("|", " | ".join([str(clients), *row]), "|", flush=True)
    few, many = (statistics.median(len(s.answers) for s in all_) for all_ in rounds.values())
    print(f"\nWith ten times the clients: {many / few:.0%} of the answers.")


if __name__ == "__main__":
    main()
