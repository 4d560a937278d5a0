"""Make the project's Git repository and hooks, where they are missing."""

import os
import re
from pathlib import Path

from keel.project.commands import must, output
from keel.project.errors import UserError

HOOKS = ".pre-commit-config.yaml"
USUAL = Path(".git/hooks")
CHECKS = re.compile(r"hook-impl|(pre-commit|prek) run|keel check")  # what a hook calls that guards
# pre-commit installs nothing where hooks have a setting, even if it says what is usual.
UNSET = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": ""}


def set_up(root: Path) -> list[str]:
    """Set up what is missing; returns a sentence for each thing done, and for hooks that can't be.

    A project in a folder of another repository stays in it, without hooks, since those are that
    repository's; one in a folder that the other repository ignores gets its own. A hook that was
    there is called by the new one.
    """
    hook = root / USUAL / "pre-commit"
    if guards(hook):
        return []  # the usual case, and a quick one
    done = []
    if not in_repository(root):
        must(root, "git", "init", "--quiet", "--initial-branch", "main")
        done.append("Made a Git repository.")
    if not (root / ".git").exists() or hooks(root) != USUAL:
        return done  # a worktree, or a person whose Git takes its hooks from elsewhere
    old = f", which call yours: {USUAL}/pre-commit.legacy" if hook.exists() else ""
    try:
        must(root, "pre-commit", "install", "--config", HOOKS, **UNSET)
    except UserError as error:  # a comfort, which stops nobody
        lines = [line for line in str(error).splitlines() if "rror" in line]
        return [
            *done,
            "No Git hooks: `uv run keel check` does what they would.",
            f"  {lines[-1] if lines else error}",
        ]
    return [*done, f"Installed the Git hooks{old}."]


def hooks(root: Path) -> Path:
    """Where Git takes the hooks of the repository from."""
    return Path(output(root, "git", "rev-parse", "--git-path", "hooks") or "")


def guards(hook: Path) -> bool:
    """Whether a hook is there, can be run and calls the checks: it may be somebody's own."""
    if not (hook.is_file() and os.access(hook, os.X_OK)):
        return False
    return bool(CHECKS.search(hook.read_text("utf-8", errors="replace")))


def in_repository(root: Path) -> bool:
    """Whether the folder is in a Git repository that does not ignore it."""
    if (root / ".git").exists():
        return True
    inside = output(root, "git", "rev-parse", "--is-inside-work-tree") == "true"
    return inside and output(root, "git", "check-ignore", ".") is None
