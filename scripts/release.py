"""Makes a release: version, changelog, commit and tag. `python release.py 1.2.3`."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r'^version = "(\d+)\.(\d+)\.(\d+)"', re.MULTILINE)
UNRELEASED = re.compile(r"^## Unreleased\n(.*?)^(?=## )", re.MULTILINE | re.DOTALL)


def main(root: Path, arguments: list[str]) -> None:
    """Make the release that the argument names. Exits with a sentence if it can't be made."""
    wanted = " ".join(arguments)
    parts = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", wanted)
    if not parts:
        sys.exit(f"error: {wanted!r} is not a version: write it as 1.2.3")
    if git(root, "status", "--porcelain"):
        sys.exit("error: there are changes without a commit: commit or stash them first")
    project, changelog = (root / name for name in ("pyproject.toml", "CHANGELOG.md"))
    text = project.read_text("utf-8")
    current = VERSION.search(text)
    if not current or tuple(map(int, parts.groups())) <= tuple(map(int, current.groups())):
        has = ".".join(current.groups()) if current else "none"
        sys.exit(f"error: {wanted} does not come after the version in {project.name}: {has}")
    news = UNRELEASED.search(changes := changelog.read_text("utf-8"))
    if not news or not re.search(r"^- ", news[1], re.MULTILINE):
        sys.exit(f'error: "## Unreleased" in {changelog.name} does not say what a user gets')

    heading = f"## {wanted} ({datetime.now(UTC).date()})\n"
    changelog.write_text(changes.replace("## Unreleased\n", heading, 1), "utf-8")
    project.write_text(VERSION.sub(f'version = "{wanted}"', text, count=1), "utf-8")
    git(
        root, "commit", "--quiet", "--message", f"Release {wanted}", *(project.name, changelog.name)
    )
    git(root, "tag", f"v{wanted}")
    print(f"Made v{wanted}. Publish it: git push origin HEAD v{wanted}. The tag must never move.")


def git(root: Path, *arguments: str) -> str:
    """What Git prints. Exits with what it says if it fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"error: git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    main(ROOT, sys.argv[1:])
