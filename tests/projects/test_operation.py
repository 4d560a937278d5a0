"""The service as it is run: its container, and Prometheus that watches it and calls somebody."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import operation
import polars as pl
import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram
from rendering import TOOLS, Render, must, run

from keel.serving import telemetry

KEY = "a-key-of-these-tests-only"
OPTIONAL = {"LICENSE", "champion", "champion.dvc", "reports/metrics.json", "vendor"}
needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="there is no Prometheus here: apt-get install prometheus",
)


@pytest.fixture(scope="module")
def trained(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a model of the quick data, in which a service may write its log."""
    folder = tmp_path_factory.mktemp("operation") / "project"
    return Path(shutil.copytree(trained, folder, symlinks=True))


@pytest.fixture(scope="module")
def image(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile puts into its image."""
    place = tmp_path_factory.mktemp("image")
    operation.build(trained, place)
    (place / "served").mkdir()
    return place


@pytest.fixture(scope="module")
def service(project: Path, trained: Path) -> Iterator[str]:
    """The address of a service that runs."""
    with served(trained, [python(project), "-m", "keel", "serve"]) as url:
        yield url


@contextmanager
def served(folder: Path, command: list[str], **environment: str) -> Iterator[str]:
    """A service that runs in a folder until the end, at a port that was free."""
    port, log = free_port(), folder.parent / "served.log"
    elsewhere = [part for part in command if part not in ("--port", "8000")]
    inherited = {name: os.environ[name] for name in ("HOME", "PATH")}
    with log.open("w") as written:
        process = subprocess.Popen(
            [*elsewhere, "--port", str(port)],
            cwd=folder,
            env=inherited | {"SERVICE_KEYS": KEY} | environment,
            stderr=written,
            stdout=written,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        soon(lambda: process.poll() is not None or answers(f"{url}/health"))
        assert process.poll() is None, log.read_text()
        yield url
    finally:
        process.terminate()
        process.wait(20)


def python(project: Path) -> str:
    return str(project / ".venv/bin/python")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def soon(ask: Callable[[], object], seconds: float = 60) -> None:
    """Wait until the answer is true."""
    end = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < end:
        time.sleep(0.2)
    assert found, f"not in {seconds} seconds"


def answers(url: str) -> bool:
    try:
        return bool(ask(url))
    except (OSError, http.client.HTTPException):
        return False


def ask(url: str, content: Any = None) -> str:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    text = json.dumps(content, default=lambda value: value.isoformat())
    body = None if content is None else text.encode()
    request = urllib.request.Request(url, body, headers)  # noqa: S310 -- it is ours
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 -- the same
        return str(response.read().decode())


def flights(project: Path, number: int) -> list[dict[str, Any]]:
    """Rows to predict, as a client knows them."""
    table = pl.read_parquet(project / "data/checked/flights.parquet").head(number)
    return table.drop("dep_delay", "arr_delay").to_dicts()


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def rules(folder: Path) -> list[dict[str, Any]]:
    groups = read(folder / "operation/rules.yml")["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_a_linter_finds_nothing_in_the_dockerfile(rendered: Render) -> None:
    hadolint = str(TOOLS / "hadolint")

    must(rendered(), hadolint, "--failure-threshold", "style", "operation/Dockerfile")


def test_what_the_image_gets_is_there(trained: Path) -> None:
    named = operation.allowed(trained / "operation/Dockerfile")

    assert [name for name in named if not (trained / name).exists() and name not in OPTIONAL] == []


def test_the_image_does_not_run_as_root(rendered: Render) -> None:
    assert operation.step(rendered() / "operation/Dockerfile", "USER").text == "10001"


def test_the_image_has_no_tools_of_the_pipeline(image: Path) -> None:
    """Each package is one more that has to be kept safe."""
    installed = {folder.name for folder in image.glob(".venv/lib/python*/site-packages/*")}

    assert installed.isdisjoint({"dvc", "hydra", "mypy", "pytest", "tqdm", "vl_convert"})


def test_what_the_dockerfile_builds_predicts_and_writes_nothing_elsewhere(
    trained: Path, image: Path
) -> None:
    dockerfile = image.parent / "Dockerfile"
    shutil.copy(trained / "operation/Dockerfile", dockerfile)
    environment = operation.environment(dockerfile, image)
    start = operation.step(dockerfile, "CMD").command
    start[0] = str(image / ".venv/bin" / start[0])
    before = state(image)

    with served(image, start, **environment) as url:
        health = operation.step(dockerfile, "HEALTHCHECK").command
        health[0] = str(image / ".venv/bin" / health[0])
        must(image, *(part.replace("http://127.0.0.1:8000", url) for part in health))
        answer = json.loads(ask(f"{url}/predict", flights(trained, 1)[0]))

    assert 0 < answer["probability"] < 1
    assert state(image) == before


def test_a_container_that_is_not_healthy_is_noticed(trained: Path) -> None:
    health = operation.step(trained / "operation/Dockerfile", "HEALTHCHECK").command

    assert run(trained, *(part.replace("8000", str(free_port())) for part in health)).returncode


def state(place: Path) -> dict[Path, int]:
    """All files but those below `served/`, and when they were written."""
    files = (path for path in place.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files if place / "served" not in path.parents}


def test_all_containers_of_compose_can_do_little(rendered: Render) -> None:
    for container in read(rendered() / "operation/compose.yaml")["services"].values():
        assert container["read_only"]
        assert container["cap_drop"] == ["ALL"]
        assert container["security_opt"] == ["no-new-privileges:true"]
        assert all(port.startswith("127.0.0.1:") for port in container["ports"])


def test_what_compose_names_is_there(rendered: Render) -> None:
    compose = read(rendered() / "operation/compose.yaml")
    folder = rendered() / "operation"
    containers = compose["services"].values()
    volumes = [volume.split(":")[0] for one in containers for volume in one["volumes"]]
    configs = [config["source"] for one in containers for config in one.get("configs", [])]
    secrets = [secret for one in containers for secret in one.get("secrets", [])]

    files = [name for name in volumes if name.startswith(".")]
    assert [name for name in files if not (folder / name).is_file()] == []
    assert set(volumes) - set(files) == set(compose["volumes"])
    assert set(configs) == set(compose["configs"])
    assert set(secrets) == set(compose["secrets"])
    assert (folder / compose["services"]["service"]["build"]["dockerfile"]).name == "Dockerfile"


def test_images_have_a_version(rendered: Render) -> None:
    compose = read(rendered() / "operation/compose.yaml")
    images = [one["image"] for one in compose["services"].values() if "image" in one]
    bases = re.findall(
        r"^FROM (\S+)", (rendered() / "operation/Dockerfile").read_text(), re.MULTILINE
    )

    assert all(re.search(r":v?\d+\.\d+", name) for name in images + bases)


@needs_prometheus
def test_prometheus_accepts_its_settings_and_rules(rendered: Render, tmp_path: Path) -> None:
    config = watched(rendered(), "service:8000", tmp_path)

    must(tmp_path, "promtool", "check", "config", str(config))
    must(tmp_path, "promtool", "check", "rules", str(rendered() / "operation/rules.yml"))


@needs_prometheus
def test_each_alert_is_raised_when_it_should_be_and_not_before(
    rendered: Render, tmp_path: Path
) -> None:
    content = read(rendered() / "operation/rules.yml")
    for group in content["groups"]:
        for rule in group["rules"]:
            rule.get("annotations", {}).pop("action", None)  # a text without figures
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(content))
    shutil.copy(Path(__file__).with_name("alerts.yml"), tmp_path)

    must(tmp_path, "promtool", "test", "rules", "alerts.yml")


def test_there_are_cases_with_and_without_each_alert(rendered: Render) -> None:
    cases = [
        (case["alertname"], bool(case["exp_alerts"]))
        for test in read(Path(__file__).with_name("alerts.yml"))["tests"]
        for case in test["alert_rule_test"]
    ]
    alerts = [rule["alert"] for rule in rules(rendered()) if "alert" in rule]

    assert set(cases) == {(name, raised) for name in alerts for raised in (True, False)}


def test_each_alert_says_how_bad_it_is_and_what_to_do(rendered: Render) -> None:
    for rule in rules(rendered()):
        if "alert" in rule:
            assert rule["for"]
            assert rule["labels"]["severity"] in ("critical", "warning")
            assert set(rule["annotations"]) == {"summary", "action"}


@needs_prometheus
def test_rules_and_board_ask_for_what_there_is(service: str, trained: Path) -> None:
    ask(f"{service}/predict", flights(trained, 1)[0])
    exposed = set(re.findall(r"^(\w+)", ask(f"{service}/metrics"), re.MULTILINE))
    exposed |= set(re.findall(r"^# TYPE (\w+)", ask(f"{service}/metrics"), re.MULTILINE))
    recorded = {rule["record"] for rule in rules(trained) if "record" in rule}
    board = json.loads((trained / "operation/board.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for rule in rules(trained)]

    known = exposed | recorded | other_tasks() | {"up", "ALERTS"}  # Prometheus' own

    assert {name for expression in asked for name in series(expression)} - known == set()


def other_tasks() -> set[str]:
    """The series that a service has whose model predicts classes or a number."""
    suffixes = {Gauge: [""], Counter: ["_total"], Histogram: ["_sum", "_count", "_bucket"]}
    return {
        name + suffix
        for name, (kind, *_) in {**telemetry.CLASSES, **telemetry.NUMBER}.items()
        for suffix in suffixes[kind]
    }


def series(expression: str) -> set[str]:
    """The names of the series in an expression of PromQL."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|on|group_left)\s*\([^)]*\)", " ", expression)
    return set(re.findall(r"\b([a-z_A-Z][\w:]*)\b(?!\s*\()", bare)) - {"and", "or"}


def test_series_are_found_in_expressions() -> None:
    asked = 'sum by (job) (rate(a_total{b="c"}[5m])) / on (job) group_left () d:e > 1 or up == 0'

    assert series(asked) == {"a_total", "d:e", "up"}


@needs_prometheus
def test_prometheus_calls_somebody_when_rows_are_strange_and_when_the_service_is_gone(
    project: Path, trained: Path, tmp_path: Path
) -> None:
    strange = [row | {"carrier": "ZZ"} for row in flights(trained, 120)]
    command = [python(project), "-m", "keel", "serve"]

    with ExitStack() as watching, ExitStack() as serving:
        url = serving.enter_context(served(trained, command))
        watcher = watching.enter_context(prometheus(trained, url, tmp_path))
        soon(lambda: healthy(watcher) and firing(watcher) == set())
        ask(f"{url}/predict/batch", {"rows": strange})
        soon(lambda: "UnseenCategories" in firing(watcher))
        serving.close()
        soon(lambda: "ServiceDown" in firing(watcher))


def watched(project: Path, address: str, folder: Path) -> Path:
    """Prometheus' settings for another address, with alerts that do not wait."""
    config = read(project / "operation/prometheus.yml")
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (folder / "key").write_text(KEY)
    (job,) = config["scrape_configs"]
    job["authorization"]["credentials_file"] = str(folder / "key")
    job["static_configs"] = [{"targets": [address]}]
    content = (project / "operation/rules.yml").read_text()
    (folder / "rules.yml").write_text(re.sub(r"for: \w+", "for: 0s", content))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    return folder / "prometheus.yml"


@contextmanager
def prometheus(project: Path, url: str, folder: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    config = watched(project, url.removeprefix("http://"), folder)
    where = (f"--config.file={config}", f"--storage.tsdb.path={folder}/data")
    process = subprocess.Popen(
        ["prometheus", *where, f"--web.listen-address={address}", "--log.level=error"]
    )
    try:
        soon(lambda: answers(f"http://{address}/-/ready"))
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


def healthy(watcher: str) -> bool:
    targets = json.loads(ask(f"{watcher}/api/v1/targets"))["data"]["activeTargets"]
    return [target["health"] for target in targets] == ["up"]


def firing(watcher: str) -> set[str]:
    alerts = json.loads(ask(f"{watcher}/api/v1/alerts"))["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}
