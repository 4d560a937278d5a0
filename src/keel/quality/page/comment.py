"""The quality page below a request to merge, in one comment that is kept current.

Only CI can do this. Without a token, as for a request from a fork, it says so and stops nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keel.project.errors import UserError, reason

PAGE = "reports/scorecard.md"
MARK = "<!-- keel: the quality page -->"  # by which the comment is found again
LONGEST = 60_000  # characters; GitHub takes 65,536
SECONDS = 20.0  # for an answer


@dataclass(frozen=True)
class Request:
    """A request to merge, as the interface of its host has it."""

    comments: str  # the URL of all of them
    comment: str  # and of one, but for its number
    method: str  # that changes one
    headers: Mapping[str, str]


def comment(root: Path, environment: Mapping[str, str]) -> str:
    """Write the comment, or bring it up to date; says what was done, or why not.

    Raises UserError if there is no page.
    """
    page = root / PAGE
    if not page.is_file():
        raise UserError(f"there is no {PAGE}: `uv run keel scorecard` writes it")
    request = request_of(environment)
    if request is None:
        return "No comment: there is no request to merge here, or no token for it."
    text = page.read_text(encoding="utf-8")
    cut = f"{text[:LONGEST]}\n\n… and more: see the page itself." if len(text) > LONGEST else text
    return write(request, f"{MARK}\n{cut}")


def request_of(environment: Mapping[str, str]) -> Request | None:
    """The request that GitHub's or GitLab's CI runs for, if there is a token."""
    get = environment.get
    number = re.fullmatch(r"refs/pull/(\d+)/merge", get("GITHUB_REF", ""))
    if number and (token := get("GH_TOKEN")):
        issues = f"{get('GITHUB_API_URL')}/repos/{get('GITHUB_REPOSITORY')}/issues"
        return Request(
            f"{issues}/{number[1]}/comments",
            f"{issues}/comments",
            "PATCH",
            {"Authorization": f"Bearer {token}"},
        )
    merge, token = get("CI_MERGE_REQUEST_IID"), get("KEEL_COMMENT_TOKEN")
    if merge and token:
        project = f"{get('CI_API_V4_URL')}/projects/{get('CI_MERGE_REQUEST_PROJECT_ID')}"
        notes = f"{project}/merge_requests/{merge}/notes"
        return Request(notes, notes, "PUT", {"PRIVATE-TOKEN": token})
    return None


def write(request: Request, body: str) -> str:
    """Change the comment, or write the first one; says what was done, or why not."""
    import httpx  # slow to import, and only needed here

    try:
        with httpx.Client(headers=dict(request.headers), timeout=SECONDS) as client:
            number = next(_ours(client, request.comments), None)
            method = request.method if number else "POST"
            url = f"{request.comment}/{number}" if number else request.comments
            client.request(method, url, json={"body": body}).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        return f"No comment: {reason(error)}"
    return "The comment is up to date." if number else "Wrote a comment."


def _ours(client: Any, url: str) -> Iterator[int]:
    """The numbers of the comments that this wrote, page by page."""
    following: str | None = f"{url}?per_page=100"
    while following:
        answer = client.get(following).raise_for_status()
        for comment in answer.json():
            if comment["body"].startswith(MARK):
                yield int(comment["id"])
        following = answer.links.get("next", {}).get("url")
