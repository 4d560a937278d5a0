"""Whatever a team and Keel edit: each line of the team's is in place, or a person is asked."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import must
from edits import Edit, edits
from hypothesis import given, note, settings
from updates import ANSWERS, CHASSIS, NEXT, copy, releases

sys.path.insert(0, str(CHASSIS))
merge = import_module("chassis.merge")  # Keel's own code, as it stands in the template

EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
MARKS = (b"<<<<<<< ", b"=======", b">>>>>>> ")


@dataclass
class Tried:
    """What came of all examples, for `nox -s updates` to print."""

    edits: int = 0
    updates: int = 0
    lines: int = 0
    lost: int = 0
    conflicts: int = 0
    announced: int = 0


@pytest.fixture(scope="module")
def tried() -> Iterator[Tried]:
    total = Tried()
    yield total
    if report := os.environ.get("REPORT"):
        Path(report).write_text(
            f"{total.edits} edits in {total.updates} updates: {total.lines} lines of the team's, "
            f"{total.lost} lost; {total.conflicts} updates with a conflict, "
            f"{total.announced} announced\n"
        )


@dataclass(frozen=True)
class Versions:
    """A project as the team has it, and two renderings of the template."""

    team: Path
    before: Path
    after: Path


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts and path.name != ANSWERS
    }


def written(before: dict[str, bytes], team: dict[str, bytes]) -> dict[str, Counter[bytes]]:
    """The lines that the team wrote in each of its files, which may have a new name."""
    keels = sum((lines(text) for text in before.values()), Counter[bytes]())
    return {
        path: lines(text) - (lines(before[path]) if path in before else keels)
        for path, text in team.items()
    }


def lines(text: bytes) -> Counter[bytes]:
    return Counter(text.splitlines())


def merged(versions: Versions) -> dict[str, str]:
    """Merge the renderings into the project; returns the conflicts."""
    difference = merge.change(versions.team, versions.before, versions.after, "Keel", [])
    conflicts: dict[str, str] = merge.merge(versions.team, difference)
    return conflicts


def check(versions: Versions, tried: Tried, announced_before: dict[str, bytes]) -> None:
    """The promise, from the files alone."""
    before, after = files(versions.before), files(versions.after)
    team = announced_before
    conflicts = merged(versions)
    now = files(versions.team)
    note(f"conflicts: {conflicts}")

    tried.updates += 1
    tried.conflicts += bool(conflicts)
    status = must(versions.team, "git", "ls-files", "--unmerged")
    assert bool(status) == bool(conflicts)
    tried.announced += bool(conflicts)

    everywhere = sum((lines(text) for text in now.values()), Counter[bytes]())
    for path, ours in written(before, team).items():
        tried.lines += ours.total()
        place = lines(now[path]) if path in now else everywhere  # where Keel renamed the file
        gone = ours - place
        tried.lost += gone.total()
        assert not gone, f"{path} lost {list(gone)[:3]}"

    for path, text in now.items():
        has_marks = all(b"\n" + mark in b"\n" + text for mark in MARKS)
        if has_marks and b"=======" not in team.get(path, b"") + after.get(path, b""):
            assert path in conflicts, f"{path} has markers that nobody announced"

    for path in before.keys() - team.keys() - conflicts.keys():
        if path not in after or after[path] == before[path]:
            assert path not in now, f"{path}, which the team deleted, is back"

    all_trees = {"before": before, "after": after, "team": team, "now": now}
    for path in before.keys() & team.keys() & after.keys():
        of = {name: tree.get(path, b"").splitlines() for name, tree in all_trees.items()}
        if of["team"] == of["before"] and path not in conflicts:
            assert of["now"] == of["after"], f"{path} is not Keel's new one"
        elif of["after"] == of["before"] and path not in conflicts:
            assert of["now"] == of["team"], f"{path} was changed, and Keel had nothing new in it"


def prepare(folder: Path, before: Path, after: Path, ours: list[Edit]) -> Versions:
    """A project with the team's edits, in a new folder."""
    for name, source in {"before": before, "after": after}.items():
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(".git"))
    shutil.copytree(before, folder / "team")
    for edit in ours:
        edit(folder / "team", "ours")
    must(folder / "team", "git", "add", "--all")
    must(folder / "team", "git", "commit", "--quiet", "--allow-empty", "--message", "Ours")
    return Versions(folder / "team", folder / "before", folder / "after")


@pytest.fixture(scope="module")
def made(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A project of each release, none of it edited."""
    folder = tmp_path_factory.mktemp("made")
    return {release: copy(clone, release, folder / release) for release in releases(clone)}


QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="EXAMPLES" not in os.environ,
    print_blob=True,
)


@QUICK
@given(ours=edits)
def test_edits_survive_an_update_from_each_release(
    made: dict[str, Path], tried: Tried, ours: list[Edit]
) -> None:
    for release in made.keys() - {NEXT}:
        with TemporaryDirectory() as name:
            versions = prepare(Path(name), made[release], made[NEXT], ours)
            tried.edits += len(ours)
            check(versions, tried, files(versions.team))


@QUICK
@given(ours=edits, keels=edits)
def test_edits_survive_whatever_keel_changes(
    made: dict[str, Path], tried: Tried, ours: list[Edit], keels: list[Edit]
) -> None:
    with TemporaryDirectory() as name:
        versions = prepare(Path(name), made[NEXT], made[NEXT], ours)
        for edit in keels:
            edit(versions.after, "Keel's")
        tried.edits += len(ours)
        check(versions, tried, files(versions.team))
