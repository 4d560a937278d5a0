"""Brings the difference between two renderings of the template into a project.

Git merges three trees: the old rendering, the new one and the project. So it follows files that
either side renamed, and where both changed the same lines it keeps both and says so.
"""

import shutil
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from keel.project.commands import must
from keel.project.errors import UserError
from keel.repository.template import ANSWERS
from keel.repository.upgrade import day, set_day

GIT = ("git", "-c", "core.quotePath=false", "-c", "core.safecrlf=false")
# Whatever a person has set: this is what the rest relies on.
MERGE = ("-c", "merge.renames=true", "-c", "merge.conflictStyle=merge", "-c", "rerere.enabled=no")
# Two files that are less alike are not one that was renamed.
STRATEGY = ("--strategy=ort", "-Xfind-renames=70%", "-Xrenormalize")
KEEL = {
    "GIT_AUTHOR_NAME": "Keel",
    "GIT_AUTHOR_EMAIL": "",
    "GIT_COMMITTER_NAME": "Keel",
    "GIT_COMMITTER_EMAIL": "",
}
WHY = {
    "UD": "Keel no longer has it, and you changed it",
    "AA": "you and Keel both added it",
    "UU": "you and Keel changed the same lines",
}


@dataclass(frozen=True)
class Change:
    """What Keel changed since a project was made or last updated, as commits without a branch."""

    before: str  # the old rendering
    after: str  # the new one

    def of_keel(self, root: Path) -> dict[str, str]:
        """The paths that differ between the renderings: A added, M modified, D deleted."""
        return _differences(root, self.before, self.after)

    def of_team(self, root: Path, head: str) -> dict[str, str]:
        """The paths that the team has added, modified or deleted."""
        return _differences(root, self.before, head)

    def would_lose(self, root: Path) -> list[str]:
        """The files that the team changed and the new rendering does not have."""
        team, keel = self.of_team(root, "HEAD"), self.of_keel(root)
        return [path for path, how in keel.items() if how == "D" and team.get(path) == "M"]


def change(root: Path, before: Path, after: Path, title: str, points: list[str]) -> Change:
    """The change from one rendering to another, less what the project decides by itself.

    `points` are the patterns of the extension points. The two folders are changed.
    """
    _take_over(root, before, after, points)
    old = must(root, "git", "commit-tree", "-m", "Keel", _tree(root, before), **KEEL).strip()
    tree = _tree(root, after)
    new = must(root, "git", "commit-tree", "-m", title, "-p", old, tree, **KEEL).strip()
    return Change(old, new)


def merge(root: Path, change: Change) -> dict[str, str]:
    """Merge a change into the working tree and the index; returns the conflicts and why.

    What the team deleted stays deleted. Raises UserError if nothing could be merged.
    """
    said = ""
    try:
        must(root, *GIT, *MERGE, "cherry-pick", "--no-commit", *STRATEGY, change.after)
    except UserError as error:
        said = str(error)
    found = unmerged(root)
    if said and not found:
        raise UserError(said)
    for path in [path for path, how in found.items() if how == "DU"]:
        must(root, *GIT, "rm", "--quiet", "--force", "--", path)
        del found[path]
    return {path: WHY.get(how, "renamed on one side or both") for path, how in found.items()}


def unmerged(root: Path) -> dict[str, str]:
    """The paths with conflicts, and Git's two letters for what each side did."""
    prefix = must(root, *GIT, "rev-parse", "--show-prefix").strip()
    status = must(root, *GIT, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=no")
    entries = {entry[3:].removeprefix(prefix): entry[:2] for entry in status.split("\0") if entry}
    return {path: how for path, how in entries.items() if "U" in how or how in ("AA", "DD")}


def marked(root: Path, paths: list[str]) -> list[str]:
    """The files among these that still have conflict markers."""
    start, end = (b"<<<<<<< ", b">>>>>>> ")
    lines = {path: (root / path).read_bytes() for path in paths if (root / path).is_file()}
    return [
        path
        for path, text in lines.items()
        if any(text.startswith(mark) or b"\n" + mark in text for mark in (start, end))
    ]


def lost(root: Path, change: Change, head: str) -> dict[str, list[str]]:
    """The lines that the team had written up to `head` and that are nowhere in their file now."""
    touched = _differences(root, head)
    by_keel = _renamed(root, change.before, change.after)
    by_team = {new: old for old, new in _renamed(root, change.before, head).items()}
    found = {}
    for path, how in change.of_team(root, head).items():
        if how == "D" or path not in touched:
            continue
        places = (path, by_keel.get(by_team.get(path, path), path))
        now = next((root / place for place in places if (root / place).is_file()), None)
        written = _lines(root, head, path) - _lines(root, change.before, by_team.get(path, path))
        left = Counter(now.read_bytes().splitlines()) if now else Counter[bytes]()
        if gone := written - left:
            found[path] = [line.decode(errors="replace") for line in gone.elements()]
    return found


def _lines(root: Path, commit: str, path: str) -> Counter[bytes]:
    try:
        text = must(root, *GIT, "show", f"{commit}:./{path}")
    except UserError:  # it was not there
        return Counter()
    return Counter(text.encode(errors="surrogateescape").splitlines())


def _differences(root: Path, one: str, other: str = "") -> dict[str, str]:
    """The paths that differ between two commits, or from a commit to the files as they are."""
    options = ("diff", "--name-status", "--no-renames", "--relative", "-z")
    commits = [one, other] if other else [one]
    parts = must(root, *GIT, *options, *commits, "--", ".").split("\0")
    return dict(zip(parts[1::2], parts[0:-1:2], strict=True))


def _renamed(root: Path, one: str, other: str) -> dict[str, str]:
    """The paths that were renamed from one commit to the other, with the new ones."""
    command = ("diff", "--name-status", "--find-renames=70%", "--diff-filter=R", "--relative", "-z")
    parts = must(root, *GIT, *command, one, other, "--", ".").split("\0")
    return dict(zip(parts[1::3], parts[2::3], strict=False))


def _take_over(root: Path, before: Path, after: Path, points: list[str]) -> None:
    """Make the renderings equal in what the project decides by itself."""
    shutil.copyfile(root / ANSWERS, before / ANSWERS)
    tracked = must(root, *GIT, "ls-files", "-z").split("\0")
    for file in [file for file in after.rglob("*") if file.is_file()]:
        path = file.relative_to(after)
        is_point = any(fnmatch(path.as_posix(), pattern) for pattern in points)
        if is_point and not (root / path).exists():
            (before / path).unlink(missing_ok=True)  # so it comes in again
        elif is_point:
            (before / path).parent.mkdir(parents=True, exist_ok=True)
            for folder in (before, after):
                shutil.copyfile(root / path, folder / path)
        elif path.as_posix() not in tracked and (root / path).exists():
            if not (before / path).exists():
                raise UserError(
                    f"{path} is new in Keel, and the one here, which Git ignores, is in its way: "
                    "rename it"
                )
            shutil.copyfile(before / path, file)  # the team keeps it out of Git
    ours, keels = day(root), day(after)
    if ours and keels and day(before):  # `keel upgrade` moves it as well: the later one counts
        set_day(before, ours)
        set_day(after, max(ours, keels) if ours[:4].isdigit() else ours)


def _tree(root: Path, folder: Path) -> str:
    """The commit of the project with a rendering in its place, as a tree of Git's."""
    git = {
        "GIT_DIR": must(root, "git", "rev-parse", "--absolute-git-dir").strip(),
        "GIT_INDEX_FILE": str(folder.with_suffix(".index")),
    }
    must(folder, *GIT, "add", "--all", "--force", ".", GIT_WORK_TREE=str(folder), **git)
    tree = must(folder, "git", "write-tree", **git).strip()
    prefix = must(root, "git", "rev-parse", "--show-prefix").strip()
    if not prefix:
        return tree
    # A folder of a larger repository: the rest stays as it is.
    must(folder, "git", "read-tree", "HEAD", **git)
    must(folder, "git", "rm", "-r", "--quiet", "--cached", "--ignore-unmatch", prefix, **git)
    must(folder, "git", "read-tree", f"--prefix={prefix}", tree, **git)
    return must(folder, "git", "write-tree", **git).strip()
