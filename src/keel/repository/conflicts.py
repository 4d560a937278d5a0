"""What a merge leaves where a person has to decide: markers in files, and rejected parts."""

from collections.abc import Iterator
from pathlib import Path

from keel.project.commands import output


def conflicts(root: Path) -> Iterator[str]:
    """Each place, as file:line or as the name of a file that `git apply` or Copier rejected."""
    if output(root, "git", "rev-parse", "--git-dir") is None:
        return
    marked = output(
        root, "git", "grep", "--untracked", "-n", "-I", "-E", r"^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|) "
    )
    for line in (marked or "").splitlines():
        file, number, _ = line.split(":", 2)
        yield f"{file}:{number}"
    rejected = output(
        root, "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.rej"
    )
    yield from (rejected or "").splitlines()
