"""The service as a process of its own: killed, stopped, overrun, without room, with wrong files."""

import http.client
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from builders import PROJECT, REPOSITORY

from keel.data.store import Store
from keel.project.errors import UserError
from keel.serving import settings
from keel.serving.serve import serve

ROW = {
    "time_hour": "2013-06-24T15:00:00Z",
    "carrier": "UA",
    "flight": 100,
    "sched_dep_time": 1200,
    "sched_arr_time": 1345,
    "origin": "EWR",
    "dest": "ORD",
    "distance": 719,
}
JSON = {"Content-Type": "application/json"}
NONE: Mapping[str, str] = {}
PIPELINE = (
    *("dvc", "hydra", "omegaconf", "jinja2", "sklearn", "tqdm", "vl_convert", "threadpoolctl"),
    *("behave", "gto", "httpx"),  # nor what checks and releases need
)


@pytest.fixture
def place(run_copy: Store) -> Path:
    """A project's folder with a model, as far as the service reads it."""
    for name in ("src", "pyproject.toml"):
        (run_copy.root / name).symlink_to(REPOSITORY / name)
    (run_copy.root / "conf").mkdir()
    return run_copy.root


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """A service in this process sets up logging for itself."""
    before = logging.getLogger().handlers[:]
    yield
    logging.basicConfig(handlers=before, force=True)


class Running:
    """A service that runs, by its port."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def ask(
        self, path: str, body: Any = None, headers: Mapping[str, str] = NONE, timeout: float = 60
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and content of an answer; a body makes it a POST."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            text = None if body is None else json.dumps(body).encode()
            connection.request("GET" if body is None else "POST", path, text, {**JSON, **headers})
            response = connection.getresponse()
            content = json.loads(response.read())
            return response.status, {k.lower(): v for k, v in response.headers.items()}, content
        finally:
            connection.close()


@contextmanager
def running(
    place: Path, before: str = "", workers: int = 1, **environment: str
) -> Iterator[Running]:
    """Start the service in a folder, and end it with the block; some code may run `before`.

    What only the pipeline and checks need can't be imported, as if it were not installed.
    """
    without = f"import sys\nsys.modules.update(dict.fromkeys({PIPELINE}))"
    code = f"{without}\n{before}\nfrom keel.cli import main\nmain()"
    with subprocess.Popen(
        (sys.executable, "-c", code, "serve", "--port", "0", "--workers", str(workers)),
        cwd=place,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=(place / "stderr").open("w"),
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert " answers with model " in line, (place / "stderr").read_text()
            yield Running(process, int(line.split()[0].rpartition(":")[2]))
        finally:
            process.kill()


def total(service: Running, series: str) -> float:
    """What `/metrics` says of a series."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return float(text.partition(f"\n{series} ")[2].partition("\n")[0])


def refused(
    place: Path,
    environment: Mapping[str, str] = NONE,
    host: str | None = None,
    port: int = 0,
    **changes: Any,
) -> str:
    """What the service says when it does not start."""

    def start() -> None:
        usual = settings.load(place).serving
        given = usual.model_copy(update={"host": host or usual.host, "port": port, **changes})
        serve(Store(place, place), PROJECT, environment, given, pytest.fail)

    with pytest.raises(UserError) as error:
        start()
    return str(error.value)


def recorded(place: Path) -> set[str]:
    """The requests whose predictions are in the log."""
    found = set()
    for file in (place / "served/predictions").glob("*.jsonl"):
        for line in file.read_bytes().splitlines():
            try:
                found.add(json.loads(line)["request"])
            except ValueError:
                continue
    return found


def acknowledged(
    service: Running,
    clients: int,
    seconds: float,
    end: Callable[[], object],
    requests: int = 100_000,
) -> set[str]:
    """Ask with several clients, end the service in the middle; the requests that were answered."""
    good: set[str] = set()

    def client(number: int) -> None:
        for count in range(requests):
            name = f"client-{number}-{count}"
            try:
                status, _, _ = service.ask("/predict", ROW, {"X-Request-ID": name})
            except (OSError, http.client.HTTPException, ValueError):
                return
            assert status == 200
            good.add(name)

    with ThreadPoolExecutor(clients) as pool:
        asking = [pool.submit(client, number) for number in range(clients)]
        time.sleep(seconds)
        end()
        for one in asking:
            one.result()
    return good


def test_a_kill_loses_no_prediction_that_was_answered(place: Path) -> None:
    with running(place) as service:
        answered = acknowledged(service, 8, 1, service.process.kill)

    assert len(answered) > 20
    assert answered <= recorded(place)


def test_workers_count_and_log_together_and_one_that_is_killed_comes_again(place: Path) -> None:
    (place / "conf/service.yaml").write_text("serving: {drain_seconds: 1}")
    answered = 'http_requests_total{route="/predict",status="200"}'

    with running(place, workers=2) as service:
        first = acknowledged(service, 4, 3, lambda: None, requests=20)
        counts = {total(service, answered) for _ in range(8)}  # whoever is asked
        worker = pids(service.process.pid)[-1]
        os.kill(worker, signal.SIGKILL)
        second = acknowledged(service, 4, 3, lambda: None, requests=20)
        after = total(service, answered)
        running_on = total(service, "http_requests_in_progress")
        service.process.terminate()
        ended = service.process.wait(60)

    assert counts == {len(first)} == {80}
    assert len(first) + len(second) - 4 <= after <= 160
    assert first | second <= recorded(place)
    assert (running_on, ended) == (1, 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_loses_no_span(place: Path, workers: int) -> None:
    (place / "conf/service.yaml").write_text("serving: {drain_seconds: 0}")

    with running(place, workers=workers) as service:
        service.ask("/predict", ROW)
        service.process.terminate()
        service.process.wait(60)

    assert len((place / "served/traces.jsonl").read_text().splitlines()) == 3


def pids(parent: int) -> list[int]:
    """The processes that one has started, oldest first."""
    listed = subprocess.check_output(("pgrep", "-P", str(parent)), text=True)
    return sorted(map(int, listed.split()))


def test_what_was_accepted_is_answered_before_it_stops(place: Path) -> None:
    with running(place) as service:
        answered = acknowledged(service, 8, 1, service.process.terminate)

        assert service.process.wait(20) == 0
    assert len(answered) > 20
    assert answered == recorded(place)


def test_the_interrupt_key_ends_it_without_a_traceback(place: Path) -> None:
    with running(place) as service:
        service.process.send_signal(signal.SIGINT)

        assert service.process.wait(20) == 0
    assert "Traceback" not in (place / "stderr").read_text()


def test_ten_times_the_load_is_answered_or_told_to_come_again(place: Path) -> None:
    (place / "conf/service.yaml").write_text("serving: {at_once: 4}")

    with running(place) as service, ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(service.ask, "/predict", ROW) for _ in range(400)]
        answers = [one.result() for one in asked]
        health = service.ask("/health")

    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {200, 503}
    assert all(headers["retry-after"] == "1" for status, headers, _ in answers if status == 503)
    assert health[0] == 200


def test_a_client_that_does_not_finish_is_refused(place: Path) -> None:
    (place / "conf/service.yaml").write_text("serving: {seconds: 0.5}")

    with running(place) as service, socket.create_connection(("127.0.0.1", service.port)) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n")
        slow.sendall(b"Content-Type: application/json\r\n\r\n{")
        slow.settimeout(20)

        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


HALVES: dict[str, bytes] = {
    "nothing": b"",
    "half a head": b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Le",
    "half a second head": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /hea",
    "half a body that is refused": b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
}


@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_a_connection_that_sends_half_a_request_is_closed(place: Path, sent: bytes) -> None:
    with (
        running(place, "from keel.serving import server; server.IDLE = 1") as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=20) as slow,
    ):
        slow.sendall(sent)

        while slow.recv(1000):
            pass


def test_who_sends_slowly_takes_no_place_and_keeps_nobody_out(place: Path) -> None:
    (place / "conf/service.yaml").write_text("serving: {at_once: 2}")
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"

    with running(place) as service, ExitStack() as slow:
        for _ in range(20):
            one = slow.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            one.sendall(head + b"Content-Type: application/json\r\n\r\n{")
        answers = [service.ask("/predict", ROW)[0] for _ in range(3)]

    assert answers == [200] * 3


def test_a_stop_loses_no_request_of_clients_that_keep_their_connections(place: Path) -> None:
    """Each of them hears that its connection ends before it does."""
    (place / "conf/service.yaml").write_text("serving: {drain_seconds: 2}")

    def client(port: int, pause: float) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            connection.request("POST", "/predict", json.dumps(ROW), JSON)
            response = connection.getresponse()
            response.read()
            if response.status != 200 or response.will_close:
                return f"{response.status} {response.headers.get('connection')}"
            time.sleep(pause)

    with running(place) as service, ThreadPoolExecutor(12) as pool:
        asking = [pool.submit(client, service.port, number / 12) for number in range(12)]
        time.sleep(1)
        service.process.terminate()
        ends = {one.result() for one in asking}
        ready, headers, content = service.ask("/ready")
        late = service.ask("/predict", ROW)

        assert ends == {"200 close"}
        assert (ready, headers["connection"], late[0]) == (503, "close", 200)
        assert "is being stopped" in content["detail"]
        assert service.process.wait(20) == 0


def test_a_full_disk_refuses_what_it_can_not_record(place: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))"
    names = [f"number-{number}" for number in range(60)]

    with running(place, limit) as service:
        answers = {name: service.ask("/predict", ROW, {"X-Request-ID": name}) for name in names}
        ready = service.ask("/health")

    statuses = {status for status, _, _ in answers.values()}
    assert statuses == {200, 503}
    assert "File too large" in answers[names[-1]][2]["detail"]
    assert {name for name, answer in answers.items() if answer[0] == 200} <= recorded(place)
    assert ready[0] == 200


@pytest.mark.parametrize("streamed", [False, True], ids=["with its length", "streamed"])
def test_a_hundred_megabytes_are_refused_without_being_kept(place: Path, streamed: bool) -> None:
    with running(place) as service:
        service.ask("/predict", ROW)
        before = memory(service.process.pid)
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        part = b" " * 1_000_000
        length = {} if streamed else {"Content-Length": str(100 * len(part))}
        connection.request("POST", "/predict", iter([part] * 100), JSON | length)
        response = connection.getresponse()

        assert response.status == 413
        assert "more than 2,000,000 bytes" in json.loads(response.read())["detail"]
        assert memory(service.process.pid) - before < 30
        assert service.ask("/predict", ROW)[0] == 200


def memory(process: int) -> float:
    """What a process holds, in MB."""
    return int(subprocess.check_output(("ps", "-o", "rss=", "-p", str(process)))) / 1024


def half(place: Path) -> None:
    file = place / "model/model.txt"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def swap(place: Path) -> None:
    shutil.copy(place / "model/baseline.txt", place / "model/model.txt")


def edit_passport(part: str, value: Any) -> Callable[[Path], object]:
    def edit(place: Path) -> None:
        passport = json.loads((place / "model/passport.json").read_text())
        passport["sha256"][part] = value
        (place / "model/passport.json").write_text(json.dumps(passport))

    return edit


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "half a model": (half, "model/model.txt is not what model/passport.json describes"),
    "another model": (swap, "model/model.txt is not what model/passport.json describes"),
    "another schema": (
        edit_passport("schema", "0" * 64),
        "examples.py changed since model/model.txt was trained",
    ),
    "half a passport": (
        lambda place: (place / "model/passport.json").write_text('{"sha'),
        "model/passport.json can't be read",
    ),
    "an empty passport": (
        lambda place: (place / "model/passport.json").write_text("{}"),
        "model/passport.json is not a passport",
    ),
    "no model": (
        lambda place: (place / "model/model.txt").unlink(),
        "model/model.txt is missing: `uv run keel run` makes it",
    ),
    "no champion": (
        lambda place: (place / "champion.dvc").write_text(""),
        "champion/passport.json is missing: `uv run dvc pull champion` gets it",
    ),
    "no lookup": (
        lambda place: (place / "data/checked/weather.parquet").unlink(),
        "data/checked/weather.parquet is missing",
    ),
    "half a lookup": (
        lambda place: (place / "data/checked/planes.parquet").write_bytes(b"PAR1"),
        "data/checked/planes.parquet can't be read",
    ),
    "an unknown lookup": (
        lambda place: (place / "conf/service.yaml").write_text(
            "serving: {oldest_lookup: {wether: 3}}"
        ),
        "serving.oldest_lookup names wether: the lookups are weather, planes",
    ),
    "an unknown table": (
        lambda place: (place / "conf/service.yaml").write_text("serving: {table: flight}"),
        "serving.table is 'flight': the tables are flights, weather, planes",
    ),
    "an unknown setting": (
        lambda place: (place / "conf/service.yaml").write_text("serving: {prot: 1}"),
        "serving.prot is not a setting",
    ),
}


@pytest.mark.parametrize(("damage", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.usefixtures("_own_logging")
def test_it_does_not_start_with_what_is_not_right_and_says_what(
    place: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(place)

    assert message in refused(place)


def test_it_does_not_listen_beyond_this_machine_without_keys(place: Path) -> None:
    assert "raise serving.at_once, which is 16, to some 8" in refused(place, workers=17)
    assert "without keys it listens on this machine only" in refused(place, host="0.0.0.0")  # noqa: S104 -- that is asked
    assert "in production the service needs keys" in refused(place, {"ENVIRONMENT": "production"})
    assert "could be guessed" in refused(place, {"SERVICE_KEYS": "short"})
    assert "ENVIRONMENT is 'prod': make it" in refused(place, {"ENVIRONMENT": "prod"})


@pytest.mark.usefixtures("_own_logging")
def test_a_port_that_is_taken_is_said_so(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert f"can't listen on 127.0.0.1, port {port}" in refused(place, port=port)


def test_it_needs_nothing_of_what_only_the_pipeline_needs(place: Path) -> None:
    with running(place) as service:
        assert service.ask("/predict", ROW)[0] == service.ask("/ready")[0] == 200


def test_nothing_that_a_fuzzer_sends_makes_it_fail(place: Path) -> None:
    with running(place) as service:
        done = subprocess.run(
            (
                *(str(Path(sysconfig.get_path("scripts")) / "schemathesis"), "run"),
                f"http://127.0.0.1:{service.port}/openapi.json",
                *("--checks", "not_a_server_error", "--max-examples", "15", "--seed", "1"),
                *("--phases", "examples,coverage,fuzzing", "--workers", "2"),
            ),
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stdout[-3000:]
