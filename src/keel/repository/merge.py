"""Copier's update of a project, in a folder of its own, and what came of it, told in full.

The team's working tree stays as it is: the result is a tree of Git's, which `bring` takes over.
"""

import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from keel.project.commands import must
from keel.project.errors import UserError
from keel.repository import source, vendor
from keel.repository.template import ANSWERS, COPIER, Origin, Template
from keel.repository.upgrade import day, with_day

# Whatever a person has set: this is what the rest relies on, in Copier's calls of Git too.
SETTINGS = {
    "core.autocrlf": "false",
    "core.hooksPath": "/dev/null",
    "core.quotePath": "false",
    "core.safecrlf": "false",
    "merge.conflictStyle": "merge",
    "commit.gpgSign": "false",
    "diff.noprefix": "false",
    "status.showUntrackedFiles": "normal",
}
Files = Mapping[str, bytes]  # contents by their paths, with the line ends of Unix
GIT = {
    "GIT_CONFIG_COUNT": str(len(SETTINGS)),
    **{f"GIT_CONFIG_KEY_{n}": name for n, name in enumerate(SETTINGS)},
    **{f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(SETTINGS.values())},
}


@dataclass(frozen=True)
class Result:
    """What an update made of a project; paths start at the project."""

    tree: str = ""  # of the whole repository; empty while Copier works
    stages: list[str] = field(default_factory=list)  # of files in conflict, as the index has them
    came: dict[str, str] = field(default_factory=dict)  # A added, M modified, D deleted
    conflicts: dict[str, str] = field(default_factory=dict)  # why a person has to decide
    lost: dict[str, str] = field(default_factory=dict)  # a line of the team's that is gone
    both: list[str] = field(default_factory=list)  # changed by both sides, and merged
    left: list[str] = field(default_factory=list)  # changed by Keel, and as the team has them


@dataclass(frozen=True)
class Step:
    """From one revision and answers of the template to others."""

    template: Template
    origin: Origin
    old: str
    new: str
    changed: dict[str, str]


def merge(root: Path, step: Step, work: Path) -> Result:
    """Have Copier update a copy of the project in the folder `work`, and look at what it did.

    Raises UserError if Copier can't, or if the new answers would take edited files away.
    """
    head = must(root, "git", "rev-parse", "HEAD").strip()
    prefix = must(root, "git", "rev-parse", "--show-prefix").strip()
    must(root, "git", "worktree", "add", "--quiet", "--detach", str(work), head, **GIT)
    project = work / prefix
    folders = _renderings(step, work.parent)
    before, fresh, after = map(_files, folders)
    if step.changed and (losses := _would_lose(project, before, fresh, after)):
        raise UserError(
            f"with these answers files would go that you changed: {', '.join(losses)}. Move "
            "elsewhere what you need of them, `git rm` them, commit, and run this again"
        )
    own = _settle(project, before)
    start = must(project, "git", "rev-parse", "HEAD").strip()
    _update(project, step)
    if step.changed:
        _switch(project, fresh, after, folders[-1])
    result = _look(project, prefix, start, before, after)
    _unsettle(project, own, step)
    tree = _tree(project)
    return replace(result, tree=tree, came=_differences(project, head, tree))


def bring(root: Path, result: Result, *, stages: bool) -> None:
    """Take a result over into the working tree and the index.

    Raises UserError, and changes nothing, where a file that Git does not know is in the way.
    """
    in_the_way = [
        path for path, how in result.came.items() if how == "A" and (root / path).exists()
    ]
    if in_the_way:
        raise UserError(
            f"{in_the_way[0]} is new in Keel, and the one here, which Git ignores, is in its way: "
            "rename it"
        )
    must(root, "git", "read-tree", "-m", "-u", "HEAD", result.tree)
    if stages and result.stages:
        paths = sorted({line.partition("\t")[2] for line in result.stages})
        lines = [*(f"0 {'0' * 40}\t{path}" for path in paths), *result.stages, ""]
        subprocess.run(
            ["git", "update-index", "--index-info"],
            cwd=must(root, "git", "rev-parse", "--show-toplevel").strip(),
            input="\n".join(lines).encode(errors="surrogateescape"),
            check=True,
        )


def _renderings(step: Step, folder: Path) -> list[Path]:
    """What the template makes: before, of the new revision, and of that with the new answers."""
    answers = step.origin.answers
    wanted = [(step.old, answers), (step.new, answers), (step.new, answers | step.changed)]
    different = [pair for number, pair in enumerate(wanted) if wanted.index(pair) == number]

    def render(number: int) -> Path:
        return step.template.render(*different[number], folder / f"rendering-{number}")

    with ThreadPoolExecutor() as threads:  # Copier takes a second for each
        made = [*threads.map(render, range(len(different)))]
    return [made[different.index(pair)] for pair in wanted]


def _files(folder: Path) -> Files:
    return {
        path.relative_to(folder).as_posix(): _plain(path)
        for path in folder.rglob("*")
        if path.is_file()
    }


def _would_lose(project: Path, before: Files, fresh: Files, after: Files) -> list[str]:
    """The files that the new answers take away, and that the team has changed."""
    return [
        path
        for path in fresh.keys() - after.keys()
        if (project / path).is_file()
        and _plain(project / path) not in (before.get(path), fresh[path])
    ]


def _settle(project: Path, before: Files) -> tuple[list[str], str | None]:
    """Undo in a commit what verbs write into `pyproject.toml`, so that it does not collide.

    Returns where the library comes from now, if not from the template, and the day of packages.
    """
    text = source.read(project)
    elsewhere, until = source.elsewhere(text), day(text)
    settled = source.pointed_back(text)
    if until and (theirs := day(before["pyproject.toml"].decode())):
        settled = with_day(settled, theirs)
    if settled != text:
        source.write(project, settled)
        must(project, "git", "commit", "--quiet", "--all", "--message", "Settle", **GIT)
    return elsewhere, until


def _unsettle(project: Path, own: tuple[list[str], str | None], step: Step) -> None:
    """Write what verbs had written again, where that still holds: the later day counts."""
    elsewhere, until = own
    text = source.read(project)
    keels = day(text)
    if until and keels:
        text = with_day(text, max(until, keels) if until[:4].isdigit() else until)
    source.write(project, text)
    if any(line.startswith(f'path = "{vendor.FOLDER}/') for line in elsewhere):
        vendor.take(project, step.template.checkout(step.new))
    elif elsewhere:
        source.write(project, source.pointed(text, elsewhere))


def _update(project: Path, step: Step) -> None:
    answers = [f"--data={name}={value}" for name, value in step.changed.items()]
    command = ("update", "--quiet", "--defaults", "--vcs-ref", step.new, *answers)
    try:
        must(project, *COPIER, *command, **GIT)
    except UserError as error:
        cause = str(error).strip().rpartition("\n")[2]
        raise UserError(f"Copier can't update the project: {cause}") from error


def _switch(project: Path, fresh: Files, after: Files, folder: Path) -> None:
    """Bring what other answers make of seeds, which Copier's update leaves out.

    What the team has changed stays.
    """
    for path in (after.keys() | fresh.keys()) - {ANSWERS}:
        old, new = fresh.get(path), after.get(path)
        now = _plain(project / path) if (project / path).is_file() else None
        if old == new or now != old:
            continue
        if new is None:
            (project / path).unlink()
        else:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / path, project / path)


def _look(project: Path, prefix: str, start: str, before: Files, after: Files) -> Result:
    """What became of the project, beside what it was at the commit `start`."""
    stages = must(project, "git", "ls-files", "--unmerged", "--full-name", "-z").split("\0")[:-1]
    touched = _differences(project, start, _tree(project))
    conflicts = _reasons(prefix, stages, before)
    changed = {
        path
        for path in (before.keys() | after.keys()) - {ANSWERS}
        if before.get(path) != after.get(path)
    }
    team = {path: _blob(project, start, path) for path in changed if _has(project, start, path)}
    merged = {path for path in changed & touched.keys() if touched[path] == "M"} - conflicts.keys()
    left = {path for path in changed - touched.keys() if path in after}
    gone = {
        path: _gone(project, start, path, before)
        for path in touched.keys() - conflicts.keys() - {ANSWERS}
        if touched[path] != "A"
    }
    return Result(
        stages=stages,
        conflicts=conflicts,
        lost={path: line for path, line in gone.items() if line},
        both=sorted(path for path in merged if team[path] != before.get(path)),
        left=sorted(
            path if path in team else f"{path} (not in your project)"
            for path in left
            if team.get(path) != after[path]
        ),
    )


def _tree(project: Path) -> str:
    """The repository with the project as it stands now, as a tree of Git's."""
    must(project, "git", "add", "--all", "--force", ".", **GIT)
    return must(project, "git", "write-tree").strip()


def _gone(project: Path, commit: str, path: str, before: Files) -> str:
    """A line that the team had written in a file and that is gone; empty if there is none."""
    file = project / path
    now = _plain(file) if file.is_file() else b""
    written = _lines(_blob(project, commit, path)) - _lines(before.get(path, b""))
    gone = [line for line in written - _lines(now) if line.strip()]
    return gone[0].decode(errors="replace") if gone else ""


def _reasons(prefix: str, stages: list[str], before: Files) -> dict[str, str]:
    """Why each of the files in conflict waits for a decision."""
    paths = {line.partition("\t")[2].removeprefix(prefix) for line in stages}
    changed, added = "you and Keel changed the same lines", "you and Keel both added it"
    return {path: changed if path in before else added for path in sorted(paths)}


def _differences(project: Path, commit: str, tree: str) -> dict[str, str]:
    """The paths of the project that differ, and how."""
    options = ("diff-tree", "-r", "--name-status", "--no-renames", "--relative", "-z")
    parts = must(project, "git", *options, commit, tree).split("\0")
    return dict(zip(parts[1::2], parts[0:-1:2], strict=True))


def _has(project: Path, commit: str, path: str) -> bool:
    return bool(must(project, "git", "ls-tree", commit, "--", path))


def _blob(project: Path, commit: str, path: str) -> bytes:
    """The content of a file in a commit. Raises UserError if it can't be read."""
    text = must(project, "git", "cat-file", "blob", f"{commit}:./{path}")
    return text.encode(errors="surrogateescape").replace(b"\r\n", b"\n")


def _plain(file: Path) -> bytes:
    return file.read_bytes().replace(b"\r\n", b"\n")


def _lines(text: bytes) -> Counter[bytes]:
    return Counter(text.splitlines())
