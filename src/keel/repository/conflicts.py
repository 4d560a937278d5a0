"""What a merge leaves where a person has to decide: markers in files, and rejected parts."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from keel.project.commands import GIT, must, output
from keel.project.errors import UserError

MARKERS = r"^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|) "


def conflicts(root: Path) -> Iterator[str]:
    """Each place, as file:line or as the name of a file that `git apply` or Copier rejected.

    Raises UserError if Git can't look.
    """
    if output(root, "git", "rev-parse", "--git-dir") is None:
        return
    yield from _marked(root)
    listed = must(root, "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.rej")
    yield from listed.splitlines()


def told(root: Path) -> str:
    """The places, and what to do there; nothing if there are none."""
    places = "".join(f"\n  {place}" for place in conflicts(root))
    return places and f"a merge left conflicts: fix them, then `git add` the files{places}"


def _marked(root: Path) -> Iterator[str]:
    command = [*GIT, "grep", "--untracked", "-n", "-I", "-E", MARKERS]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode > 1:  # 1 is nothing found
        raise UserError(f"git grep failed: {done.stderr.decode(errors='replace').strip()}")
    for line in done.stdout.decode(errors="replace").splitlines():
        yield re.sub(r":[<>|]{7} .*", "", line)
