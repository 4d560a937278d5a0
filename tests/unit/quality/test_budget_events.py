"""Where the events of an objective come from: a file, a CSV, and a server that is asked."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from pydantic import ValidationError

from keel.project.errors import UserError
from keel.quality.budgets.events import (
    INDICATORS,
    Day,
    Events,
    Prometheus,
    Source,
    asked,
    lines,
    read,
    table,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MONDAY = date(2026, 11, 23)
SUNDAY = date(2026, 11, 22)


def line(day: str = "2026-11-23", indicator: str = "latency", **facts: Any) -> str:
    return json.dumps({"day": day, "indicator": indicator, "good": 9, "bad": 1, **facts})


def test_an_indicator_has_its_own_lines() -> None:
    found = lines(
        [line(), line(indicator="freshness"), line("2026-11-22", why="a storm")], "latency"
    )

    assert found == Events({MONDAY: Day(9, 1), SUNDAY: Day(9, 1, "a storm")})


def test_the_last_line_of_a_day_counts() -> None:
    assert lines([line(), line(bad=3)], "latency").days == {MONDAY: Day(9, 3)}


@pytest.mark.parametrize(
    "broken",
    [
        line()[:-9],
        line(bad=-1),
        line(good="many"),
        line("2026-02-30"),
        line().replace("9", "NaN"),
        '["latency"]',
    ],
)
def test_a_broken_line_is_counted_and_left_out(broken: str) -> None:
    found = lines([line("2026-11-22"), broken], "latency")

    assert found.days == {SUNDAY: Day(9, 1)}
    assert found.notes == [f"not counted: broken lines in {INDICATORS}: 1"]


def test_before_anything_was_watched_there_are_no_events(tmp_path: Path) -> None:
    found = read(tmp_path, Source(indicator="latency"), NOW)

    assert found.days == {}
    assert "`uv run keel monitor` writes it" in found.notes[0]


def test_a_csv_is_read(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("day,good,bad,who\n2026-11-22,9,1,a\n2026-11-23,8,0,b\n")

    found = read(tmp_path, Source(csv="calls.csv"), NOW)

    assert found.days == {SUNDAY: Day(9, 1), MONDAY: Day(8, 0)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "calls.csv:1: the column bad is missing"),
        ("day,good\n", "calls.csv:1: the column bad is missing"),
        ("day,good,bad\n2026-11-22,9,few\n", "calls.csv:2: bad is 'few'"),
        ("day,good,bad\n2026-11-22,9\n", "calls.csv:2: bad is None"),
        ("day,good,bad\n22.11.2026,9,1\n", "calls.csv:2: day is '22.11.2026'"),
        ("day,good,bad\n2026-11-22,9,1\n2026-11-22,9,1\n", "calls.csv:3: 2026-11-22 comes twice"),
    ],
)
def test_a_broken_csv_is_refused_by_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        table(text, "calls.csv")
    assert said in str(caught.value)


def test_a_csv_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"calls\.csv is missing"):
        read(tmp_path, Source(csv="calls.csv"), NOW)


@pytest.mark.parametrize("content", [{}, {"indicator": "a", "csv": "b"}, {"indicator": None}])
def test_a_source_is_one_of_three(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Source.model_validate(content)


class Server:
    """Answers as Prometheus does, with a content for each query, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[dict[str, list[str]]] = []
        self.tokens: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                place = urlparse(self.path)
                outer.asked.append(parse_qs(place.query) | {"path": [place.path]})
                outer.tokens.append(self.headers["Authorization"])
                content = outer.answers[outer.asked[-1]["query"][0]]
                self.send_response(200 if isinstance(content, list) else 400)
                self.end_headers()
                result = {"status": "success", "data": {"result": content}}
                said = result if isinstance(content, list) else content
                self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.source = Prometheus.model_validate(
            {
                "url": f"http://127.0.0.1:{self._server.server_address[1]}",
                "bad": "bad",
                "total": "total",
            }
        )

    def has(self, **series: list[tuple[datetime, str]]) -> None:
        for query, points in series.items():
            values = [[time.timestamp(), value] for time, value in points]
            self.answers[query] = [{"metric": {}, "values": values}]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_prometheus_is_asked_for_each_day(server: Server) -> None:
    server.has(
        bad=[(NOW, "2.5")], total=[(datetime(2026, 11, 22, 12, tzinfo=UTC), "50"), (NOW, "100")]
    )

    assert asked(server.source, NOW) == {SUNDAY: Day(50, 0), MONDAY: Day(97.5, 2.5)}
    first = server.asked[0]
    assert first["path"] == ["/api/v1/query_range"]
    assert (first["step"], first["end"]) == (["86400"], [str(NOW.timestamp())])


def test_days_without_traffic_have_no_events(server: Server) -> None:
    server.has(bad=[(NOW, "NaN")], total=[(NOW, "0")])

    assert asked(server.source, NOW) == {}


def test_no_series_means_no_events(server: Server) -> None:
    server.answers = {"bad": [], "total": []}

    assert asked(server.source, NOW) == {}


def test_a_token_is_taken_from_the_environment(server: Server, tmp_path: Path) -> None:
    server.has(bad=[], total=[])

    read(tmp_path, Source(prometheus=server.source), NOW, {"PROMETHEUS_TOKEN": "abc"})

    assert server.tokens == ["Bearer abc", "Bearer abc"]


def test_a_query_with_many_series_is_refused(server: Server) -> None:
    server.has(total=[])
    server.answers["bad"] = [{"metric": {}, "values": []}] * 3

    with pytest.raises(UserError, match=r"gives 3 series for 'bad', and one is needed: `sum\("):
        asked(server.source, NOW)


def test_a_query_that_is_wrong_is_refused_with_its_words(server: Server) -> None:
    server.answers["bad"] = {"status": "error", "error": "parse error: unexpected end"}

    with pytest.raises(UserError, match=r"refuses 'bad' \(parse error: unexpected end\)"):
        asked(server.source, NOW)


@pytest.mark.parametrize("answer", [b"<html>Log in</html>", b"[]", b'{"status": "well"}'])
def test_what_is_not_prometheus_is_refused(server: Server, answer: bytes) -> None:
    server.answers["bad"] = answer

    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:\d+/ "):
        asked(server.source, NOW)


def test_a_server_that_is_not_there_is_refused() -> None:
    nowhere = Prometheus.model_validate({"url": "http://127.0.0.1:9", "bad": "b", "total": "t"})

    with pytest.raises(UserError, match="gives no answer"):
        asked(nowhere, NOW)
