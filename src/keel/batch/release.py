"""Which release holds a model: the tags of releases say so, by its hash."""

from pathlib import Path

from keel.project.commands import output
from keel.releasing import versions as tags
from keel.releasing.versions import VERSION, number, plain

FORM = "%(refname:strip=2)%00%(contents)%01"


def release_of(root: Path, sha256: str) -> str | None:
    """The latest version with this model; None if it was not released, or outside of Git."""
    name = tags.artifact(root)
    lines = output(root, "git", "for-each-ref", f"--format={FORM}", f"refs/tags/{name}@*") or ""
    versions = []
    for entry in lines.split("\1"):
        tag, _, message = entry.strip().partition("\0")
        version = tag.removeprefix(f"{name}@")
        if VERSION.fullmatch(version) and f"model.sha256: {sha256}" in message.splitlines():
            versions.append(plain(version))
    return max(versions, key=number, default=None)
