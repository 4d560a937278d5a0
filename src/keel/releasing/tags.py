"""Git's tags in the format of GTO, in which versions and deployments are recorded.

`model@v1.2.0` is a version, `model#production#3` says that the third event was a deployment to
production; with a `!` behind, it was taken back. A project in a folder of a repository has that
folder in front. They are read and written here, since GTO takes a second to import.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from keel.project.commands import must, output
from keel.project.errors import UserError

FORM = "%(refname:strip=2)%09%(*objecttype)%09%(*objectname)%09%(taggerdate:unix)%09"
WHO = "%(taggername) %(taggeremail)"
EVENT = re.compile(r"(?P<kind>[@#])(?P<what>[^#!]+)(?P<ends>!?)(#(?P<number>[0-9]{1,9}))?")


class Event(NamedTuple):
    """That a version came to be (`@`), that one went to an environment (`#`), or the end of it."""

    tag: str
    kind: str
    what: str  # v1.2.0 or production
    ends: bool
    number: int  # of all of the model's; 0 for a version without
    commit: str
    at: datetime
    by: str = ""


def top(root: Path) -> Path:
    """The folder of the repository. Raises UserError outside of Git."""
    folder = output(root, "git", "rev-parse", "--show-toplevel")
    if folder is None:
        raise UserError(f"{root} is not in Git: `uv run keel setup` makes a repository")
    return Path(folder)


def artifact(root: Path) -> str:
    """What the model is called in tags: `model`, or `folder=model` in a folder of a repository."""
    folder = (output(root, "git", "rev-parse", "--show-prefix") or "").rstrip("/")
    return f"{folder}=model" if folder else "model"


def remote_of(root: Path) -> str | None:
    """The name of the repository that the team shares, if there is one."""
    names = (output(root, "git", "remote") or "").split()
    return "origin" if "origin" in names else next(iter(names), None)


def fetch(root: Path) -> None:
    """Get the tags that others recorded."""
    if remote := remote_of(root):
        tags = (f"refs/tags/{artifact(root)}{kind}*" for kind in "@#")
        must(root, "git", "fetch", "--quiet", "--no-tags", remote, *(f"{t}:{t}" for t in tags))


def events(root: Path) -> list[Event]:
    """What is recorded here, in its order. Raises UserError outside of Git."""
    top(root)
    model = artifact(root)
    lines = must(root, "git", "for-each-ref", f"--format={FORM}{WHO}", f"refs/tags/{model}[#@]*")
    return parsed(lines.splitlines(), model)


def parsed(lines: Iterable[str], model: str) -> list[Event]:
    """The events in lines of `git for-each-ref`, by number, since the clocks of machines differ.

    A tag without a message is none of GTO's, and one with an impossible time is not counted.
    """
    known = []
    for line in lines:
        tag, kind, commit, seconds, who = line.split("\t")
        event = EVENT.fullmatch(tag.removeprefix(model))
        at = time(seconds)
        if event and kind == "commit" and at:
            number, ends = int(event["number"] or 0), bool(event["ends"])
            known.append(Event(tag, event["kind"], event["what"], ends, number, commit, at, who))
    return sorted(known, key=lambda event: event.number)


def record(root: Path, tag: str, revision: str, message: str) -> str:
    """Make a tag here and on the remote, or not at all; returns it.

    What only one person knows is no record, so it is taken back where the remote does not take it.
    """
    must(root, "git", "tag", "--annotate", "--cleanup=whitespace", "-m", message, tag, revision)
    remote = remote_of(root)
    if remote is None:
        return tag
    try:
        must(root, "git", "push", "--quiet", remote, f"refs/tags/{tag}")
    except BaseException as error:
        output(root, "git", "tag", "--delete", tag)
        if not isinstance(error, UserError):
            raise
        raise UserError(
            f"{tag} is not recorded, since {remote} did not take it; was somebody quicker? "
            f"`git fetch --tags {remote}` shows that; then type it again.\n{error}"
        ) from error
    return tag


def time(seconds: str) -> datetime | None:
    """The time that Git writes as seconds since 1970; None for an impossible one."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
