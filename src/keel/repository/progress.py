"""An update under way, as it is written down beside Git's own files, and the way back from it."""

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from keel.project.commands import must, output
from keel.project.errors import UserError
from keel.repository.merge import Result

BRANCH = "keel-update"
TRAILER = "Keel-Update"
STATE = "keel-update.json"


@dataclass(frozen=True)
class Update:
    """Where an update started, where it goes, and what came of it so far."""

    title: str
    to: str  # the revision
    back: str  # the branch or the commit to go back to
    head: str
    work: str  # the folder in which Copier works
    news: str = ""  # what the changelog says, and the new questions
    result: Result = field(default_factory=Result)


def begin(root: Path, title: str, to: str, work: Path) -> Update:
    """Write down that an update starts here."""
    head = must(root, "git", "rev-parse", "HEAD").strip()
    update = Update(title, to, branch(root) or head, head, str(work))
    write(root, update)
    return update


def under_way(root: Path) -> Update | None:
    """The update that waits on its branch, if there is one; a person may have left it."""
    update = read(root)
    return update if update and update.result.tree and branch(root) == BRANCH else None


def read(root: Path) -> Update | None:
    """The update that was begun, if there is one. Raises UserError outside of a repository."""
    if output(root, "git", "rev-parse", "--git-dir") is None:
        raise UserError(f"{root} is in no Git repository: uv run keel setup, then commit")
    file = git_path(root, STATE)
    if not file.exists():
        return None
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Update(**{**content, "result": Result(**content["result"])})


def write(root: Path, update: Update) -> None:
    """Write down how far it is."""
    file = git_path(root, STATE)
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps(asdict(update)), encoding="utf-8")
    beside.replace(file)


def clear(root: Path) -> None:
    """Forget the update, and the folder that it worked in, if it was killed."""
    if update := read(root):
        shutil.rmtree(Path(update.work).parent, ignore_errors=True)
    must(root, "git", "worktree", "prune")
    git_path(root, STATE).unlink(missing_ok=True)


def take_back(root: Path, update: Update) -> None:
    """Return to where the update started. Raises UserError if that would lose commits."""
    if branch(root) == BRANCH:
        ours = f"--grep=^{TRAILER}: "
        if must(root, "git", "rev-list", "--invert-grep", ours, f"{update.head}..HEAD"):
            raise UserError(
                f"{BRANCH} has commits: git switch {update.back} leaves it, "
                f"git branch --delete --force {BRANCH} throws them away"
            )
        git_path(root, "index.lock").unlink(missing_ok=True)  # of a Git that was killed
        _remove_what_came(root, update)
        must(root, "git", "reset", "--quiet", "--hard", update.head)
        detached = output(root, "git", "show-ref", f"refs/heads/{update.back}") is None
        how = ["--detach"] if detached else []
        must(root, "git", "switch", "--quiet", *how, update.back)
        must(root, "git", "branch", "--quiet", "--delete", "--force", BRANCH)
    clear(root)


def _remove_what_came(root: Path, update: Update) -> None:
    """Remove the new files, which Git does not know yet where it was killed."""
    for path, how in update.result.came.items():
        content = output(root, "git", "rev-parse", f"{update.result.tree}:./{path}")
        if how == "A" and output(root, "git", "hash-object", "--", path) == content:
            (root / path).unlink()


def has_work(root: Path, name: str, *, of_people: bool) -> bool:
    """Whether a branch has what is not here: commits, less those of updates if only people's count.

    A branch that was merged as one commit has nothing more, although Git does not know its commits.
    """
    mine = ("--invert-grep", f"--grep=^{TRAILER}: ") if of_people else ()
    if not output(root, "git", "log", "--format=%h", *mine, f"HEAD..{name}", "--"):
        return False
    merged = output(root, "git", "merge-tree", "--write-tree", "HEAD", name)
    return merged is None or merged != output(root, "git", "rev-parse", "HEAD^{tree}")


def branch(root: Path) -> str | None:
    """The branch that is checked out; None if a commit is."""
    return output(root, "git", "symbolic-ref", "--quiet", "--short", "HEAD")


def git_path(root: Path, name: str) -> Path:
    """Where Git keeps a file of its own."""
    return root / must(root, "git", "rev-parse", "--git-path", name).strip()
