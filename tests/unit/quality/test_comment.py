"""One comment below a request to merge, on a host that is played by a server of our own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer

import pytest

from keel.project.errors import UserError
from keel.quality.page.comment import LONGEST, MARK, PAGE, Request, comment, request_of, write

GITHUB = {
    "GITHUB_REF": "refs/pull/12/merge",
    "GITHUB_REPOSITORY": "us/ours",
    "GITHUB_API_URL": "https://api.example.com",
    "GH_TOKEN": "secret",
}
GITLAB = {
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_MERGE_REQUEST_PROJECT_ID": "7",
    "CI_MERGE_REQUEST_IID": "12",
    "KEEL_COMMENT_TOKEN": "secret",
}


class Host(ThreadingTCPServer):
    """Keeps comments, two to a page, as GitHub and GitLab do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: dict[int, str] = {}
        self.asked: list[str] = []
        self.refuses = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/comments"

    @property
    def request(self) -> Request:
        return Request(self.url, self.url, "PATCH", {"Authorization": "Bearer secret"})


class Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        page = int(self.path.partition("&page=")[2] or 1)
        some = list(self.server.comments.items())[2 * page - 2 : 2 * page]
        more = f'<{self.server.url}?per_page=100&page={page + 1}>; rel="next"'
        self._answer(200, [{"id": key, "body": body} for key, body in some], more if some else "")

    def do_POST(self) -> None:
        self._write(len(self.server.comments) + 1)

    def do_PATCH(self) -> None:
        self._write(int(self.path.rpartition("/")[2]))

    def _write(self, number: int) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refuses or self.headers["Authorization"] != "Bearer secret":
            return self._answer(403, {"message": "Resource not accessible by integration"})
        self.server.asked.append(self.command)
        self.server.comments[number] = sent["body"]
        return self._answer(200, {"id": number})

    def _answer(self, status: int, content: object, link: str = "") -> None:
        self.send_response(status)
        if link:
            self.send_header("Link", link)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()


def test_the_second_run_changes_the_comment_of_the_first(host: Host) -> None:
    host.comments = {1: "Nice.", 2: "Why?", 3: f"As I said:\n{MARK}"}

    said = [write(host.request, f"{MARK}\nred"), write(host.request, f"{MARK}\ngreen")]

    assert said == ["Wrote a comment.", "The comment is up to date."]
    assert host.asked == ["POST", "PATCH"]
    assert host.comments[4] == f"{MARK}\ngreen"
    assert len(host.comments) == 4


def test_who_may_not_write_is_told_and_not_stopped(host: Host) -> None:
    host.refuses = True

    assert "No comment: Client error '403 Forbidden'" in write(host.request, "green")


def test_a_host_that_does_not_answer_stops_nothing() -> None:
    nowhere = Request("http://127.0.0.1:9/comments", "", "PATCH", {})

    assert write(nowhere, "green").startswith("No comment: ")


def test_github_is_told_by_number() -> None:
    request = request_of(GITHUB)

    assert request == Request(
        "https://api.example.com/repos/us/ours/issues/12/comments",
        "https://api.example.com/repos/us/ours/issues/comments",
        "PATCH",
        {"Authorization": "Bearer secret"},
    )


def test_gitlab_is_told_by_number() -> None:
    notes = "https://gitlab.example.com/api/v4/projects/7/merge_requests/12/notes"

    assert request_of(GITLAB) == Request(notes, notes, "PUT", {"PRIVATE-TOKEN": "secret"})


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {**GITHUB, "GH_TOKEN": ""},
        {**GITHUB, "GITHUB_REF": "refs/heads/main"},
        {**GITLAB, "KEEL_COMMENT_TOKEN": ""},
    ],
)
def test_elsewhere_there_is_nothing_to_comment(environment: dict[str, str]) -> None:
    assert request_of(environment) is None


def test_a_long_page_is_cut(tmp_path: Path, host: Host) -> None:
    (tmp_path / PAGE).parent.mkdir()
    (tmp_path / PAGE).write_text("ä" * 100_000, encoding="utf-8")
    url = host.url.removesuffix("/comments")
    host.comments = {12: "Nice."}

    comment(tmp_path, {**GITHUB, "GITHUB_API_URL": url})

    (written,) = [body for body in host.comments.values() if body.startswith(MARK)]
    assert LONGEST < len(written) < LONGEST + 100
    assert written.endswith("see the page itself.")


def test_without_a_page_it_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`uv run keel scorecard` writes it"):
        comment(tmp_path, GITHUB)
