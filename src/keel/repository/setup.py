"""Make the project's Git repository and hooks, where they are missing."""

from pathlib import Path

from keel.project.commands import must, output

HOOKS = ".pre-commit-config.yaml"


def set_up(root: Path) -> list[str]:
    """Set up what is missing; returns a sentence for each thing done.

    A project in a folder of another repository stays in it, without hooks, since those are that
    repository's; one in a folder that the other repository ignores gets its own.
    """
    if (root / ".git/hooks/pre-commit").exists():
        return []  # the usual case, and a quick one
    done = []
    if not in_repository(root):
        must(root, "git", "init", "--quiet", "--initial-branch", "main")
        done.append("Made a Git repository.")
    if not (root / ".git").exists():
        return done
    if output(root, "git", "rev-parse", "--git-path", "hooks") != ".git/hooks":
        return done  # a worktree, or a person whose Git takes its hooks from elsewhere
    must(root, "pre-commit", "install", "--config", HOOKS)
    return [*done, "Installed the Git hooks."]


def in_repository(root: Path) -> bool:
    """Whether the folder is in a Git repository that does not ignore it."""
    if (root / ".git").exists():
        return True
    inside = output(root, "git", "rev-parse", "--is-inside-work-tree") == "true"
    return inside and output(root, "git", "check-ignore", ".") is None
